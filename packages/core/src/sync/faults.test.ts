import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryPending } from '../recorder/testing/memory-pending.ts'
import { SyncClient } from './client.ts'
import { type Break, type CutPoint, type Fault, FaultProxy } from './testing/fault-proxy.ts'
import { LoopbackServer } from './testing/loopback-server.ts'
import { recordMany } from './testing/rig.ts'

/** F-17 and F-18 over real connections: every way to fail, at every point of an exchange. */

const EVENTS = 40
const TIMEOUT_MS = 150

const http = (status: number, body = '', headers = ''): Break => ({
  answer: `HTTP/1.1 ${status} Planned\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
})

const BREAKS: ReadonlyMap<string, Break> = new Map([
  ['RST', 'reset'],
  ['FIN', 'close'],
  ['silence', 'stall'],
  ['408', http(408)],
  ['413', http(413)],
  ['425', http(425)],
  ['429', http(429, '', 'retry-after: 0\r\n')],
  ['500', http(500)],
  ['502', http(502, '<html>bad gateway</html>')],
  ['503', http(503, '{"code":"overloaded"}')],
  ['504', http(504)],
  ['a redirect elsewhere', http(307, '', 'location: http://127.0.0.1:9/api/v1/events\r\n')],
  ['200 with garbage', http(200, '<html>Welcome</html>')],
  ['200 with gzip garbage', http(200, gzipSync('x').toString('latin1'), 'content-encoding: gzip\r\n')],
  ['200 without a body', http(200)],
  ['a truncated answer', { answer: 'HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{"received":40' }],
  ['no HTTP at all', { answer: 'SSH-2.0-OpenSSH_9.2\r\n' }],
])

const POINTS: ReadonlyMap<string, CutPoint> = new Map<string, CutPoint>([
  ['at the connection', { at: 'connect' }],
  ['after the headers', { at: 'headers' }],
  ['after 1 byte of the body', { at: 'body', bytes: 1 }],
  ['after 700 bytes of the body', { at: 'body', bytes: 700 }],
  ['after the body, before the server has it', { at: 'sent' }],
  ['after the server has it, before it answers', { at: 'committed' }],
  ['after 1 byte of the answer', { at: 'answer', bytes: 1 }],
  ['in the headers of the answer', { at: 'answer', bytes: 60 }],
  ['before the last byte of the answer', { at: 'answer', bytes: 240 }],
])

let server: LoopbackServer
let proxy: FaultProxy

beforeAll(async () => {
  server = await LoopbackServer.start()
  proxy = await FaultProxy.start(server.port)
})

afterAll(async () => {
  await proxy.close()
  await server.close()
})

let lives = 0

async function through(faults: readonly Fault[]): Promise<{ client: SyncClient; store: MemoryPending }> {
  proxy.plan.length = 0
  proxy.plan.push(...faults)
  server.model.events.clear()
  server.model.ledgers.clear()
  const store = new MemoryPending({ epoch: ++lives })
  // Backoffs of at most 5 ms: what is tested is what happens, not how long it takes.
  const client = new SyncClient(store, { url: proxy.url, token: 'token', timeoutMs: TIMEOUT_MS, intervalMs: 5 })
  recordMany(store, EVENTS)
  await client.flush({ timeoutMs: 20_000 })
  return { client, store }
}

describe.each([...POINTS])('an exchange that breaks %s', (_point, cut) => {
  it.each([...BREAKS])('by %s is made again until each event is there once', async (_name, how) => {
    const { client, store } = await through([
      { cut, how },
      { cut, how },
    ])
    expect(store.pendingCount).toBe(0)
    expect([...server.model.events.values()].map(({ seq }) => seq).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: EVENTS }, (_, seq) => seq),
    )
    expect(client.stats()).toMatchObject({ acked: EVENTS, rejected: 0, inFlight: 0 })
    const { failures, requests } = client.stats()
    expect(requests).toBeGreaterThan(failures)
  })
})

it('F-18: a server that accepts and never answers is left after the deadline, and another connection is made', async () => {
  const before = proxy.exchanges
  const { client } = await through([
    { cut: { at: 'headers' }, how: 'stall' },
    { cut: { at: 'connect' }, how: 'stall' },
  ])
  expect(client.stats()).toMatchObject({ acked: EVENTS, failures: 2 })
  expect(client.stats().lastError?.message).toContain(`within ${TIMEOUT_MS} ms`)
  expect(proxy.exchanges - before).toBeGreaterThanOrEqual(3)
})

it('a token never goes to another address than its own', async () => {
  const elsewhere = await LoopbackServer.start()
  const { client } = await through([
    { cut: { at: 'headers' }, how: http(307, '', `location: ${elsewhere.url}/api/v1/events\r\n`) },
    { cut: { at: 'headers' }, how: http(308, '', `location: ${elsewhere.url}/api/v1/events\r\n`) },
  ])
  expect(client.stats().acked).toBe(EVENTS)
  expect(elsewhere.model.requests).toHaveLength(0)
  await elsewhere.close()
})

it('a server that is not there is unreachable, with the reason', async () => {
  const gone = await LoopbackServer.start()
  const { url } = gone
  await gone.close()
  const store = new MemoryPending()
  recordMany(store, 3)
  const client = new SyncClient(store, { url })
  expect(await client.syncEvents()).toBe(0)
  expect(client.stats().lastError).toMatchObject({
    code: 'server_unreachable',
    message: expect.stringMatching(/ECONNREFUSED/),
  })
  expect(store.pendingCount).toBe(3)
})
