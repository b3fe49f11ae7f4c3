import type { Server } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import { TallystickError } from '@tallystick/core'

/** A server that listens. */
export interface Listening {
  readonly host: string
  readonly port: number
  /** For a browser or a client on this machine. */
  readonly url: string
  /** Refuses what is new, waits for what is in flight, then cuts. Streams must have been ended before. */
  close(): Promise<void>
}

/** Where a server listens. */
export interface BindOptions {
  readonly host: string
  readonly port: number
  /** The configuration key that a refusal is about; `http.host` and `http.port` when absent. */
  readonly configKey?: string
  readonly onError: (error: unknown) => void
}

const DRAIN_MS = 10_000

/**
 * Binds a server to its address.
 *
 * @throws TallystickError `invalid_config` when the address cannot be bound
 */
export async function bound(
  server: Server,
  { host, port, configKey, onError }: BindOptions,
): Promise<Omit<Listening, 'close'>> {
  await new Promise<void>((resolve, reject) => {
    // Once bound it is told of connections that could not be accepted, for want of file descriptors; unheard, that would
    // end the process.
    server.on('error', (cause: NodeJS.ErrnoException) => {
      if (server.listening) onError(cause)
      else reject(bindError(host, port, cause, configKey))
    })
    server.listen({ host, port }, resolve)
  })
  const address = server.address() as AddressInfo
  return { host, port: address.port, url: `http://${urlHost(host)}:${address.port}` }
}

/**
 * Binds a small server: one without streams, whose answers end by themselves.
 *
 * @param closing called when it stops to take requests
 * @throws TallystickError `invalid_config` when the address cannot be bound
 */
export async function bind(server: Server, options: BindOptions, closing: () => void): Promise<Listening> {
  return {
    ...(await bound(server, options)),
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

function bindError(host: string, port: number, cause: NodeJS.ErrnoException, configKey?: string): TallystickError {
  const why =
    cause.code === 'EADDRINUSE'
      ? 'another process listens there; choose another port'
      : cause.code === 'EACCES'
        ? 'this user may not; choose a port above 1023'
        : `the system says ${cause.code ?? 'no'}`
  return new TallystickError('invalid_config', `Cannot listen on ${host} port ${port}: ${why}.`, {
    cause,
    issues: [{ path: configKey ?? (cause.code === 'EADDRNOTAVAIL' ? 'http.host' : 'http.port'), message: why }],
  })
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '' || host === '::') return '127.0.0.1'
  return isIPv6(host) ? `[${host}]` : host
}
