import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What an API is asked. */
export interface Asked {
  readonly path: string
  readonly search: URLSearchParams
  readonly headers: IncomingHttpHeaders
}

/** A server that answers as it is told, and remembers what it was asked. */
export async function standIn(
  answer: (
    asked: Asked,
    before: number,
  ) => { readonly status?: number; readonly body?: unknown; readonly headers?: Record<string, string> },
): Promise<{ readonly url: string; readonly asked: readonly Asked[]; close(): Promise<void> }> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x')
    const one = { path: url.pathname, search: url.searchParams, headers: request.headers }
    const { status = 200, body = {}, headers = {} } = answer(one, asked.length)
    asked.push(one)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
