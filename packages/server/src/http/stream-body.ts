import type { AppContext } from './app-context.ts'
import { breakOff } from './break-off.ts'

/**
 * Text or bytes as they come, as a body that is read no faster than the client takes it. What fails after the headers have gone can
 * only be shown by breaking the connection; whoever reads must not take half an answer for a whole one.
 *
 * @param ended called once, when the last byte has gone or nobody wants more
 */
export function streamBody(
  parts: AsyncGenerator<string | Uint8Array>,
  app: AppContext,
  ended: () => Promise<void> = async () => {},
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await parts.next()
          if (!done) return controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
          await ended()
          controller.close()
        } catch (error) {
          app.onError(error, app.newRequestId())
          await ended().catch(() => undefined)
          breakOff(body, controller, error)
        }
      },
      async cancel() {
        await parts.return(undefined)
        await ended()
      },
    },
    { highWaterMark: 0 },
  )
  return body
}
