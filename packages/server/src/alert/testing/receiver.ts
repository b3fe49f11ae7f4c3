import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Receiver {
  /** `http://127.0.0.1:port/` and the path of a hook. */
  readonly url: string
  readonly port: number
  readonly received: Received[]
  /** How it answers from now on; 204 unless told otherwise. */
  answer: (response: ServerResponse, received: Received) => void
  /** Resolves once so many have come. */
  has(count: number): Promise<void>
  close(): Promise<void>
}

/** A real HTTP server that takes whatever is posted. */
export async function startReceiver(): Promise<Receiver> {
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() }
      receiver.received.push(one)
      receiver.answer(response, one)
      for (const wake of waiting) wake()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook/SECRET-PATH`,
    port,
    received: [],
    answer: (response) => void response.writeHead(204).end(),
    async has(count) {
      while (receiver.received.length < count) {
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiting.delete(wake)
            resolve()
          }
          waiting.add(wake)
        })
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return receiver
}
