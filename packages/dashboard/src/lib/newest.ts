import { DIMENSION_OF, wireName } from '@tallystick/core/event'
import type { FilterValue } from '@tallystick/core/query'
import type { WireEvent } from './api.ts'
import type { ViewFilter } from './url-state.ts'

/** The list of newest events: which belong to the view, and where they stand in it. */

export const MOST_EVENTS = 500

/** The value of a dimension as an event on the wire carries it; null when absent. */
export function dimensionOf(event: WireEvent, name: string): FilterValue {
  if (name.startsWith('tags.')) {
    const tags = event['tags']
    const key = name.slice(5)
    if (typeof tags !== 'object' || tags === null || Array.isArray(tags) || !Object.hasOwn(tags, key)) return null
    return plain((tags as WireEvent)[key])
  }
  const dimension = DIMENSION_OF.get(name)
  if (!dimension) return null
  const value = plain(event[wireName(dimension.field)])
  return value === null && name === 'model' ? plain(event['model']) : value
}

function plain(value: unknown): FilterValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

export function timeOf(event: WireEvent): number {
  const value = event['timestamp_ms']
  return typeof value === 'number' ? value : 0
}

/** Is the event in `[fromMs, toMs)` and kept by all filters? */
export function belongs(event: WireEvent, fromMs: number, toMs: number, filters: readonly ViewFilter[]): boolean {
  const ms = timeOf(event)
  return (
    ms >= fromMs &&
    ms < toMs &&
    filters.every(({ name, values, negate }) => values.includes(dimensionOf(event, name)) !== negate)
  )
}

/** Names an event in a list: an id is unique within the agent, or else the source, of a tenant. */
export function keyOf(event: WireEvent): string {
  const { agent_id: agent, event_id: id, source_id: source, tenant_id: tenant } = event
  return id === undefined ? JSON.stringify(event) : JSON.stringify([id, tenant, agent ?? null, agent ?? source])
}

/** Both lists in one, newest first, each event once, at most `most`. Events of one instant keep the order they stood in. */
export function mergeNewest(
  fresh: readonly WireEvent[],
  known: readonly WireEvent[],
  most: number = MOST_EVENTS,
): readonly WireEvent[] {
  const seen = new Set<string>()
  const all: WireEvent[] = []
  for (const event of [...fresh, ...known]) {
    const key = keyOf(event)
    if (seen.has(key)) continue
    seen.add(key)
    all.push(event)
  }
  return all.sort((a, b) => timeOf(b) - timeOf(a)).slice(0, most)
}

/**
 * The tags that events carry, as dimensions.
 *
 * @example tagsOf([{ tags: { team: 'search' } }]) // ['tags.team']
 */
export function tagsOf(events: readonly WireEvent[]): readonly string[] {
  const names = new Set<string>()
  for (const { tags } of events)
    if (typeof tags === 'object' && tags !== null) for (const name of Object.keys(tags)) names.add(`tags.${name}`)
  return [...names].sort()
}
