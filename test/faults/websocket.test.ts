import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FeedClient } from '../../packages/server/src/http/websocket/testing/feed-client.ts'
import { lawOf } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

const http = new HttpClient(2)
const folders: string[] = []
const sockets: Socket[] = []
const clients: FeedClient[] = []
let server: ServerProcess

async function start(flags: readonly string[] = []): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'websocket-'))
  folders.push(folder)
  return ServerProcess.start(folder, flags)
}
beforeAll(async () => {
  server = await start()
})
afterAll(async () => {
  for (const client of clients) client.leave()
  for (const socket of sockets) socket.destroy()
  http.close()
  await endServers()
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function enter(url: string, first?: unknown): FeedClient {
  const client = new FeedClient(url, first)
  clients.push(client)
  return client
}

/** As long as a name may be, in JSON six times that: much to keep for whoever does not read, of few events. */
const LONG_NAME = '\u0001'.repeat(256)

let sent = 0
async function send(url: string, count: number, model = 'gpt-4o'): Promise<void> {
  const events = Array.from({ length: count }, () => ({
    event_id: `e${sent++}`,
    model,
    agent_id: sent % 50,
    input_tokens: 10,
  }))
  const answer = await http.call(`${url}/api/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ events }),
  })
  expect(answer).toMatchObject({ status: 200, json: { accepted: count } })
}

/** A client that shakes hands, says who it is, and never reads. */
async function stalled(url: string): Promise<Socket> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
  sockets.push(socket)
  socket.on('error', () => undefined)
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n',
  )
  await new Promise((resolve) => socket.once('data', resolve))
  socket.pause()
  socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x78]))
  return socket
}

describe('a thousand WebSockets on the built server', () => {
  it('are all told of every event, and one more is refused', async () => {
    // Half of the places may be of those who are still coming in.
    for (let round = 0; round < 10; round++) {
      const entering = Array.from({ length: 100 }, () => enter(server.url, { token: 'x' }))
      await Promise.all(entering.map((client) => client.until('HEARTBEAT')))
    }
    const extra = enter(server.url, 'x')
    await extra.closed
    expect(extra.status).toBe(429)
    const all = clients.filter((client) => client !== extra)
    await send(server.url, 20)
    await Promise.all(all.map((client) => client.until('AGENT_EVENT', 20)))
    const first = all[0]?.told.map(({ cursor }) => cursor).slice(1)
    for (const client of all) expect(client.told.map(({ cursor }) => cursor).slice(1)).toEqual(first)
    for (const client of all) client.leave()
    await enter(server.url, 'x').until('HEARTBEAT')
  }, 120_000)
})

describe('D-5, F-23: clients that never read', () => {
  it('cost bounded memory, and neither readers nor senders wait for them', async () => {
    const reader = enter(server.url, 'x')
    await reader.until('HEARTBEAT')
    await send(server.url, 2_000)
    await reader.until('AGENT_EVENT', 2_000)
    const before = server.memory().nowMib
    for (let index = 0; index < 50; index++) await stalled(server.url)
    // Some 20 MB of messages: for fifty queues of their own it would be 1 GB.
    for (let round = 0; round < 6; round++) {
      await send(server.url, 2_000, LONG_NAME)
      await reader.until('AGENT_EVENT', 2_000 * (round + 2))
    }
    expect(reader.of('GAP')).toEqual([])
    expect(server.memory().nowMib - before).toBeLessThan(200)
    expect(await lawOf(http, server.url)).toMatchObject({ balanced: true })
  }, 120_000)

  it('say how much they missed, should they ever read', async () => {
    const lazy = enter(server.url, 'x')
    await lazy.until('HEARTBEAT')
    lazy.socket.pause()
    // Some 50 MB: more than the server keeps and both systems hold on the way.
    const count = 28_000
    for (let left = count; left > 0; left -= 4_000) await send(server.url, 4_000, LONG_NAME)
    lazy.socket.resume()
    await lazy.until('GAP')
    await send(server.url, 1, 'the-last')
    while (!lazy.told.some(({ data }) => (data as { model?: string } | undefined)?.model === 'the-last'))
      await sleep(20)
    const missed = lazy.of('GAP').reduce((sum, told) => sum + (told['missed'] as number), 0)
    const numbers = lazy.told.filter(({ type }) => type !== 'GAP').map(({ cursor }) => Number(cursor?.split('.')[1]))
    const from = numbers[0] as number
    expect(missed).toBeGreaterThan(0)
    expect(new Set(numbers.filter((number) => number > from)).size + missed).toBe((numbers.at(-1) as number) - from)
  }, 120_000)
})

describe('stopping the built server', () => {
  it('says good-bye with 1001 and does not wait for those who do not answer', async () => {
    const stopping = await start()
    const client = enter(stopping.url, 'x')
    await client.until('HEARTBEAT')
    await stalled(stopping.url)
    enter(stopping.url)
    expect(await stopping.stop()).toBe(0)
    expect((await client.closed).code).toBe(1001)
    expect(stopping.errors).not.toContain('"level"')
  })

  it('refuses cursors of its earlier life with a gap, not with silence', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'websocket-'))
    folders.push(folder)
    const first = await ServerProcess.start(folder)
    const client = enter(first.url, 'x')
    await client.until('HEARTBEAT')
    await send(first.url, 3)
    const cursor = (await client.until('AGENT_EVENT', 3)).at(-1)?.cursor
    await first.kill()
    const second = await ServerProcess.start(folder)
    const back = enter(second.url, { token: 'x', resume: cursor })
    expect(await back.until('GAP')).toMatchObject([{ missed: null, reason: 'unknown_cursor' }])
    await second.stop()
  })
})
