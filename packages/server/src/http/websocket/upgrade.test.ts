import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import type { ClientOptions } from 'ws'
import type { Principal } from '../../identity/principal.ts'
import type { Listening } from '../bind.ts'
import { type ListenOptions, listen } from '../listen.ts'
import { dial, exchange, until } from '../testing/raw.ts'
import { createTestApp, type TestApp, type TestAppOptions } from '../testing/test-app.ts'
import { FeedClient } from './testing/feed-client.ts'

const SECRET = 'tsk_abc_never-shown'
const KEYS = new Map<string, Principal>([
  ['acme', { kind: 'key', name: 'key a', keyId: 'a', scopes: new Set(['read']), tenantId: 'acme' }],
  ['other', { kind: 'key', name: 'key o', keyId: 'o', scopes: new Set(['read']), tenantId: 'other' }],
])

const running: Listening[] = []
const apps: TestApp[] = []
const clients: FeedClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.leave()
  for (const app of apps.splice(0)) app.feed.close()
  for (const server of running.splice(0)) await server.close()
})

async function serve(
  options: TestAppOptions = {},
  timeouts: ListenOptions['timeouts'] = {},
): Promise<TestApp & { server: Listening; enter: (first?: unknown, options?: ClientOptions) => FeedClient }> {
  const clock = { now: () => Date.now(), monotonic: () => performance.now() }
  const test = await createTestApp({ clock, ...options, sockets: { clock, ...options.sockets } })
  const server = await listen(test.app, { port: 0, drainMs: 300, timeouts })
  running.push(server)
  apps.push(test)
  return {
    ...test,
    server,
    enter(first, ws) {
      const client = new FeedClient(server.url, first, ws)
      clients.push(client)
      return client
    },
  }
}

const batch = (...events: object[]): object => ({ events: events.map((event) => ({ model: 'gpt-4o', ...event })) })
const handshake = (rest: readonly string[] = []): string =>
  [
    'GET /ws HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...rest,
    '\r\n',
  ].join('\r\n')

/** A frame as a client sends one: masked, here with zeros. */
function frame(opcode: number, payload: Buffer, { fin = true, rsv1 = false } = {}): Buffer {
  const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode
  const length = payload.byteLength
  const head = length < 126 ? [first, 0x80 | length] : [first, 0x80 | 126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), Buffer.alloc(4), payload])
}

