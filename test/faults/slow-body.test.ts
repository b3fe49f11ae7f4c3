import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LONG } from '../../packages/core/src/testing/thorough.ts'
import { gzipOfZeros } from './testing/bomb.ts'
import { lawOf } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

/** Every route that reads a body. */
const DOORS = ['/api/v1/events', '/api/v1/query', '/api/v1/analytics/events', '/analytics/clear'] as const
/** What reads the longest body and what the shortest; the others read theirs as one of these. */
const REPRESENTATIVE = ['/api/v1/events', '/analytics/clear'] as const
const SLOW_EACH = 25
const MIB = 1024 * 1024

let dataDir: string
let server: ServerProcess
const client = new HttpClient()
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'slow-body-'))
  server = await ServerProcess.start(dataDir)
})
afterAll(async () => {
  client.close()
  await endServers()
  rmSync(dataDir, { recursive: true })
})

interface Line {
  readonly socket: Socket
  readonly closed: Promise<string>
}

async function dial(): Promise<Line> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  // Being cut off is what these connections are for.
  socket.on('error', () => undefined)
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(received)))
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  return { socket, closed }
}

const head = (path: string, more: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n${more}\r\n\r\n`

/** One event at each door that takes them; both answer as ever. */
async function served(id: string): Promise<void> {
  const event = { event_id: id, timestamp_ms: Date.now(), model: 'gpt-4o', provider: 'openai' }
  expect(await client.post(`${server.url}/api/v1/events`, event)).toMatchObject({ status: 200, json: { accepted: 1 } })
  const old = { ...event, ic_token: 't', agent_id: 'old', event_type: 'llm_request_failed' }
  expect(await client.post(`${server.url}/api/v1/analytics/events`, old)).toMatchObject({ status: 202 })
  expect(await client.call(`${server.url}/analytics/stats`)).toMatchObject({ status: 200 })
}

// Half a minute, which is the limit of the built server; `packages/server/src/http/slow-body.test.ts` shows a shorter one.
if (LONG)
  test('I-1, I-5: bombs that come a byte a second are cut off, hold next to nothing, and nobody else waits for them', async () => {
    await served('before')
    const bomb = await gzipOfZeros(64)
    const before = server.memory().nowMib
    const slow: Line[] = []
    for (const path of DOORS) {
      const gzip = `Content-Encoding: gzip\r\nContent-Length: ${bomb.byteLength}`
      for (let count = 0; count < SLOW_EACH; count++) {
        const line = await dial()
        line.socket.write(head(path, path.includes('events') ? gzip : 'Content-Length: 5000'))
        slow.push(line)
      }
    }
    let ended = false
    const answers = Promise.all(slow.map(({ closed }) => closed)).finally(() => {
      ended = true
    })
    for (let second = 0; !ended; second++) {
      for (const { socket } of slow) if (socket.writable) socket.write(bomb.subarray(second, second + 1))
      await served(`during ${second}`)
      expect(server.memory().nowMib - before).toBeLessThan(100)
      await Promise.race([sleep(1_000), answers])
    }
    for (const answer of await answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(server.errors).not.toContain('a request failed')
    expect(await lawOf(client, server.url)).toMatchObject({ balanced: true, server: { failed: 0, in_flight: 0 } })
  }, 90_000)

test.each(LONG ? DOORS : REPRESENTATIVE)(
  'I-1: a body for %s cut into single bytes takes its own room, not that of its pieces',
  async (path) => {
    const size = path === '/api/v1/query' || path === '/analytics/clear' ? 256 * 1024 : MIB
    const before = server.memory().nowMib
    const { socket, closed } = await dial()
    const pieces = Buffer.from('1\r\n \r\n'.repeat(4_096))
    let sent = 0
    let most = 0
    const write = async (bytes: Buffer | string): Promise<void> => {
      if (!socket.write(bytes)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
    }
    await write(head(path, 'Transfer-Encoding: chunked'))
    for (; sent < size && socket.writable; sent += 4_096) {
      await write(pieces)
      most = Math.max(most, server.memory().nowMib)
    }
    await write('0\r\n\r\n')
    // It is all spaces, and no JSON; only clearing asks for nothing.
    expect(await closed).toMatch(path === '/analytics/clear' ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 400 /)
    expect(sent).toBe(size)
    expect(most - before).toBeLessThan(100)
    await served(`after ${path}`)
  },
  60_000,
)
