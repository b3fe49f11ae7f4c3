import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Clock } from '@tallystick/core/event'
import { retryAfterMs } from '../retry.ts'

/** What became of one push. Nothing in it is secret: it is logged. */
export type Outcome =
  | { readonly ok: true; readonly note?: string }
  | {
      readonly ok: false
      readonly detail: string
      /** Soon, and not only at the next interval. */
      readonly retry: boolean
      readonly retryAfterMs?: number
    }

export interface PostOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly compression: 'gzip' | 'none'
  readonly clock: Clock
}

/** @source https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** More of an answer is not read. */
const MAX_ANSWER_BYTES = 64 * 1024
const MAX_NOTE_CHARS = 200

const pack = promisify(gzip)

/**
 * Sends a body to the collector once. Its address is the operator's own configuration, so private ones are fine; what the
 * collector answers decides nothing of where things go, so redirects are not followed.
 */
export async function post(body: object, options: PostOptions, stop: AbortSignal): Promise<Outcome> {
  const { url, headers, timeoutMs, compression, clock } = options
  try {
    const plain = Buffer.from(JSON.stringify(body))
    const bytes = compression === 'gzip' ? await pack(plain) : plain
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/json',
        ...(compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
      },
      body: new Uint8Array(bytes),
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), stop]),
    })
    const text = await beginningOf(response)
    const { status } = response
    if (response.ok) return { ok: true, ...refusedPart(text) }
    const waitMs = retryAfterMs(response.headers.get('retry-after') ?? undefined, clock)
    return {
      ok: false,
      detail: status >= 300 && status < 400 ? `answered ${status}; redirects are not followed` : `answered ${status}`,
      retry: RETRYABLE.has(status),
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    }
  } catch (error) {
    return { ok: false, detail: reasonOf(error, timeoutMs), retry: true }
  }
}

async function beginningOf(response: Response): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    // Leaving the loop gives up the rest.
    if (bytes > MAX_ANSWER_BYTES) break
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

/** A collector takes what it can and says what it could not; that must not be sent again. */
function refusedPart(text: string): { readonly note?: string } {
  try {
    const { partialSuccess } = JSON.parse(text) as { readonly partialSuccess?: Readonly<Record<string, unknown>> }
    const rejected = Number(partialSuccess?.['rejectedDataPoints'] ?? 0)
    const message = String(partialSuccess?.['errorMessage'] ?? '').slice(0, MAX_NOTE_CHARS)
    if (rejected === 0 && message === '') return {}
    return { note: `the collector left out ${rejected} points: ${message}` }
  } catch {
    return {}
  }
}

/** Codes only: messages of the runtime may hold addresses and certificates. */
function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, cause } = error as { readonly name?: string; readonly cause?: { readonly code?: unknown } }
  if (name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  if (name === 'AbortError') return 'the server stopped'
  return typeof cause?.code === 'string' ? cause.code : 'the connection failed'
}
