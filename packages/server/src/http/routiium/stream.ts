import type { AppContext } from '../app-context.ts'

/**
 * Text as it comes, as a body that is read no faster than the client takes it. What fails after the headers have gone can
 * only be shown by breaking the connection; whoever reads must not take half an answer for a whole one.
 */
export function bodyOf(parts: AsyncGenerator<string>, app: AppContext): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { done, value } = await parts.next()
          if (done) controller.close()
          else controller.enqueue(encoder.encode(value))
        } catch (error) {
          app.onError(error, app.newRequestId())
          controller.error(error)
        }
      },
      async cancel() {
        await parts.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
}
