import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A load balancer as plain as there are: each request to the next server, and to the one after that when there is no answer. */
export class Balancer {
  readonly #server: Server
  readonly #backends: () => readonly string[]
  #turn = 0
  #toLose = 0
  /** Requests that were sent to another server because the answer of the first was lost, or it did not answer. */
  retried = 0
  /** By the server that answered. */
  readonly answered = new Map<string, number>()

  private constructor(backends: () => readonly string[]) {
    this.#backends = backends
    this.#server = createServer((incoming, outgoing) => void this.#pass(incoming, outgoing))
  }

  static async start(backends: () => readonly string[]): Promise<Balancer> {
    const balancer = new Balancer(backends)
    await new Promise<void>((resolve) => balancer.#server.listen(0, '127.0.0.1', resolve))
    return balancer
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The next answers get lost between a server, which has done its work, and the balancer. */
  loseAnswers(count: number): void {
    this.#toLose += count
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const backends = this.#backends()
    for (let attempt = 0; attempt < 2 * backends.length; attempt++) {
      const backend = backends[this.#turn++ % backends.length] as string
      try {
        const answer = await ask(backend, incoming, body)
        if (this.#toLose > 0) {
          this.#toLose--
          throw new Error('the answer was lost')
        }
        this.answered.set(backend, (this.answered.get(backend) ?? 0) + 1)
        outgoing.writeHead(answer.status, answer.headers)
        outgoing.end(answer.body)
        return
      } catch {
        this.retried++
      }
    }
    outgoing.writeHead(502)
    outgoing.end()
  }
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

function ask(backend: string, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  const { host: _, connection: __, ...passed } = headers
  return new Promise((resolve, reject) => {
    const outgoing = request(`${backend}${url}`, { method, headers: passed, timeout: 20_000 }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 502,
          headers: { 'content-type': answer.headers['content-type'] ?? 'text/plain' },
          body: Buffer.concat(chunks),
        }),
      )
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
