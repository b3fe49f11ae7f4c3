import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Where an exchange is broken off. `answer` counts bytes of the answer, `body` bytes of the request's body. */
export type CutPoint =
  | { readonly at: 'connect' | 'headers' | 'sent' | 'committed' }
  | { readonly at: 'body' | 'answer'; readonly bytes: number }

/** How: by RST, by FIN, by silence on an open connection, or by an answer of the proxy itself. */
export type Break = 'reset' | 'close' | 'stall' | { readonly answer: string }

export interface Fault {
  readonly cut: CutPoint
  readonly how: Break
}

const HEADERS_END = '\r\n\r\n'

/**
 * A proxy on the loopback that breaks exchanges where a test says: at the connection, after the request's headers, after
 * some bytes of its body, after all of it but before the server has it (`sent`), after the server has answered
 * (`committed`), or after some bytes of that answer. Each exchange takes the next fault of the plan; without one it goes
 * through unchanged.
 */
export class FaultProxy {
  /** Faults of the exchanges to come, in order; undefined lets one through. */
  readonly plan: (Fault | undefined)[] = []
  /** Exchanges begun. */
  exchanges = 0
  readonly #server: Server
  readonly #target: number
  readonly #sockets = new Set<Socket>()

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(client: Socket): void {
    this.#keep(client)
    let fault = this.#next()
    if (fault?.cut.at === 'connect') {
      breakOff(client, fault.how)
      return
    }
    let begun = true
    let received = Buffer.alloc(0)
    const onData = (chunk: Buffer): void => {
      if (!begun) {
        // Another exchange on a connection that was kept open.
        begun = true
        fault = this.#next()
        if (fault?.cut.at === 'connect') {
          client.off('data', onData)
          breakOff(client, fault.how)
          return
        }
      }
      received = Buffer.concat([received, chunk])
      const request = requestOf(received)
      if (request === undefined) return
      const { bodyAt, end } = request
      const cut = fault?.cut
      const reached =
        (cut?.at === 'headers' && received.length >= bodyAt) ||
        (cut?.at === 'body' && received.length >= Math.min(bodyAt + cut.bytes, end)) ||
        (cut?.at === 'sent' && received.length >= end)
      if (fault !== undefined && reached) {
        client.off('data', onData)
        breakOff(client, fault.how)
        return
      }
      if (received.length < end) return
      const whole = received.subarray(0, end)
      received = received.subarray(end)
      begun = false
      this.#forward(client, whole, fault)
    }
    client.on('data', onData)
  }

  #forward(client: Socket, request: Buffer, fault: Fault | undefined): void {
    const upstream = connect(this.#target, '127.0.0.1')
    this.#keep(upstream)
    // Not `end`: Node's servers take a half-closed connection for one that nobody listens to any more.
    upstream.write(closing(request))
    let answered = 0
    upstream.on('data', (chunk: Buffer) => {
      const cut = fault?.cut
      if (fault === undefined || cut === undefined) {
        client.write(chunk)
        return
      }
      // The first byte of the answer shows that the server has dealt with the request.
      const through = cut.at === 'answer' ? Math.max(0, cut.bytes - answered) : 0
      answered += chunk.length
      if (through > 0) client.write(chunk.subarray(0, through))
      if (cut.at === 'committed' || answered >= (cut.at === 'answer' ? cut.bytes : 0)) {
        upstream.destroy()
        breakOff(client, fault.how)
      }
    })
    upstream.on('end', () => {
      if (fault === undefined) client.end()
      else breakOff(client, fault.how)
    })
  }

  #next(): Fault | undefined {
    this.exchanges++
    return this.plan.shift()
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }
}

function breakOff(client: Socket, how: Break): void {
  if (how === 'stall') return
  if (how === 'reset') client.resetAndDestroy()
  else if (how === 'close') client.end()
  else {
    client.end(how.answer)
    // What the client still sends is read and thrown away: closing on it would reset the connection before the answer is read.
    client.resume()
  }
}

/** Where the body begins and ends; undefined until the headers are whole. */
function requestOf(bytes: Buffer): { readonly bodyAt: number; readonly end: number } | undefined {
  const headersEnd = bytes.indexOf(HEADERS_END)
  if (headersEnd < 0) return undefined
  const bodyAt = headersEnd + HEADERS_END.length
  const length = /\r\ncontent-length: (\d+)/i.exec(bytes.toString('latin1', 0, headersEnd))?.[1]
  return { bodyAt, end: bodyAt + Number(length ?? 0) }
}

/** One exchange a connection upstream, so that the end of an answer shows. */
function closing(request: Buffer): Buffer {
  const headersEnd = request.indexOf(HEADERS_END)
  const head = request.toString('latin1', 0, headersEnd).replace(/\r\nconnection: [^\r]*/i, '')
  return Buffer.concat([Buffer.from(`${head}\r\nconnection: close`, 'latin1'), request.subarray(headersEnd)])
}
