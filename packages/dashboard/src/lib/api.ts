import type { JsonValue } from '@tallystick/core/event'
import type { QueryResult } from '@tallystick/core/query'
import type { QueryBody } from './queries.ts'

/** The routes of the server that the page reads. Everything it shows comes from these. */

/** An event on the native wire: snake_case names, absent members left out. */
export type WireEvent = { readonly [name: string]: JsonValue }

export interface EventsPage {
  readonly events: readonly WireEvent[]
  readonly next_cursor?: string | null
}

export interface Status {
  readonly version?: string
  /** The server's clock. */
  readonly now_ms?: number
  readonly store: {
    readonly events: number
    readonly oldest_ms: number | null
    readonly newest_ms: number | null
    readonly backend_type?: string
    /** Accepted, and not in the figures yet. */
    readonly lag_events?: number
  }
  /** Where traces can be looked at. */
  readonly traces?: { readonly url_template: string | null }
}

/** What went wrong, as it is told: `code` is the server's, or `unreachable` when no answer came at all. */
export class Problem extends Error {
  readonly code: string
  readonly status: number
  /** What is wrong one by one, where the server lists it. */
  readonly issues: readonly Issue[]

  constructor(code: string, message: string, status: number, issues: readonly Issue[] = []) {
    super(message)
    this.name = 'Problem'
    this.code = code
    this.status = status
    this.issues = issues
  }
}

export interface Issue {
  readonly path: string
  readonly message: string
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

export function runQuery(body: QueryBody, signal: AbortSignal): Promise<QueryResult> {
  return ask<QueryResult>('/api/v1/query', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
}

export function readEvents(params: URLSearchParams, signal: AbortSignal): Promise<EventsPage> {
  return ask<EventsPage>(`/api/v1/events?${params}`, { signal })
}

/** One event with the receipt of its cost. @param whose what tells it from others of its id */
export function readEvent(id: string, whose: URLSearchParams, signal: AbortSignal): Promise<EventAnswer> {
  return ask<EventAnswer>(`/api/v1/events/${encodeURIComponent(id)}?${whose}`, { signal })
}

export interface EventAnswer {
  readonly event: WireEvent
  readonly received_ms: number
  readonly receipt: Receipt
}

/** How a cost came about; amounts are nano-USD. */
export interface Receipt {
  readonly cost_nano_usd: number | null
  readonly cost_basis: string | null
  readonly list_nano_usd: number | null
  readonly lines: readonly ReceiptLine[]
  readonly lines_from: 'price' | 'record' | null
  readonly price: {
    readonly id: string
    readonly source: string | null
    readonly match: string | null
    readonly provider: string | null
    readonly model: string | null
    readonly effective_from_ms: number | null
    readonly effective_to_ms: number | null
    readonly above_input_tokens: number | null
    readonly service_tier: string | null
    readonly flag: string | null
  } | null
  readonly reported: {
    readonly by: string
    readonly cost_nano_usd: number
    readonly difference_nano_usd: number | null
  } | null
  readonly repriced: {
    readonly cost_nano_usd: number
    readonly difference_nano_usd: number
    readonly price_id: string | null
    readonly lines: readonly ReceiptLine[]
  } | null
  readonly cache_savings_nano_usd: number | null
  readonly unpriced: {
    readonly about: string | null
    readonly now_nano_usd: number | null
    readonly why: string
    readonly remedy: string
  } | null
}

export interface ReceiptLine {
  readonly component: string
  readonly count: number | null
  readonly price_nano_usd: number | null
  readonly per: number | null
  readonly multiplier_permille: number | null
  readonly cost_nano_usd: number
  readonly rounded: boolean
}

export function readStatus(signal: AbortSignal): Promise<Status> {
  return ask<Status>('/api/v1/status', { signal })
}

/** Who the server takes this browser for, and how somebody can log in. */
export interface SessionView {
  readonly kind: string
  readonly name: string | null
  readonly scopes: readonly string[]
  /** There is a session, so it can be ended. */
  readonly session: boolean
  readonly login: readonly string[]
}

const SESSION = '/api/v1/session'

export function readSession(): Promise<SessionView> {
  return ask<SessionView>(SESSION, {})
}

/** @throws Problem `unauthorized`, `rate_limit_exceeded` */
export function openSession(key: string): Promise<SessionView> {
  return ask<SessionView>(SESSION, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key }),
  })
}

export function endSession(): Promise<unknown> {
  return ask(SESSION, { method: 'DELETE' })
}

let refused = (): void => undefined

/** @param told called when the server wants to know who asks */
export function onRefused(told: () => void): void {
  refused = told
}

/** Sends a change, with a body if there is one; an answer without content is null. */
export function change<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<T> {
  return ask<T>(path, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
}

export async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, { ...init, headers: { accept: 'application/json', ...init.headers } })
  } catch (error) {
    if (isAbort(error)) throw error
    throw new Problem(
      'unreachable',
      'The server does not answer. Check that it runs; the page tries again by itself.',
      0,
    )
  }
  const text = await response.text()
  const body = parse(text)
  if (response.status === 401 && path !== SESSION) refused()
  if (!response.ok) throw problemOf(response, body)
  if (response.status === 204) return null as T
  if (body === undefined) throw new Problem('unreadable_answer', `The answer of ${path} is not JSON.`, response.status)
  return body as T
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** RFC 9457, with whatever else answers in its place (a proxy's page) told by its status. */
export function problemOf(response: Response, body: unknown): Problem {
  const { code, title, detail, issues } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >
  const message = [detail, title].find((text) => typeof text === 'string' && text !== '')
  return new Problem(
    typeof code === 'string' ? code : `http_${response.status}`,
    typeof message === 'string' ? message : `The server answered ${response.status} ${response.statusText}`.trim(),
    response.status,
    Array.isArray(issues) ? (issues as readonly Issue[]) : [],
  )
}
