import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { CERTIFICATE, KEY } from '../../packages/server/src/proxy/testing/tls.ts'
import { BIN, serve } from '../e2e/cli.ts'

const dir = mkdtempSync(join(tmpdir(), 'tallystick-proxy-tls-'))
const ca = join(dir, 'ca.pem')
let server: Server
let names: unknown[] = []
let resumed: boolean[] = []
let upstream: string

beforeAll(async () => {
  writeFileSync(ca, CERTIFICATE)
  let number = 0
  server = createServer({ cert: CERTIFICATE, key: KEY, keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume()
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        `{"id":"tls-${++number}","object":"chat.completion","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":3}}`,
      )
    })
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    names.push(socket.servername)
    resumed.push(socket.isSessionReused())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  upstream = `https://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(dir, { recursive: true })
})

const ask = (url: string): Promise<Response> =>
  fetch(`${url}/proxy/tls/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"model":"gpt-4o"}',
  })
const proxies = (data: string, env: Readonly<Record<string, string>>) =>
  serve(join(dir, data), [], BIN, { TALLYSTICK_PROXY_UPSTREAMS: `tls=${upstream} provider=openai private`, ...env })

it('an upstream behind TLS: its name is asked for, connections are kept, and the next one resumes the session', async () => {
  names = []
  resumed = []
  const served = await proxies('trusted', { NODE_EXTRA_CA_CERTS: ca })
  try {
    for (let index = 0; index < 10; index++) {
      const answer = await ask(served.url)
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ usage: { prompt_tokens: 12 } })
    }
    expect([names, resumed]).toEqual([['localhost'], [false]])
    server.closeIdleConnections()
    const again = async (): Promise<boolean> => {
      await (await ask(served.url)).text()
      return resumed.length > 1
    }
    while (!(await again()));
    expect([names, resumed]).toEqual([
      ['localhost', 'localhost'],
      [false, true],
    ])
    await vi.waitFor(
      async () => {
        const found = await fetch(`${served.url}/api/v1/events?order=asc&limit=1&consistency=applied`)
        const expected = { event_id: 'tls-1', provider: 'openai', input_tokens: 12 }
        expect(await found.json()).toMatchObject({ events: [expected] })
      },
      { timeout: 20_000 },
    )
  } finally {
    await served.stop()
  }
}, 60_000)

it('a certificate that nobody vouches for is not trusted, and no word of it reaches the client', async () => {
  const served = await proxies('untrusted', {})
  try {
    const answer = await ask(served.url)
    expect(answer.status).toBe(502)
    const text = await answer.text()
    expect(JSON.parse(text)).toMatchObject({ tallystick: { code: 'upstream_unreachable' } })
    expect(text).not.toContain('localhost')
  } finally {
    await served.stop()
  }
}, 60_000)
