import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ModelAnswer, ServerModel } from './server-model.ts'

/** The {@link ServerModel} behind a real port of the loopback. */
export class LoopbackServer {
  readonly model = new ServerModel()
  /** Answers instead of the model, for the requests that it has an answer for. */
  instead: (request: number) => ModelAnswer | undefined = () => undefined
  readonly #server: Server
  #requests = 0

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request, response)
    })
  }

  static async start(): Promise<LoopbackServer> {
    const server = new LoopbackServer()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      // Broken off: a body that is not whole is never handled.
      return
    }
    const headers = request.headers as Record<string, string | undefined>
    const {
      status,
      headers: more,
      body,
    } = this.instead(this.#requests++) ??
    this.model.handle({
      path: request.url ?? '',
      headers,
      body: Buffer.concat(chunks),
    })
    response.writeHead(status, { 'content-type': 'application/json', ...more }).end(body)
  }
}
