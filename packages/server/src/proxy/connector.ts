import { lookup as systemLookup } from 'node:dns'
import { type ClientRequest, type Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Connections } from './connections.ts'
import { bareHost, permitsAddress, type Upstream } from './upstream.ts'

/** Connections to one upstream, kept open and used for it alone. */
export interface Connector {
  /** Begins a request; `headers` is a flat list of names and values and goes out as it is. */
  request(method: string, path: string, headers: readonly string[]): ClientRequest
  close(): void
}

export interface ConnectorOptions {
  /** Silence after which a request is given up, ms. */
  readonly idleMs: number
  /** Resolves names; the system's resolver when absent. */
  readonly lookup?: LookupFunction
}

/** The name stands for an address that the upstream may not have. */
export class AddressRefused extends Error {}

const MAX_HEADER_BYTES = 64 * 1024

/**
 * The name is looked up once for each connection and the connection goes to what was checked, so that an answer which changes in
 * between (DNS rebinding) gains nothing.
 */
export function createConnector(
  upstream: Upstream,
  { idleMs, lookup = systemLookup as LookupFunction }: ConnectorOptions,
): Connector {
  const { origin } = upstream
  const isHttps = origin.protocol === 'https:'
  const host = bareHost(origin)
  const send = isHttps ? httpsRequest : httpRequest
  const checked: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, [])
      const addresses = (Array.isArray(found) ? found : [found]) as { address: string; family: number }[]
      const [first] = addresses
      // One that is not permitted among several is how a name tries.
      if (first === undefined || addresses.some(({ address }) => !permitsAddress(upstream, address)))
        return callback(new AddressRefused('the host stands for an address that is not permitted'), [])
      if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
  const port = origin.port === '' ? (isHttps ? 443 : 80) : Number(origin.port)
  const servername = isHttps && isIP(host) === 0 ? { servername: host } : {}
  const connections = new Connections({ isHttps, host, port, lookup: checked, idleMs, ...servername })
  const fixed: RequestOptions = {
    agent: connections as unknown as HttpAgent,
    host,
    port,
    maxHeaderSize: MAX_HEADER_BYTES,
    timeout: idleMs,
    setHost: false,
  }
  return {
    // The fixed ones last: what is spread and then added to has a class of its own each time, which costs as much as the request.
    request: (method, path, headers) => send({ method, path, headers: headers as string[], ...fixed }),
    close: () => connections.close(),
  }
}