describe('WS /ws over a real socket', () => {
  it.each([
    ['a token in JSON', { token: 'x' }],
    ['an IC token as Protocol 003 sends it', { type: 'AUTH', ic_token: 'x.y.z' }],
    ['a bare token', SECRET],
  ])('lets in %s on a server without keys, and tells it the four messages', async (_name, first) => {
    const { enter, post, feed } = await serve({ sockets: { times: { heartbeatMs: 60 } } })
    const client = enter(first)
    await client.until('HEARTBEAT')
    await post('/api/v1/events', batch({ agent_id: 7, input_tokens: 10, output_tokens: 5, cost_usd: 0.002 }))
    const subject = { dimension: 'agent_id', value: 'agent_7' } as const
    feed.cross({ budget: { id: 'b', subject, unit: 'nano_usd' }, spent: 96n, amount: 100n, threshold: 95 })
    const [alert] = await client.until('COST_ALERT')
    expect(alert).toMatchObject({ agent_id: 'agent_7', severity: 'critical', data: { percentage: 96 } })
    expect(client.of('AGENT_EVENT')).toMatchObject([
      { agent_id: 'agent_7', event: 'llm_call', data: { model: 'gpt-4o', tokens: 15 } },
    ])
    expect(client.of('STATE_UPDATE')).toMatchObject([{ agent_id: 'agent_7', state: 'running' }])
    const beats = await client.until('HEARTBEAT', 4)
    expect(beats.at(-1)?.cursor).toBe(alert?.cursor)
    for (const { timestamp } of client.told) expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })

  it('refuses a bad token with a message and 4401, and repeats nothing of it', async () => {
    const { enter, errors } = await serve({ sockets: { authenticate: (token) => KEYS.get(token) } })
    for (const first of [{ token: SECRET }, SECRET, { token: 7, note: SECRET }, `{"token":"${SECRET}"`, '']) {
      const client = enter(first)
      expect(await client.closed).toEqual({ code: 4401, reason: 'unauthorized' })
      expect(client.told).toMatchObject([{ type: 'ERROR', code: 'unauthorized' }])
      expect(JSON.stringify(client.told)).not.toContain(SECRET)
    }
    expect(errors).toEqual([])
  })

  it('refuses whoever says nothing for too long', async () => {
    const { enter } = await serve({ sockets: { times: { authMs: 30 } } })
    const client = enter()
    expect((await client.closed).code).toBe(4401)
    expect(client.told).toMatchObject([{ type: 'ERROR', code: 'unauthorized' }])
  })

  it('drops a client that is silent, and keeps one that answers pings', async () => {
    const { enter, feed } = await serve({ sockets: { times: { heartbeatMs: 30, silenceMs: 90 } } })
    const silent = enter('x', { autoPong: false })
    const alive = enter('x')
    expect((await silent.closed).code).toBe(4408)
    await alive.until('HEARTBEAT', 10)
    expect(feed.stats().clients).toBe(1)
  })

  it('D-6: shows two tenants nothing of each other', async () => {
    const { enter, feed, ingest } = await serve({ sockets: { authenticate: (token) => KEYS.get(token) } })
    const [mine, theirs] = [enter({ token: 'acme' }), enter({ token: 'other' })]
    await Promise.all([mine.until('HEARTBEAT'), theirs.until('HEARTBEAT')])
    await ingest.submit({
      door: 'test',
      items: Array.from({ length: 20 }, (_, index) => ({
        model: 'm',
        tenant_id: index % 4 === 0 ? 'other' : 'acme',
        agent_id: `a${index}`,
      })),
    })
    feed.cross({ budget: { id: 'b', tenantId: 'acme', unit: 'tokens' }, spent: 1n, amount: 1n, threshold: 100 })
    feed.cross({ budget: { id: 'b', tenantId: 'other', unit: 'tokens' }, spent: 1n, amount: 1n, threshold: 100 })
    await Promise.all([mine.until('COST_ALERT'), theirs.until('COST_ALERT')])
    expect([mine.of('AGENT_EVENT').length, theirs.of('AGENT_EVENT').length]).toEqual([15, 5])
    for (const [client, tenant] of [
      [mine, 'acme'],
      [theirs, 'other'],
    ] as const)
      expect(new Set(client.told.flatMap((told) => told['tenant_id'] ?? []))).toEqual(new Set([tenant]))
    const numbers = theirs.told.map(({ cursor }) => Number(cursor?.split('.')[1]))
    expect(numbers).toEqual(numbers.map((_, index) => index))
  })

  it('gives a client that comes back what it missed', async () => {
    const { enter, post } = await serve()
    const first = enter('x')
    await first.until('HEARTBEAT')
    await post('/api/v1/events', batch({ event_id: 'a' }))
    const cursor = (await first.until('AGENT_EVENT'))[0]?.cursor
    first.leave()
    await post('/api/v1/events', batch({ event_id: 'b' }, { event_id: 'c' }))
    const back = enter({ token: 'x', resume: cursor })
    const events = await back.until('AGENT_EVENT', 2)
    expect(events.map(({ data }) => (data as { event_id: string }).event_id)).toEqual(['b', 'c'])
    expect(back.of('GAP')).toEqual([])
    const lost = enter({ token: 'x', resume: 'another.1' })
    expect(await lost.until('GAP')).toMatchObject([{ missed: null, reason: 'unknown_cursor' }])
  })

  it('says good-bye with 1001 when the server stops, and is gone at once', async () => {
    const { enter, feed, server } = await serve()
    const [client, unsaid] = [enter('x'), enter()]
    await client.until('HEARTBEAT')
    await until(() => feed.stats().pending === 1)
    feed.close()
    await server.close()
    expect([(await client.closed).code, (await unsaid.closed).code]).toEqual([1001, 1001])
  })
})

