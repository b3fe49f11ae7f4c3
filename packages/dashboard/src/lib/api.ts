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

  constructor(code: string, message: string, status: number) {
    super(message)
    this.name = 'Problem'
    this.code = code
    this.status = status
  }
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
  const { code, title, detail } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const message = [detail, title].find((text) => typeof text === 'string' && text !== '')
  return new Problem(
    typeof code === 'string' ? code : `http_${response.status}`,
    typeof message === 'string' ? message : `The server answered ${response.status} ${response.statusText}`.trim(),
    response.status,
  )
}
