import type { Exchange } from './exchange.ts'

/**
 * The same response, whose body is looked at as it is read.
 *
 * @param encoded its body is compressed, as that of a server's own answer may be; `fetch` gives it uncompressed
 */
export function observed(response: Response, exchange: Exchange, encoded = false): Response {
  exchange.answered(response.status, response.headers, encoded)
  if (response.body === null) {
    exchange.ended()
    return response
  }
  const { status, statusText, headers } = response
  const copy = new Response(
    watched(response.body, {
      data: (bytes) => exchange.data(bytes),
      ended: () => exchange.ended(),
      failed: (error) => exchange.failed(error),
      cancelled: (reason) => exchange.aborted(reason),
    }),
    { status, statusText, headers },
  )
  // A constructed response has none of these.
  for (const name of ['url', 'redirected', 'type'] as const)
    Object.defineProperty(copy, name, { value: response[name], configurable: true })
  return copy
}

/** What becomes of a body. */
interface Watcher {
  data(bytes: Uint8Array): void
  ended?(): void
  failed?(error: unknown): void
  cancelled?(reason: unknown): void
}

/** Reads no faster than it is read, and gives up what is given up. The body is taken when the first of it is asked for. */
export function watched(body: ReadableStream<Uint8Array>, to: Watcher): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      try {
        reader ??= body.getReader()
        const { done, value } = await reader.read()
        if (done) {
          to.ended?.()
          controller.close()
          // A reader with a buffer of its own waits for this word.
          controller.byobRequest?.respond(0)
          return
        }
        to.data(value)
        controller.enqueue(value as Uint8Array<ArrayBuffer>)
      } catch (error) {
        to.failed?.(error)
        throw error
      }
    },
    cancel(reason) {
      to.cancelled?.(reason)
      return (reader ?? body).cancel(reason)
    },
  })
}
