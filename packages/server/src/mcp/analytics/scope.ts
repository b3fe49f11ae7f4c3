import { nearest, quoted, TallystickError } from '@tallystick/core'
import type { QueryResult, ResultRow } from '@tallystick/core/query'
import type { ToolContext } from '../tool.ts'

/** Names of a kind in one report; the rest is told as `other`, so that sums stay exact. */
const MAX_GROUPS = 50

const HOUR_MS = 3_600_000

/** THE table of ranges that smart-ai-bridge knows, each with the width of a point of its series. */
export const TIME_RANGES = new Map([
  ['1h', { ms: HOUR_MS, interval: '5m' }],
  ['24h', { ms: 24 * HOUR_MS, interval: '1h' }],
  ['7d', { ms: 7 * 24 * HOUR_MS, interval: '6h' }],
  ['30d', { ms: 30 * 24 * HOUR_MS, interval: '1d' }],
] as const)

/** Requests to models, and tools that were invoked: what smart-ai-bridge counts as a request. */
const CALLS = { kind: ['llm_request_completed', 'llm_request_failed', 'tool_invocation'] }

/** An event as the API writes it. */
export type WireEvent = Readonly<Record<string, unknown>>

/** What `GET /api/v1/error-patterns` answers. */
export interface ErrorPatternsAnswer {
  /** How many failures were looked at. */
  readonly read: number
  readonly patterns: readonly {
    readonly type: string
    readonly code: string | null
    readonly status_code: number | null
    readonly message: string | null
    readonly samples: readonly string[]
    readonly count: number
    readonly first_seen_ms: number
    readonly last_seen_ms: number
  }[]
}

type Filters = Readonly<Record<string, unknown>>

/** What a report is about: a range, perhaps of one session, and the questions that can be asked of it. */
export class Scope {
  readonly fromMs: number
  readonly toMs: number
  readonly #context: ToolContext
  readonly #filters: Filters

  constructor(context: ToolContext, range: { readonly fromMs: number; readonly toMs: number }, filters: Filters = {}) {
    this.#context = context
    this.fromMs = range.fromMs
    this.toMs = range.toMs
    this.#filters = { ...CALLS, ...filters }
  }

  /** Rows of a query over the scope, the busiest groups first. */
  async rows(body: {
    readonly measures: readonly string[]
    readonly group_by?: readonly string[]
    readonly interval?: string
    readonly time_zone?: string
    readonly filters?: Filters
    readonly limit?: number
  }): Promise<readonly ResultRow[]> {
    const { api, signal } = this.#context
    const { limit = MAX_GROUPS } = body
    const answer = (await api.ask(
      {
        path: '/api/v1/query',
        parameters: [['consistency', 'applied']],
        body: {
          ...body,
          from: this.fromMs,
          to: this.toMs,
          filters: { ...this.#filters, ...body.filters },
          order_by: '-events',
          limit,
        },
      },
      signal,
    )) as QueryResult
    return answer.rows
  }

  /** Single events of the scope; `parameters` as `GET /api/v1/events` takes them. */
  async events(limit: number, parameters: readonly (readonly [string, string])[]): Promise<readonly WireEvent[]> {
    const answer = await this.#list('/api/v1/events', limit, parameters)
    return (answer as { readonly events: readonly WireEvent[] }).events
  }

  /** The most frequent failures of the scope, those alike taken together. */
  async errorPatterns(limit: number): Promise<ErrorPatternsAnswer> {
    return (await this.#list('/api/v1/error-patterns', limit, [])) as ErrorPatternsAnswer
  }

  async #list(path: string, limit: number, parameters: readonly (readonly [string, string])[]): Promise<unknown> {
    const { api, signal } = this.#context
    const filters = Object.entries(this.#filters).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]),
    )
    const range: [string, string][] = [
      ['from', String(this.fromMs)],
      ['to', String(this.toMs)],
      ['limit', String(limit)],
      ['consistency', 'applied'],
    ]
    return await api.ask({ path, parameters: [...range, ...filters, ...parameters] }, signal)
  }
}

/**
 * The range of that name up to now.
 *
 * @throws TallystickError `invalid_period`: smart-ai-bridge took whatever it did not know for a week
 */
export function scopeOfRange(context: ToolContext, name: string): Scope {
  const toMs = context.clock.now() + 1
  const range = TIME_RANGES.get(name as '7d')
  if (range === undefined) {
    const names = [...TIME_RANGES.keys()]
    throw new TallystickError(
      'invalid_period',
      `${quoted(name)} is no time range; use ${names.join(', ')} (${nearest(name, names)}), or \`query\` for any other`,
    )
  }
  return new Scope(context, { fromMs: toMs - range.ms, toMs })
}
