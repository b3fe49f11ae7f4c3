import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { tallystick } from '../e2e/cli.ts'
import { expectExactly, lawOf, requestsOf } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { killAndRestart } from './testing/kill-and-restart.ts'
import { LawWatch } from './testing/law-watch.ts'
import { Oracle } from './testing/oracle.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'
import { noSmallDisk, SmallDisk } from './testing/small-disk.ts'

let dataDir: string
let file: string
let flags: readonly string[]
const client = new HttpClient()
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'jsonl-store-'))
  file = join(dataDir, 'logs/analytics.jsonl')
  flags = ['--store', `jsonl:${file}`]
})
afterEach(async () => {
  await endServers()
  rmSync(dataDir, { recursive: true })
})

const documents = (): { id: string }[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { id: string })

const statusOf = async (url: string): Promise<{ readonly [name: string]: unknown }> =>
  ((await client.call(`${url}/api/v1/status`)).json as { store: { [name: string]: unknown } }).store

test(
  'killed at any moment, with small files that are rotated, nothing is lost or doubled in the documents',
  async () => {
    await killAndRestart(dataDir, thorough(2, 40), 5, ['--store', `jsonl:${file}?rotate_mb=1`], 3_000)
    expect(readdirSync(dirname(file)).filter((name) => name.endsWith('.jsonl')).length).toBeGreaterThan(1)
  },
  thorough(120_000, 900_000),
)

test('a file that is removed or emptied under the server is a store that was cleared; later events begin it anew', async () => {
  const oracle = new Oracle(1, Date.now())
  let server = await ServerProcess.start(dataDir, flags)
  const watch = new LawWatch(() => server.url)
  await oracle.sendNew(client, server.url, 500)
  await expectExactly(client, server.url, oracle.events())
  rmSync(file)
  expect(await requestsOf(client, server.url)).toBe(0)
  await oracle.sendNew(client, server.url, 50)
  await expectExactly(client, server.url, oracle.events().slice(500))
  truncateSync(file)
  expect(await requestsOf(client, server.url)).toBe(0)
  await oracle.sendNew(client, server.url, 30)
  await server.kill()
  server = await ServerProcess.start(dataDir, flags)
  await expectExactly(client, server.url, oracle.events().slice(550))
  expect(await server.stop()).toBe(0)
  rmSync(file)
  server = await ServerProcess.start(dataDir, flags)
  expect(await requestsOf(client, server.url)).toBe(0)
  expect(await lawOf(client, server.url)).toMatchObject({
    store: { balanced: true, accepted: 580, live: 0, cleared: 580, pending_apply: 0 },
  })
  await watch.stop()
  expect(watch.unbalanced).toEqual([])
  expect(oracle.broken).toEqual([])
  expect(await server.stop()).toBe(0)
}, 60_000)

