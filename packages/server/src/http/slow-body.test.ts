import { afterEach, describe, expect, it } from 'vitest'
import type { Listening } from './bind.ts'
import { listen } from './listen.ts'
import { dial, until } from './testing/raw.ts'
import { createTestApp, type TestApp } from './testing/test-app.ts'

const running: Listening[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})

async function serve(requestMs: number): Promise<TestApp & { server: Listening }> {
  const test = await createTestApp()
  const timeouts = { headersMs: requestMs, requestMs, checkMs: 20 }
  const server = await listen(test.app, { port: 0, drainMs: 200, timeouts })
  running.push(server)
  return { ...test, server }
}

/** Every route that reads a body. */
const DOORS = [
  ...(['/api/v1/events', '/api/v1/query', '/api/v1/analytics/events', '/analytics/clear'] as const),
  ...(['/litellm/callback', '/api/public/ingestion'] as const),
]

const head = (path: string, rest: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${rest}\r\n\r\n`

describe.each(DOORS)('a body for %s', (path) => {
  it.each([
    ['with a length', 'Content-Length: 5000', ' '],
    ['in chunks', 'Transfer-Encoding: chunked', '1\r\n \r\n'],
    // A compressed query is refused by its headers.
    ...(path === '/api/v1/query' ? [] : [['compressed', 'Content-Encoding: gzip\r\nContent-Length: 5000', '\x1f']]),
  ])(
    'I-1: %s that comes a byte at a time is cut off, and costs nobody anything',
    async (_, headers = '', drop = '') => {
      const { server, app, errors, ingest } = await serve(300)
      const slow = await Promise.all(Array.from({ length: 20 }, () => dial(server.port)))
      for (const { socket } of slow) socket.write(head(path, headers))
      const drip = setInterval(() => {
        for (const { socket } of slow) if (socket.writable) socket.write(drop, 'latin1')
      }, 20)
      await until(() => app.context.budget.held > 0)
      expect(app.context.budget.held).toBeLessThan(1_000)
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
      await until(() => slow.every(({ socket }) => socket.closed))
      clearInterval(drip)
      for (const { received } of slow) expect(received()).toMatch(/^HTTP\/1\.1 408 /)
      await until(() => app.context.budget.held === 0)
      expect(ingest.requests).toEqual([])
      expect(errors).toEqual([])
    },
  )

  it('of a client that leaves in the middle is forgotten, and is no error of ours', async () => {
    const { server, app, errors, ingest } = await serve(30_000)
    const { socket } = await dial(server.port)
    socket.write(head(path, 'Content-Length: 100000') + ' '.repeat(5_000))
    await until(() => app.context.budget.held === 5_000)
    socket.destroy()
    await until(() => app.context.budget.held === 0)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    expect(ingest.requests).toEqual([])
    expect(errors).toEqual([])
  })
})
