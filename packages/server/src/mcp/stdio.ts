import type { Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { ToolServer } from './server.ts'

/** The standard streams of a process; nothing but the protocol may write to `output`. */
export interface Streams {
  readonly input: Readable
  readonly output: Writable
}

/**
 * Speaks the protocol over standard streams until the client closes its end, cannot be written to any more, or `stop` is
 * aborted. Calls that came in before the input ended are still answered.
 */
export async function serveStdio(
  { server, idle }: ToolServer,
  { input, output }: Streams,
  stop: AbortSignal,
): Promise<void> {
  const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js')
  const left = new Promise<'ended' | 'gone'>((resolve) => {
    input.once('end', () => resolve('ended'))
    input.once('close', () => resolve('ended'))
    output.once('error', () => resolve('gone'))
    stop.addEventListener('abort', () => resolve('gone'), { once: true })
    if (stop.aborted) resolve('gone')
  })
  await server.connect(new StdioServerTransport(input, output))
  if ((await left) === 'ended') {
    // A call that arrived with the last bytes is taken up a moment later, and written a moment after it is answered.
    await setImmediate()
    await idle()
    await setImmediate()
  }
  await server.close()
}
