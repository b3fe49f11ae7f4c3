import { isTallystickError, TallystickError } from '../errors.ts'
import type { Timers } from './timers.ts'

/** An answer is a few hundred bytes and some for each rejected event; whatever is longer is not ours. */
const MAX_ANSWER_BYTES = 1024 * 1024

/** As much of `fetch` as is used; the global one fits. */
export type Fetch = (url: string, request: FetchRequest) => Promise<FetchResponse>

/** What is handed to {@link Fetch}. */
export interface FetchRequest {
  readonly method: 'POST'
  readonly headers: Record<string, string>
  readonly body: Uint8Array<ArrayBuffer>
  readonly redirect: 'manual'
  readonly signal: AbortSignal
}

/** What is read of its answer. */
export interface FetchResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: { getReader(): BodyReader } | null
}

interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
}

/** What was sent where. */
export interface OutgoingRequest {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array<ArrayBuffer>
}

export interface Reply {
  readonly status: number
  readonly retryAfter: string | null
  readonly text: string
}

export interface TransportOptions {
  /** Without a slash at its end. */
  readonly url: string
  readonly fetch: Fetch
  readonly timers: Timers
  readonly timeoutMs: number
}

/** Posts to one server, and nowhere else: each request whole within its deadline, each answer within its size. */
export class Transport {
  readonly #options: TransportOptions
  readonly #open = new Set<() => void>()

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /**
   * The whole answer, whatever its status. One deadline holds for connecting, sending, waiting and reading.
   *
   * @throws TallystickError `server_unreachable`, `bad_answer`
   */
  async post({ path, headers, body }: OutgoingRequest): Promise<Reply> {
    const { url, fetch, timers, timeoutMs } = this.#options
    const target = `${url}${path}`
    const controller = new AbortController()
    let end: (message: string) => void = () => undefined
    const ended = new Promise<never>((_, reject) => {
      end = (message) => reject(new TallystickError('server_unreachable', message))
    })
    const stop = (): void => end(`The request to ${target} was broken off.`)
    const cancel = timers.after(timeoutMs, () => end(`${target} did not answer in full within ${timeoutMs} ms.`))
    this.#open.add(stop)
    try {
      const request = { method: 'POST', headers, body, redirect: 'manual', signal: controller.signal } as const
      // A race, for a `fetch` that does not heed the signal.
      return await Promise.race([exchange(fetch, target, request), ended])
    } catch (cause) {
      controller.abort()
      if (isTallystickError(cause)) throw cause
      throw new TallystickError('server_unreachable', `${target} cannot be reached: ${reasonOf(cause)}`, { cause })
    } finally {
      cancel()
      this.#open.delete(stop)
    }
  }

  /** Ends every request under way; what it carried counts as not answered. */
  abort(): void {
    for (const stop of [...this.#open]) stop()
  }
}

async function exchange(fetch: Fetch, target: string, request: FetchRequest): Promise<Reply> {
  const { status, headers, body } = await fetch(target, request)
  return { status, retryAfter: headers.get('retry-after'), text: body === null ? '' : await textOf(body.getReader()) }
}

async function textOf(reader: BodyReader): Promise<string> {
  const utf8 = new TextDecoder()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done || value === undefined) return text + utf8.decode()
    bytes += value.byteLength
    if (bytes > MAX_ANSWER_BYTES)
      throw new TallystickError('bad_answer', `The answer is longer than ${MAX_ANSWER_BYTES} bytes.`)
    text += utf8.decode(value, { stream: true })
  }
}

/** `fetch` says "fetch failed"; why stands in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { readonly message?: unknown; readonly cause?: { readonly message?: unknown } }
  return String(cause?.message || message || error)
}
