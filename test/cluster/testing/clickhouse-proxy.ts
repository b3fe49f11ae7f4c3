import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

/** What becomes of a statement on its way. */
export type Fault =
  /** The connection is cut before anything has reached the engine. */
  | 'down'
  /** It is done, and the answer lost. */
  | 'lose_answer'
  /** It is done, and the connection cut in the middle of the answer. */
  | 'half_answer'
  /** Nothing is done, and the answer is an exception. */
  | { readonly code: number; readonly message: string }

/** One insertion, as it came. */
export interface Block {
  readonly token: string | null
  readonly rows: number
  /** Of the rows. */
  readonly hash: string
  readonly fault: Fault | undefined
}

/** Stands between a server and ClickHouse: notes every insertion of events, and lets go wrong what a test says. */
export class ClickhouseProxy {
  readonly #server: Server
  readonly #engineUrl: string
  readonly #planned: { readonly match: string; readonly fault: Fault; times: number }[] = []
  readonly blocks: Block[] = []

  private constructor(engineUrl: string) {
    this.#engineUrl = engineUrl
    this.#server = createServer((incoming, outgoing) => void this.#pass(incoming, outgoing))
  }

  static async start(engineUrl: string): Promise<ClickhouseProxy> {
    const proxy = new ClickhouseProxy(engineUrl)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  storeUrl(database: string): string {
    return `clickhouse://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${database}`
  }

  /** The next `times` statements that contain `match` go wrong. */
  plan(match: string, fault: Fault, times: number): void {
    this.#planned.push({ match, fault, times })
  }

  /** Faults that are still to come. */
  get pending(): number {
    return this.#planned.reduce((sum, { times }) => sum + times, 0)
  }

  heal(): void {
    this.#planned.length = 0
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const parameters = new URL(incoming.url ?? '/', 'http://engine').searchParams
    const plain = incoming.headers['content-encoding'] === 'gzip' ? await promisify(gunzip)(body) : body
    const query = parameters.get('query') ?? plain.toString()
    const fault = this.#take(query)
    if (/^\s*INSERT INTO events\b/i.test(query) && !/\bSELECT\b/i.test(query))
      this.blocks.push({
        token: parameters.get('insert_deduplication_token'),
        rows: plain
          .toString()
          .split('\n')
          .filter((line) => line !== '').length,
        hash: createHash('sha256').update(plain).digest('hex'),
        fault,
      })
    if (fault === 'down') {
      incoming.socket.destroy()
      return
    }
    if (typeof fault === 'object') {
      outgoing.writeHead(500, { 'content-type': 'text/plain', 'x-clickhouse-exception-code': String(fault.code) })
      outgoing.end(`Code: ${fault.code}. DB::Exception: ${fault.message}`)
      return
    }
    const { host: _, connection: __, ...headers } = incoming.headers
    const { method } = incoming
    const onward = request(`${this.#engineUrl}${incoming.url}`, { method, headers }, (answer) => {
      if (fault === 'lose_answer') {
        answer.resume()
        answer.on('end', () => incoming.socket.destroy())
        return
      }
      if (fault === 'half_answer') {
        answer.resume()
        answer.on('end', () => {
          const { 'transfer-encoding': _encoding, ...rest } = answer.headers
          outgoing.writeHead(answer.statusCode ?? 200, { ...rest, 'content-length': '1000' })
          outgoing.write('{"half":')
          setTimeout(() => incoming.socket.destroy(), 20)
        })
        return
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => incoming.socket.destroy())
    onward.end(body)
  }

  #take(query: string): Fault | undefined {
    const at = this.#planned.findIndex(({ match }) => query.includes(match))
    const planned = this.#planned[at]
    if (planned === undefined) return undefined
    if (--planned.times <= 0) this.#planned.splice(at, 1)
    return planned.fault
  }
}
