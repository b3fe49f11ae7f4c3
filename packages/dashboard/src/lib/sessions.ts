import { addExact, type Exact, type JsonValue } from '@tallystick/core/event'
import type { ResultRow } from '@tallystick/core/query'
import type { WireEvent } from './api.ts'
import { toExact } from './format.ts'
import type { QueryBody, Scope } from './queries.ts'
import { queryFilters } from './queries.ts'

/** What is asked about sessions, and what is made of the answers. */

const SESSION = 'session_id'
export const SESSIONS_SHOWN = 100

export const SESSION_MEASURES: readonly string[] = [
  'timestamp_ms_min',
  'timestamp_ms_max',
  'requests',
  'failed_requests',
  'unpriced_requests',
  'input_tokens',
  'output_tokens',
  'cost_nano_usd',
]

/** Newest first: what goes on now is what one looks for. */
export const SESSION_SORT = '-timestamp_ms_max'

function base({ filters, span, zone }: Scope): Pick<QueryBody, 'from' | 'to' | 'time_zone' | 'filters'> {
  // What belongs to no session is none.
  const given = filters.some(({ name }) => name === SESSION)
    ? filters
    : [...filters, { name: SESSION, values: [null], negate: true }]
  return { from: span.fromMs, to: span.toMs, time_zone: zone, filters: queryFilters(given) }
}

/** One row a session. @param sort a measure of {@link SESSION_MEASURES}, with `-` for greatest first */
export function sessionsQuery(scope: Scope, sort: string): QueryBody {
  const known = SESSION_MEASURES.includes(sort.replace(/^-/, ''))
  return {
    ...base(scope),
    measures: SESSION_MEASURES,
    group_by: [SESSION],
    order_by: known ? sort : SESSION_SORT,
    limit: SESSIONS_SHOWN,
  }
}

/** Which agents, users and models had a part in these sessions. */
export function partakersQuery(scope: Scope, sessions: readonly string[]): QueryBody {
  const filters = [
    ...scope.filters.filter(({ name }) => name !== SESSION),
    { name: SESSION, values: sessions, negate: false },
  ]
  return {
    ...base({ ...scope, filters }),
    measures: ['requests'],
    group_by: [SESSION, 'agent_id', 'user_id', 'model'],
    order_by: '-requests',
    limit: 2_000,
  }
}

export interface Partakers {
  readonly agents: readonly string[]
  readonly users: readonly string[]
  readonly models: readonly string[]
}

/** By session: who and what, most requests first. */
export function partakersOf(rows: readonly ResultRow[]): ReadonlyMap<string, Partakers> {
  const found = new Map<string, { readonly [K in keyof Partakers]: Set<string> }>()
  for (const row of rows) {
    const session = row[SESSION]
    if (typeof session !== 'string' || row['other'] === true) continue
    let entry = found.get(session)
    if (!entry) {
      entry = { agents: new Set(), users: new Set(), models: new Set() }
      found.set(session, entry)
    }
    const parts = [
      [entry.agents, row['agent_id']],
      [entry.users, row['user_id']],
      [entry.models, row['model']],
    ] as const
    for (const [names, name] of parts) if (typeof name === 'string') names.add(name)
  }
  return new Map(
    [...found].map(([session, { agents, users, models }]) => [
      session,
      { agents: [...agents], users: [...users], models: [...models] },
    ]),
  )
}

/**
 * Some names in little room.
 *
 * @example someNames(['a', 'b', 'c']) // 'a +2'
 */
export function someNames(names: readonly string[]): string {
  return names.length > 1 ? `${names[0]} +${names.length - 1}` : (names[0] ?? '')
}

/** A request of a session, and what the session had cost once it was over. */
export interface SessionStep {
  readonly event: WireEvent
  /** Nano-USD of it and all before it; what has no price adds nothing. */
  readonly spent: Exact
}

/** The requests of a session in the order they came, with the sum so far. */
export function sessionSteps(events: readonly WireEvent[]): readonly SessionStep[] {
  let spent: Exact = 0
  return events.map((event) => {
    spent = addExact(spent, costOf(event['cost_nano_usd']))
    return { event, spent }
  })
}

const costOf = (value: JsonValue | undefined): Exact => toExact(value ?? null) ?? 0
