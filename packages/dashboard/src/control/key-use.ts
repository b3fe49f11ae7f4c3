import { addExact, type Exact } from '@tallystick/core/event'
import type { ResultRow } from '@tallystick/core/query'
import { toExact } from '../lib/format.ts'
import type { QueryBody } from '../lib/queries.ts'

/** What was asked with one key. */
export interface KeyUse {
  /** Null where nothing has a known price. */
  readonly cost: Exact | null
  readonly requests: Exact
  /** Beginning of the last day with requests. */
  readonly lastMs: number
}

const DAY_MS = 86_400_000
export const USE_DAYS = 30
const MOST_KEYS = 1_000

export function keyUseQuery(nowMs: number, timeZone: string): QueryBody {
  return {
    from: nowMs - USE_DAYS * DAY_MS,
    to: nowMs + DAY_MS,
    measures: ['cost_nano_usd', 'requests'],
    group_by: ['api_key_id'],
    interval: '1d',
    time_zone: timeZone,
    order_by: '-requests',
    limit: MOST_KEYS,
  }
}

/** Days put together, by the id of the key. A key that is not here has not been used. */
export function keyUse(rows: readonly ResultRow[]): ReadonlyMap<string, KeyUse> {
  const uses = new Map<string, KeyUse>()
  for (const row of rows) {
    const id = row['api_key_id']
    const requests = toExact(row['requests']) ?? 0
    if (row['other'] === true || typeof id !== 'string' || requests === 0) continue
    const known = uses.get(id)
    const cost = toExact(row['cost_nano_usd'])
    uses.set(id, {
      cost: cost === null ? (known?.cost ?? null) : addExact(known?.cost ?? 0, cost),
      requests: addExact(known?.requests ?? 0, requests),
      lastMs: Math.max(known?.lastMs ?? 0, Number(row['time_ms'])),
    })
  }
  return uses
}
