import type { UsageEvent } from '../event/event.ts'
import type { FieldName } from '../event/fields.ts'

/**
 * THE table of counters: how many events satisfy all of a few plain conditions. The conditions are data so that every
 * engine compiles the same rule.
 */
export interface Counter {
  readonly name: string
  readonly label: string
  readonly where: readonly Condition[]
}

/** `in`: the field has one of these values. `absent`: it has none. `atMost`: absent or at most this integer. */
export type Condition =
  | { readonly field: FieldName; readonly in: readonly (string | boolean)[] }
  | { readonly field: FieldName; readonly absent: true }
  | { readonly field: FieldName; readonly atMost: number }

const REQUEST: Condition = { field: 'kind', in: ['llm_request_completed', 'llm_request_failed'] }

/** THE table of counters: figures that count events. */
export const COUNTERS: readonly Counter[] = [
  { name: 'events', label: 'Events', where: [] },
  { name: 'requests', label: 'Requests', where: [REQUEST] },
  { name: 'successful_requests', label: 'Successful requests', where: [REQUEST, { field: 'success', in: [true] }] },
  { name: 'failed_requests', label: 'Failed requests', where: [REQUEST, { field: 'success', in: [false] }] },
  { name: 'aborted_requests', label: 'Aborted requests', where: [REQUEST, { field: 'aborted', in: [true] }] },
  { name: 'streamed_requests', label: 'Streamed requests', where: [REQUEST, { field: 'stream', in: [true] }] },
  { name: 'operations', label: 'Operations', where: [REQUEST, { field: 'attempt', atMost: 1 }] },
  { name: 'invocations', label: 'Tool invocations', where: [{ field: 'kind', in: ['tool_invocation'] }] },
  { name: 'unpriced_requests', label: 'Unpriced requests', where: [REQUEST, { field: 'costNanoUsd', absent: true }] },
  {
    name: 'estimated_requests',
    label: 'Requests with estimated usage',
    where: [REQUEST, { field: 'usageBasis', in: ['estimated'] }],
  },
  { name: 'cache_hits', label: 'Gateway cache hits', where: [REQUEST, { field: 'cacheHit', in: [true] }] },
]

/** Name -> counter. */
export const COUNTER_OF: ReadonlyMap<string, Counter> = new Map(COUNTERS.map((counter) => [counter.name, counter]))

/** Does the event satisfy all conditions? */
export function satisfies(where: readonly Condition[], event: UsageEvent): boolean {
  for (const condition of where) {
    const value = event[condition.field]
    if ('in' in condition) {
      if (!condition.in.includes(value as string | boolean)) return false
    } else if ('absent' in condition) {
      if (value !== undefined) return false
    } else if (value !== undefined && (value as number) > condition.atMost) return false
  }
  return true
}
