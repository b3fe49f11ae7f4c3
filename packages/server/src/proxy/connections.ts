import { type ClientRequest, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'

/** Where connections go, and for how long they are kept. */
export interface ConnectionsOptions {
  readonly isHttps: boolean
  readonly host: string
  readonly port: number
  /** The name that a certificate is asked for; absent for an address. */
  readonly servername?: string
  readonly lookup: LookupFunction
  /** Silence after which one is given up, used or not, ms. */
  readonly idleMs: number
}

const MAX_FREE = 256
/** A provider closes what nobody uses; whatever is sent just then is lost, so we stop a little before. */
const HINT_MARGIN_MS = 1_000

/** What node:http asks of an agent (`Agent-like Object`), and what a request is given its connection by. */
type Waiting = ClientRequest & { onSocket(socket: Socket): void; reusedSocket: boolean; shouldKeepAlive: boolean }
type Held = Socket & { _httpMessage?: Waiting | null }

/**
 * The connections to one upstream: the last that became free is the next to be used.
 *
 * In place of `http.Agent`, which serves any number of hosts and makes a new object of all options, a name for them, and four
 * listeners of every request: a twentieth of all that a request through the proxy costs. Connections themselves are made by it still,
 * TLS sessions included.
 */
export class Connections {
  // As node:http looks for them.
  readonly protocol: string
  readonly defaultPort: number
  readonly keepAlive = true
  readonly maxSockets = Number.POSITIVE_INFINITY
  readonly #options: ConnectionsOptions
  readonly #maker: HttpAgent
  readonly #target: ConnectionOptions & { readonly _agentKey?: string }
  readonly #all = new Set<Socket>()
  readonly #free: Held[] = []

  constructor(options: ConnectionsOptions) {
    const { isHttps, host, port, servername, lookup, idleMs } = options
    this.#options = options
    this.protocol = isHttps ? 'https:' : 'http:'
    this.defaultPort = isHttps ? 443 : 80
    this.#maker = new (isHttps ? HttpsAgent : HttpAgent)({ keepAlive: true })
    const target = {
      host,
      port,
      lookup,
      timeout: idleMs,
      noDelay: true,
      ...(servername === undefined ? {} : { servername }),
    }
    // Under this name it remembers the TLS session.
    this.#target = isHttps ? { ...target, _agentKey: this.#maker.getName(target) } : target
  }

  /** Called by node:http for each request. */
  addRequest(request: Waiting): void {
    for (let socket = this.#free.pop(); socket !== undefined; socket = this.#free.pop()) {
      if (socket.destroyed || !socket.writable) continue
      if (socket.timeout !== this.#options.idleMs) socket.setTimeout(this.#options.idleMs)
      socket.ref()
      request.reusedSocket = true
      request.onSocket(socket)
      return
    }
    request.onSocket(this.#connect())
  }

  close(): void {
    for (const socket of this.#all) socket.destroy()
    this.#maker.destroy()
  }

  #connect(): Socket {
    const socket = this.#maker.createConnection(this.#target) as Held
    this.#all.add(socket)
    socket.on('close', () => {
      this.#all.delete(socket)
      this.#forget(socket)
    })
    // Of a connection that nobody uses; whoever uses one hears of it too.
    socket.on('error', () => undefined)
    socket.on('timeout', () => {
      if (this.#forget(socket)) socket.destroy()
    })
    // Emitted by node:http when request and answer are over and the connection may be used again.
    socket.on('free', () => this.#freed(socket))
    return socket
  }

  #freed(socket: Held): void {
    const request = socket._httpMessage
    const keptMs = this.#keptMs(request)
    if (!socket.writable || request?.shouldKeepAlive !== true || keptMs <= 0 || this.#free.length >= MAX_FREE) {
      socket.destroy()
      return
    }
    socket._httpMessage = null
    if (socket.timeout !== keptMs) socket.setTimeout(keptMs)
    socket.unref()
    this.#free.push(socket)
  }

  /** As long as the upstream says, if it does. */
  #keptMs(request: Waiting | null | undefined): number {
    const { idleMs } = this.#options
    const { res } = (request ?? {}) as { readonly res?: { readonly headers: Readonly<Record<string, unknown>> } }
    const hint = res?.headers['keep-alive']
    const seconds = typeof hint === 'string' ? /(?:^|[\s,])timeout=(\d{1,9})/i.exec(hint)?.[1] : undefined
    return seconds === undefined ? idleMs : Math.min(idleMs, Number(seconds) * 1000 - HINT_MARGIN_MS)
  }

  #forget(socket: Held): boolean {
    const at = this.#free.indexOf(socket)
    if (at >= 0) this.#free.splice(at, 1)
    return at >= 0
  }
}