describe('a handshake', () => {
  it.each([
    ['D-2: another host', { headers: { host: 'evil.com' } }, 421],
    ['D-2: a rebound name', { headers: { host: '127.0.0.1.nip.io' } }, 421],
    ['D-3: a page of another site', { headers: { origin: 'http://evil.com' } }, 403],
    ['D-3: no origin to speak of', { headers: { origin: 'null' } }, 403],
    ['D-3: what a browser marks as of another site', { headers: { 'sec-fetch-site': 'cross-site' } }, 403],
  ])('from %s is refused', async (_name, options, status) => {
    const { enter, feed } = await serve()
    const client = enter('x', options)
    await client.closed
    expect([client.status, feed.stats().pending]).toEqual([status, 0])
  })

  it('that is reset while it is refused or taken does no harm', async () => {
    const { server, feed, errors } = await serve()
    for (let index = 0; index < 60; index++) {
      const { socket } = await dial(server.port)
      const text = handshake(index % 2 === 0 ? ['Origin: http://evil.com'] : [])
      socket.write(text.repeat(index % 3 === 0 ? 1 : 2))
      if (index % 5 > 0) await new Promise((resolve) => setTimeout(resolve, index % 5))
      socket.resetAndDestroy()
    }
    await until(() => feed.stats().pending === 0)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    expect(errors).toEqual([])
  })

  it('from our own page is taken', async () => {
    const { enter, server } = await serve()
    await enter('x', { headers: { origin: server.url, 'sec-fetch-site': 'same-origin' } }).until('HEARTBEAT')
  })

  it('with two hosts, or without a key, is refused', async () => {
    const { server, feed } = await serve()
    expect(await exchange(server.port, handshake(['Host: evil.com']))).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*malformed_request/,
    )
    expect(await exchange(server.port, handshake().replace(/Sec-WebSocket-Key.*\r\n/, ''))).toMatch(/^HTTP\/1\.1 400 /)
    expect(await exchange(server.port, handshake().replace(': 13', ': 99'))).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(feed.stats().pending).toBe(0)
  })

  it('D-5: beyond the limit is answered 429, and the next one after somebody has left is taken', async () => {
    const { enter, feed } = await serve({ sockets: { maxSockets: 2 } })
    const first = enter('x')
    await first.until('HEARTBEAT')
    await enter('x').until('HEARTBEAT')
    const third = enter('x')
    await third.closed
    expect(third.status).toBe(429)
    first.leave()
    await until(() => feed.stats().clients === 1)
    await enter('x').until('HEARTBEAT')
  })

  it('I-5: that takes for ever is cut off like any request', async () => {
    const { server, feed } = await serve({}, { headersMs: 50, requestMs: 100, checkMs: 20 })
    const { socket, received } = await dial(server.port)
    const text = handshake()
    for (let at = 0; at < text.length - 4 && !socket.closed; at++) {
      socket.write(text[at] as string)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(received()).toMatch(/^HTTP\/1\.1 408 [\s\S]*request_timeout/)
    expect(feed.stats().pending).toBe(0)
  })

  it('is answered 426 where it is none', async () => {
    const { call } = await serve()
    const response = await call('/ws')
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket'])
    expect(await response.json()).toMatchObject({ code: 'upgrade_required' })
    expect((await call('/ws', { headers: { origin: 'http://evil.com' } })).status).toBe(403)
  })

  it('for another protocol is left alone: the request is answered as if it had offered none', async () => {
    const { server, ingest } = await serve()
    const offer = ['Host: localhost', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk']
    expect(await exchange(server.port, ['GET /healthz HTTP/1.1', ...offer, '\r\n'].join('\r\n'))).toMatch(
      /^HTTP\/1\.1 200 /,
    )
    const body = JSON.stringify({ model: 'gpt-4o', event_id: 'é' })
    const head = ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]
    const whole = ['POST /api/v1/events HTTP/1.1', ...offer, ...head, '\r\n'].join('\r\n') + body
    const more = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    const answer = await exchange(server.port, whole + more)
    expect(answer).toMatch(/"accepted":1[\s\S]*HTTP\/1\.1 200 OK/)
    expect(ingest.requests).toHaveLength(1)
    expect(await exchange(server.port, handshake(['Connection: close']).replace('/ws', '/elsewhere'))).toMatch(
      /^HTTP\/1\.1 404 /,
    )
  })

  it('behind an answer that is under way ends the connection', async () => {
    const { server, feed } = await serve()
    const { socket, received } = await dial(server.port)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write('GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => received().includes('hello'))
    socket.write(handshake())
    await closed
    expect(received()).not.toContain('101 Switching')
    expect(feed.stats().pending).toBe(0)
  })
})

describe('what a client sends', () => {
  /** Bytes on a connection that has shaken hands and said who it is, and the code it is closed with. */
  async function closeCode(server: Listening, bytes: Buffer | readonly Buffer[], greeting = true): Promise<number> {
    const socket = connect(server.port, '127.0.0.1')
    const chunks: Buffer[] = []
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.write(handshake(['Sec-WebSocket-Extensions: permessage-deflate']))
    await until(() => Buffer.concat(chunks).includes('\r\n\r\n'))
    expect(String(Buffer.concat(chunks))).not.toMatch(/permessage-deflate/)
    if (greeting) socket.write(frame(1, Buffer.from('x')))
    for (const part of Buffer.isBuffer(bytes) ? [bytes] : bytes) socket.write(part)
    await ended
    return closeCodeOf(Buffer.concat(chunks))
  }

  it.each([
    ['a binary message', frame(2, Buffer.from('x')), 1003],
    ['text that is no UTF-8', frame(1, Buffer.from([0xc3, 0x28])), 1007],
    ['a message too large', frame(1, Buffer.alloc(10 * 1024 + 1, 0x61)), 1009],
    [
      'a message too large in parts',
      [frame(1, Buffer.alloc(6_000, 0x61), { fin: false }), frame(0, Buffer.alloc(6_000, 0x61))],
      1009,
    ],
    ['a message that says it is compressed', frame(1, deflateRawSync(Buffer.alloc(5_000)), { rsv1: true }), 1002],
    ['an unknown kind of frame', frame(3, Buffer.alloc(1)), 1002],
    ['a ping too large', frame(9, Buffer.alloc(126)), 1002],
    [
      'a message in a thousand parts',
      Array.from({ length: 1_000 }, (_, at) => frame(at === 0 ? 1 : 0, Buffer.alloc(1, 0x61), { fin: false })),
      1008,
    ],
    ['a frame that was not masked', Buffer.from([0x81, 0x01, 0x61]), 1002],
  ] as const)('%s is refused with its code', async (_name, bytes, code) => {
    const { server, feed, errors } = await serve()
    for (const greeting of [true, false]) expect(await closeCode(server, bytes, greeting)).toBe(code)
    await until(() => feed.stats().clients + feed.stats().pending === 0)
    expect(errors).toEqual([])
  })

  it('after the first message is a sign of life and no more', async () => {
    const { enter, post, feed } = await serve({ sockets: { authenticate: (token) => KEYS.get(token) } })
    const client = enter({ token: 'acme' })
    await client.until('HEARTBEAT')
    for (const text of ['{"token":"other"}', '{"type":"HEARTBEAT"}', '{', 'x'.repeat(10_000)]) client.socket.send(text)
    await post('/api/v1/events', batch({ tenant_id: 'acme' }, { tenant_id: 'other' }))
    await client.until('AGENT_EVENT')
    expect(client.of('AGENT_EVENT')).toMatchObject([{ tenant_id: 'acme' }])
    expect(feed.stats().clients).toBe(1)
  })

  it('may be cut off anywhere', async () => {
    const { server, feed, post } = await serve()
    const bytes = Buffer.concat([Buffer.from(handshake()), frame(1, Buffer.from('{"token":"x"}'))])
    for (let at = 1; at <= bytes.length; at += 7) {
      const { socket } = await dial(server.port)
      socket.write(bytes.subarray(0, at))
      socket.destroy()
    }
    await until(() => feed.stats().clients + feed.stats().pending === 0)
    expect((await post('/api/v1/events', batch({}))).status).toBe(200)
  })
})

/** The code in the close frame that ends what a server has sent; 0 where there is none. */
function closeCodeOf(bytes: Buffer): number {
  let at = bytes.indexOf('\r\n\r\n') + 4
  while (at + 2 <= bytes.length) {
    const opcode = (bytes[at] as number) & 0x0f
    const short = (bytes[at + 1] as number) & 0x7f
    const [length, head] = short < 126 ? [short, 2] : [bytes.readUInt16BE(at + 2), 4]
    if (opcode === 8) return length >= 2 ? bytes.readUInt16BE(at + head) : 0
    at += head + length
  }
  return 0
}
