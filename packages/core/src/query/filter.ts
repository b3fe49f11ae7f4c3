import type { UsageEvent } from '../event/event.ts'
import type { Filter, FilterValue, GroupBy } from './query.ts'

/**
 * The value an event is grouped and filtered by: its dimension or tag, null if it has none.
 *
 * @example groupValue({ name: 'tags.team', tag: 'team' }, { ...event, tags: { team: 'search' } }) // 'search'
 */
export function groupValue(by: GroupBy, event: UsageEvent): FilterValue {
  if ('dimension' in by) return (event[by.dimension.field] as FilterValue | undefined) ?? null
  // Tags are named from outside: `tags.constructor` must not find what an object inherits.
  const { tags } = event
  return tags !== undefined && Object.hasOwn(tags, by.tag) ? (tags[by.tag] as string) : null
}

/**
 * Does the event pass all filters? Values are compared by type and value (`200` is not `'200'`). An absent dimension is
 * `null`: it equals a `null` among the values and nothing else, so `{"not":["openai"]}` keeps events without a provider.
 *
 * Made once per query, then called once per event.
 */
export function filterMatcher(filters: readonly Filter[]): (event: UsageEvent) => boolean {
  const rules = filters.map(({ by, values, negate }) => ({ by, values: new Set(values), negate }))
  return (event) => {
    for (const rule of rules) {
      if (rule.values.has(groupValue(rule.by, event)) === rule.negate) return false
    }
    return true
  }
}

/** {@link filterMatcher} for one event. */
export function matchesFilters(filters: readonly Filter[], event: UsageEvent): boolean {
  return filterMatcher(filters)(event)
}
