import { gzipSync } from 'node:zlib'
import { TallystickError } from '@tallystick/core'
import { afterEach, describe, expect, it } from 'vitest'
import { openMemoryStore } from '../store/memory.ts'
import type { UsageStore } from '../store/store.ts'
import type { Listening } from './bind.ts'
import { SECURITY_HEADERS } from './headers.ts'
import { type ListenOptions, listen } from './listen.ts'
import { dial, exchange, until } from './testing/raw.ts'
import { createTestApp, type TestApp, type TestAppOptions } from './testing/test-app.ts'

const running: Listening[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})

async function serve(
  options: TestAppOptions = {},
  drainMs = 200,
  timeouts: ListenOptions['timeouts'] = {},
): Promise<TestApp & { server: Listening }> {
  const test = await createTestApp(options)
  const server = await listen(test.app, { port: 0, drainMs, timeouts })
  running.push(server)
  return { ...test, server }
}

const JSON_TYPE = { 'content-type': 'application/json' }
const body = JSON.stringify({ events: [{ model: 'gpt-4o', event_id: 'a', input_tokens: 3 }, { model: 7 }] })
const post = (rest: string, text = body): string =>
  `POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n${rest}\r\n\r\n${text}`

function expectProblem(answer: string, status: number, code: string): void {
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(answer.toLowerCase()).toContain('content-type: application/problem+json')
  expect(answer).toContain(`"code":"${code}"`)
  for (const [name, value] of SECURITY_HEADERS)
    expect(answer.toLowerCase()).toContain(`${name}: ${value.toLowerCase()}`)
}

