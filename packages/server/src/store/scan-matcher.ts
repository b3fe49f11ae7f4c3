import type { UsageEvent } from '@tallystick/core/event'
import { filterMatcher } from '@tallystick/core/query'
import type { ScanRequest } from './store.ts'

/** Does an event belong on a page, wherever it lies in time? Made once per page, then called once per event. */
export function scanMatcher({
  atLeast = [],
  eventId,
  filters,
}: Pick<ScanRequest, 'atLeast' | 'eventId' | 'filters'>): (event: UsageEvent) => boolean {
  const matches = filterMatcher(filters)
  return (event) => {
    if (eventId !== undefined && event.eventId !== eventId) return false
    for (const { field, value } of atLeast) if (!((event[field] ?? Number.NaN) >= value)) return false
    return matches(event)
  }
}
