import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bindError, type Listening, urlHost } from './listen.ts'

/** Where a small server listens: one without streams, whose answers end by themselves. */
export interface BindOptions {
  readonly host: string
  readonly port: number
  /** The configuration key that a refusal is about; `http.host` and `http.port` when absent. */
  readonly configKey?: string
  readonly onError: (error: unknown) => void
}

const DRAIN_MS = 10_000

/**
 * @param closing called when it stops to take requests
 * @throws TallystickError `invalid_config` when the address cannot be bound
 */
export async function bind(
  server: Server,
  { host, port, configKey, onError }: BindOptions,
  closing: () => void,
): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.on('error', (cause: NodeJS.ErrnoException) => {
      if (server.listening) onError(cause)
      else reject(bindError(host, port, cause, configKey))
    })
    server.listen({ host, port }, resolve)
  })
  const address = server.address() as AddressInfo
  return {
    host,
    port: address.port,
    url: `http://${urlHost(host)}:${address.port}`,
    async close() {
      closing()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
      await closed
      clearTimeout(cut)
    },
  }
}