describe('ingest on a socket', () => {
  it.each(['socket', 'fetch'] as const)('answers the same as without one: %s', async (way) => {
    const { server, call } = await serve()
    const send = (
      path: string,
      headers: Record<string, string>,
      text: string | Uint8Array<ArrayBuffer>,
    ): Promise<Response> =>
      way === 'socket'
        ? fetch(server.url + path, { method: 'POST', headers, body: text })
        : call(path, { method: 'POST', headers, body: text })
    const gzip = { ...JSON_TYPE, 'content-encoding': 'gzip' }
    const cases: [string, Record<string, string>, string | Uint8Array<ArrayBuffer>, number, string | undefined][] = [
      ['', JSON_TYPE, body, 200, undefined],
      ['?results=all', JSON_TYPE, body, 200, undefined],
      ['', gzip, new Uint8Array(gzipSync(body)), 200, undefined],
      ['', { 'content-type': 'application/x-ndjson' }, '{"model":"a"}\n{', 200, undefined],
      ['', {}, new Uint8Array([0x7b]), 415, 'unsupported_media_type'],
      ['', JSON_TYPE, '{', 400, 'invalid_json'],
      ['', gzip, body, 400, 'invalid_encoding'],
      ['?ack=x', JSON_TYPE, body, 400, 'unknown_value'],
      ['?resutls=all', JSON_TYPE, body, 400, 'unknown_parameter'],
      ['', { ...JSON_TYPE, origin: 'http://evil.com' }, body, 403, 'forbidden_origin'],
      ['', { ...JSON_TYPE, 'sec-fetch-site': 'cross-site' }, body, 403, 'forbidden_origin'],
      ['', JSON_TYPE, new Uint8Array(gzipSync('x'.repeat(30))), 400, 'invalid_json'],
    ]
    for (const [search, headers, text, status, code] of cases) {
      const response = await send(`/api/v1/events${search}`, headers, text)
      const answer = (await response.json()) as Record<string, unknown>
      expect([response.status, answer['code']]).toEqual([status, code])
      expect(response.headers.get('cache-control')).toBe('no-store')
      for (const [name, value] of SECURITY_HEADERS) expect(response.headers.get(name)).toBe(value)
      if (status === 200)
        expect(answer['received']).toBe(
          (answer['accepted'] as number) + (answer['duplicate'] as number) + (answer['rejected'] as []).length,
        )
    }
  })

  it('takes a chunked body whose end is unknown, and stops reading it at the limit', async () => {
    const { server, app } = await serve({ limits: { bodyBytes: 1_000 } })
    const chunked = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
    const answer = await exchange(server.port, post('Transfer-Encoding: chunked', chunked(body)))
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(answer).toContain('"accepted":1')
    expectProblem(
      await exchange(server.port, post('Transfer-Encoding: chunked', chunked('['.padEnd(5_000, ' ')))),
      413,
      'body_too_large',
    )
    expect(app.context.budget.held).toBe(0)
  })

  it('refuses a body that announces itself as too large before it is sent', async () => {
    const { server, ingest } = await serve({ limits: { bodyBytes: 1_000 } })
    expectProblem(
      await exchange(server.port, post('Content-Length: 1000000000', '['), { half: true }),
      413,
      'body_too_large',
    )
    const asked = await exchange(server.port, post('Content-Length: 1000000000\r\nExpect: 100-continue', ''), {
      half: true,
    })
    expect(asked).not.toContain('100 Continue')
    expectProblem(asked, 413, 'body_too_large')
    const invited = await exchange(server.port, post(`Content-Length: ${body.length}\r\nExpect: 100-continue`))
    expect(invited).toContain('100 Continue')
    expect(invited).toContain('"accepted":1')
    expect(ingest.requests).toHaveLength(1)
  })

  it('forgets a client that leaves in the middle of its body', async () => {
    const { server, app, ingest } = await serve()
    const { socket } = await dial(server.port)
    socket.write(post('Content-Length: 100000', 'x'.repeat(5_000)))
    await until(() => app.context.budget.held === 5_000)
    socket.destroy()
    await until(() => app.context.budget.held === 0)
    expect(ingest.requests).toEqual([])
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  it('keeps the connection for the next batch', async () => {
    const { server } = await serve()
    const one = `POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]`
    const answer = await exchange(server.port, one + one + post('Content-Length: 2', '[]'))
    expect(answer.match(/HTTP\/1.1 200/g)).toHaveLength(3)
  })
})

describe('the socket', () => {
  it.each([
    ['garbage', 'garbage\r\n\r\n'],
    ['HTTP/0.9', 'GET /\r\n\r\n'],
    ['a newer protocol', 'GET / HTTP/3.0\r\nHost: localhost\r\n\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b: c\r\n\r\n'.replace(' b', '\tb\r\n\0')],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : localhost\r\n\r\n'],
    ['a bare carriage return in a header', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rY: b\r\n\r\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: \0\r\n\r\n'],
    ['a negative length', post('Content-Length: -1', '')],
    ['a signed length', post('Content-Length: +2', '[]')],
    ['two lengths', post('Content-Length: 2\r\nContent-Length: 3', '[]')],
    ['two lengths in one header', post('Content-Length: 2, 3', '[]')],
    ['length and chunks', post('Content-Length: 2\r\nTransfer-Encoding: chunked', '2\r\n[]\r\n0\r\n\r\n')],
    ['chunks that are not the last coding', post('Transfer-Encoding: chunked, identity', '2\r\n[]\r\n0\r\n\r\n')],
    ['a chunk size that is no number', post('Transfer-Encoding: chunked', 'zz\r\n[]\r\n0\r\n\r\n')],
    ['two hosts', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.com\r\nConnection: close\r\n\r\n'],
    ['a target that is no path', 'GET healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'],
  ])('answers %s with 400 and goes on', async (_, text) => {
    const { server, ingest } = await serve()
    const answer = await exchange(server.port, text)
    expectProblem(answer, 400, 'malformed_request')
    expect(ingest.requests).toEqual([])
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  it('refuses headers without end', async () => {
    const { server } = await serve()
    expectProblem(
      await exchange(server.port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
      431,
      'headers_too_large',
    )
  })

  it.each(['evil.com', '127.0.0.1.nip.io', 'localhost.', 'localhost@evil.com', 'evil.com:8088', '[::2]'])(
    'is misdirected with the host %s, for every route',
    async (host) => {
      const { server } = await serve()
      for (const line of [
        'GET / HTTP/1.1',
        'GET /api/v1/live HTTP/1.1',
        'POST /api/v1/events HTTP/1.1',
        'POST /api/v1/query HTTP/1.1',
      ]) {
        const answer = await exchange(
          server.port,
          `${line}\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
        )
        expectProblem(
          answer,
          host.includes('@') && !line.includes('/api/v1/events') ? 400 : 421,
          host.includes('@') && !line.includes('/api/v1/events') ? 'malformed_request' : 'misdirected_host',
        )
      }
    },
  )

  it('believes neither a target nor a header that names another host', async () => {
    const { server } = await serve()
    const head = 'Connection: close\r\n\r\n'
    expectProblem(
      await exchange(server.port, `GET http://evil.com/healthz HTTP/1.1\r\nHost: localhost\r\n${head}`),
      421,
      'misdirected_host',
    )
    expectProblem(
      await exchange(server.port, `GET http://localhost/healthz HTTP/1.1\r\nHost: evil.com\r\n${head}`),
      421,
      'misdirected_host',
    )
    expect(await exchange(server.port, `GET /healthz HTTP/1.0\r\n\r\n`)).not.toMatch(/ 200 /)
    expect(await exchange(server.port, `GET /healthz HTTP/1.1\r\n${head}`)).toMatch(/^HTTP\/1.1 400 /)
  })

  it('says why it cannot listen', async () => {
    const { app, server } = await serve()
    await expect(listen(app, { port: server.port })).rejects.toMatchObject({
      code: 'invalid_config',
      issues: [{ path: 'http.port' }],
    })
    await expect(listen(app, { host: '192.0.2.1' })).rejects.toMatchObject({ code: 'invalid_config' })
  })

  it('does not replace the globals of the process that embeds it', async () => {
    const { Request: before, Response: response } = globalThis
    await serve()
    expect(globalThis.Request).toBe(before)
    expect(globalThis.Response).toBe(response)
  })
})

describe('a client that dawdles', () => {
  const timeouts = { headersMs: 100, requestMs: 200, checkMs: 20 }

  it.each([
    ['its headers', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: '],
    ['its body', post('Content-Length: 1000', '[')],
    ['a body of many small pieces', post('Transfer-Encoding: chunked', '1\r\n[\r\n')],
  ])('over %s is cut off while others are served', async (_, text) => {
    const { server, app, ingest } = await serve({}, 200, timeouts)
    const slow = await Promise.all(Array.from({ length: 20 }, () => dial(server.port)))
    const drip = setInterval(() => {
      for (const { socket } of slow) if (socket.writable) socket.write(text.includes('chunked') ? '1\r\n \r\n' : ' ')
    }, 20)
    for (const { socket } of slow) socket.write(text)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    await until(() => slow.every(({ socket }) => socket.closed))
    clearInterval(drip)
    for (const { received } of slow) expectProblem(received(), 408, 'request_timeout')
    expect(ingest.requests).toEqual([])
    await until(() => app.context.budget.held === 0)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })
})

describe('a query on a socket', () => {
  it('hears why its body is too large, though it is still sending', async () => {
    const { server } = await serve()
    const body = 'x'.repeat(8 * 1024 * 1024)
    const answer = await fetch(`${server.url}/api/v1/query`, { method: 'POST', headers: JSON_TYPE, body })
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([413, 'body_too_large'])
  })

  it('is cancelled when the client leaves', async () => {
    let signal: AbortSignal | undefined
    const store: UsageStore = {
      ...openMemoryStore(),
      query: (_, options) =>
        new Promise((_resolve, reject) => {
          signal = options?.signal
          signal?.addEventListener('abort', () => reject(new TallystickError('query_cancelled')))
        }),
    }
    const { server, errors } = await serve({ store })
    const { socket } = await dial(server.port)
    const head = 'POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    socket.write(`${head}Content-Length: 2\r\n\r\n{}`)
    await until(() => signal !== undefined)
    expect(signal?.aborted).toBe(false)
    socket.destroy()
    await until(() => signal?.aborted === true)
    expect(errors).toEqual([])
  })
})

describe('the live stream on a socket', () => {
  const open = 'GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n'

  it('delivers what is accepted and frees its place when the client leaves', async () => {
    const { server, live } = await serve()
    const { socket, received } = await dial(server.port)
    socket.write(open)
    await until(() => received().includes('event: hello'))
    expect(received()).toMatch(/content-type: text\/event-stream/)
    const response = await fetch(`${server.url}/api/v1/events`, { method: 'POST', headers: JSON_TYPE, body })
    expect(response.status).toBe(200)
    await until(() => received().includes('event: tick'))
    expect(received()).toContain('"accepted":1')
    socket.destroy()
    await until(() => live.stats().streams === 0)
  })

  it('holds no more than its bound for a client that stops reading', async () => {
    const jobs: (() => void)[] = []
    const {
      server,
      live,
      post: send,
    } = await serve({
      hub: {
        after: (_, job) => {
          jobs.push(job)
          return () => undefined
        },
      },
    })
    const { socket, received } = await dial(server.port)
    socket.write(open)
    await until(() => received().includes('event: hello'))
    socket.pause()
    const tags = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${index}`, 'v'.repeat(800)]))
    for (let index = 0; index < 300 && live.stats().skipped === 0; index++) {
      await send('/api/v1/events', [{ model: 'm', tags }])
      for (const job of jobs.splice(0)) job()
    }
    expect(live.stats().skipped).toBeGreaterThan(0)
    expect(live.stats().waitingBytes).toBeLessThanOrEqual(1024 * 1024)
    socket.destroy()
  })
})

describe('close', () => {
  it('finishes what is under way and refuses what arrives meanwhile', async () => {
    let stopping = false
    const { server, ingest } = await serve({ stopping: () => stopping }, 20_000)
    let release: (() => void) | undefined
    const { submit } = ingest
    ingest.submit = async (request) => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return submit(request)
    }
    const head = 'HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    const first = await dial(server.port)
    first.socket.write(`POST /api/v1/events ${head}Content-Length: ${body.length}\r\n\r\n${body}`)
    const others = await Promise.all(['events', 'query'].map(async (name) => ({ name, ...(await dial(server.port)) })))
    for (const { name, socket } of others) socket.write(`POST /api/v1/${name} ${head}`)
    await until(() => release !== undefined)
    await fetch(`${server.url}/healthz`)
    stopping = true
    const closed = server.close()
    for (const { socket } of others) socket.write('Content-Length: 2\r\n\r\n{}')
    for (const { received } of others) await until(() => received().includes('"code":"shutting_down"'))
    for (const { received } of others) expect(received().toLowerCase()).toContain('connection: close')
    release?.()
    await closed
    await until(() => first.socket.closed)
    expect(first.received()).toContain('"accepted":1')
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  })

  it('does not wait for connections that were opened ahead of need, or have got their answer', async () => {
    const { server } = await serve({}, 20_000)
    const { socket: unused } = await dial(server.port)
    const { socket: idle, received } = await dial(server.port)
    idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => received().includes('"ok"'))
    await server.close()
    await until(() => unused.closed && idle.closed)
  })

  it('does not wait for ever for a client that does not finish', async () => {
    const { server } = await serve({}, 50)
    const { socket, received } = await dial(server.port)
    socket.on('error', () => undefined)
    socket.write(
      'POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[',
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    await server.close()
    expect(received()).toBe('')
  })
})

describe('an answer that fails half-way', () => {
  it.each(['/analytics/events', '/analytics/export?format=csv', '/api/v1/export'])(
    '%s is cut off and never ends',
    async (path) => {
      const { server, app, store, post: send } = await serve()
      const items = Array.from({ length: 3_000 }, (_, index) => ({
        event_id: `e${index}`,
        timestamp_ms: app.context.clock.now() - index,
        model: 'gpt-4o',
      }))
      expect(await send('/api/v1/events', items)).toMatchObject({ status: 200 })
      const { scan } = store
      let scans = 0
      store.scan = (request) => (++scans > 1 ? Promise.reject(new Error('gone for good')) : scan.call(store, request))
      const answer = await exchange(server.port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`, { half: true })
      expect(answer).toMatch(/^HTTP\/1.1 200 /)
      expect(answer).toContain('gpt-4o')
      expect(answer).not.toContain('gone for good')
      expect(answer.endsWith('\r\n0\r\n\r\n')).toBe(false)
    },
  )
})
