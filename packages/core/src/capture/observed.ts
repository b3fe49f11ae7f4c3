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
    watched(
      response.body,
      {
        data: (bytes) => exchange.data(bytes),
        ended: () => exchange.ended(),
        failed: (error) => exchange.failed(error),
        cancelled: (reason) => exchange.aborted(reason),
      },
      'bytes',
    ),
    { status, statusText, headers },
  )
  // A constructed response has none of these.
  for (const name of ['url', 'redirected', 'type'] as const)
    Object.defineProperty(copy, name, { value: response[name], configurable: true })
  return copy
}

/** What becomes of a stream. */
interface Watcher<Piece> {
  data(piece: Piece): void
  ended?(): void
  failed?(error: unknown): void
  cancelled?(reason: unknown): void
}

/**
 * The same stream, looked at as it is read: no faster than it is read, and given up when it is given up. It is taken when the
 * first of it is asked for.
 */
export function watched<Piece>(
  stream: ReadableStream<Piece>,
  to: Watcher<Piece>,
  type?: 'bytes',
): ReadableStream<Piece> {
  let reader: ReadableStreamDefaultReader<Piece> | undefined
  const source = {
    ...(type === undefined ? {} : { type }),
    async pull(controller: ReadableStreamDefaultController<Piece> & Partial<ReadableByteStreamController>) {
      try {
        reader ??= stream.getReader()
        const { done, value } = await reader.read()
        if (done) {
          to.ended?.()
          controller.close()
          // A reader with a buffer of its own waits for this word.
          controller.byobRequest?.respond(0)
          return
        }
        to.data(value)
        controller.enqueue(value)
      } catch (error) {
        to.failed?.(error)
        throw error
      }
    },
    cancel(reason: unknown) {
      to.cancelled?.(reason)
      return (reader ?? stream).cancel(reason)
    },
  }
  return new ReadableStream<Piece>(source as object, type === undefined ? { highWaterMark: 0 } : {})
}
