/** An address to listen on. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const ADDRESS = /^(?:\[([0-9a-f:.]+)\]:|([^\s:[\]]+):)?(\d{1,5})$/i
const MAX_PORT = 65_535

/**
 * Reads `HOST:PORT`, or a port of this machine alone. Undefined where it is neither.
 *
 * @example
 * listenAddress('127.0.0.1:9090') // { host: '127.0.0.1', port: 9090 }
 * listenAddress('[::1]:9090') // { host: '::1', port: 9090 }
 * listenAddress('9090') // { host: '127.0.0.1', port: 9090 }
 */
export function listenAddress(text: string): ListenAddress | undefined {
  const found = ADDRESS.exec(text)
  if (found === null) return undefined
  const [, six, host = six ?? '127.0.0.1', digits] = found
  const port = Number(digits)
  return port <= MAX_PORT ? { host, port } : undefined
}