test('an existing file answers, grows, agrees with the journal, and is kept by a rebuild', async () => {
  const seed = Array.from({ length: 3 }, (_, n) => ({
    id: `550e8400-e29b-41d4-a716-44665544000${n}`,
    timestamp: 1_704_067_200 + n,
    request: { endpoint: '/v1/chat/completions', method: 'POST', model: 'gpt-4o', stream: false, input_tokens: 42 },
    response: { status_code: 200, size_bytes: 512, output_tokens: 128, success: true, error_message: null },
    performance: { duration_ms: 1247, ttfb_ms: null, upstream_duration_ms: 1200 },
  }))
  const path = join(dataDir, 'analytics.jsonl')
  writeFileSync(path, `${seed.map((document) => JSON.stringify(document)).join('\n')}\nnot a document\n`)
  file = path
  // Without a path it is the file of the first description's name in the data directory.
  const here = ['--store', 'jsonl:']
  const oracle = new Oracle(1, Date.now())
  const server = await ServerProcess.start(dataDir, here)
  expect(await requestsOf(client, server.url)).toBe(3)
  await oracle.sendNew(client, server.url, 200)
  expect(await requestsOf(client, server.url)).toBe(203)
  expect(await statusOf(server.url)).toMatchObject({
    backend_type: 'jsonl',
    events: 203,
    foreign_events: 3,
    malformed_lines: 1,
  })
  const paged: string[] = []
  for (let cursor = ''; ; ) {
    const answer = await client.call(`${server.url}/api/v1/events?order=asc&limit=1${cursor}`)
    const page = answer.json as { events: { event_id: string }[]; next_cursor: string | null }
    paged.push(...page.events.map(({ event_id }) => event_id))
    if (page.next_cursor === null || paged.length === 5) break
    cursor = `&cursor=${page.next_cursor}`
  }
  expect(paged.slice(0, 3)).toEqual(seed.map(({ id }) => id))
  expect(new Set(paged).size).toBe(5)
  expect((await client.call(`${server.url}/api/v1/invariants?audit=1`)).json).toMatchObject({ ok: true })
  expect(await server.stop()).toBe(0)

  const all = [...here, '--data', dataDir]
  const agree = { code: 0, out: expect.stringContaining('All agree.') }
  if (LONG) expect(await tallystick(['verify', ...all])).toMatchObject(agree)
  const before = readFileSync(path, 'utf8')
  expect(await tallystick(['rebuild', ...all])).toMatchObject({ code: 0, out: expect.stringContaining('203 events') })
  expect(readFileSync(path, 'utf8').split('\n').sort()).toEqual(before.split('\n').sort())
  expect(await tallystick(['verify', ...all])).toMatchObject(agree)
  const asked = await tallystick(['query', '--from', '2000-01-01', '--measures', 'requests', '--json', ...all])
  expect(JSON.parse(asked.out)).toMatchObject({ rows: [{ requests: 203 }], answered_from: 'fold' })
}, 60_000)

test('what differs from the journal because somebody edited the file is told by verify', async () => {
  const server = await ServerProcess.start(dataDir, flags)
  const oracle = new Oracle(1, Date.now())
  await oracle.sendNew(client, server.url, 20)
  expect(await requestsOf(client, server.url)).toBe(20)
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace(/"prompt_tokens":(\d)/, '"prompt_tokens":9$1'))
  const verified = await client.call(`${server.url}/api/v1/invariants?audit=1`)
  expect(verified).toMatchObject({ json: { ok: false } })
  appendFileSync(file, 'rubbish\n')
  expect(await statusOf(server.url)).toMatchObject({ malformed_lines: 1, events: 20 })
  expect(await server.stop()).toBe(0)
}, 30_000)

describe.skipIf(noSmallDisk !== undefined)('on a disk of its own', () => {
  test('that is full, events wait in the journal and come through, once each, when there is space', async () => {
    const small = new SmallDisk(4)
    try {
      file = join(small.path, 'analytics.jsonl')
      const server = await ServerProcess.start(dataDir, ['--store', `jsonl:${file}`])
      const oracle = new Oracle(1, Date.now())
      await oracle.sendNew(client, server.url, 500)
      expect(await requestsOf(client, server.url)).toBe(500)
      for (let cycle = 0; cycle < thorough(2, 3); cycle++) {
        small.fill(cycle * 10_000)
        await oracle.sendNew(client, server.url, 300)
        await expect
          .poll(async () => (await lawOf(client, server.url)).store.pending_apply, { timeout: 10_000 })
          .toBeGreaterThan(0)
        expect(await lawOf(client, server.url)).toMatchObject({ balanced: true })
        for (const { id } of documents()) expect(id).toBeTypeOf('string')
        small.free()
        await expectExactly(client, server.url, oracle.events())
      }
      expect(new Set(documents().map(({ id }) => id)).size).toBe(oracle.issued)
      expect(documents().length).toBe(oracle.issued)
      expect(await server.stop()).toBe(0)
    } finally {
      await endServers()
      small.remove()
    }
  }, 60_000)
})
