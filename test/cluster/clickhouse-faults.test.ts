import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTallystick, type Tallystick } from 'tallystick'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LONG } from '../../packages/core/src/testing/thorough.ts'
import { type ClickhouseEngine, startClickhouse } from '../engines/clickhouse/start.ts'
import { knownEvent, totalsByDay } from '../faults/testing/known-event.ts'
import { ClickhouseProxy, type Fault } from './testing/clickhouse-proxy.ts'

/** F-22: whatever becomes of ClickHouse or of the way there, the journal keeps everything and each event counts once in the end. */
let engine: ClickhouseEngine
let proxy: ClickhouseProxy
let dataDir: string
let database: string
let databases = 0
let open: Tallystick | undefined
beforeAll(async () => {
  engine = await startClickhouse()
}, 60_000)
afterAll(() => engine?.stop())
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'clickhouse-faults-'))
  database = `faults_${process.pid}_${++databases}`
  proxy = await ClickhouseProxy.start(engine.url)
})
afterEach(async () => {
  proxy.heal()
  await open?.close()
  open = undefined
  await proxy.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const RECENT_MS = Date.now() - 60_000
const BATCH = 40

async function start(): Promise<Tallystick> {
  open = await openTallystick({ dataDir, store: proxy.storeUrl(database) })
  return open
}

async function submit(server: Tallystick, first: number, batches: number): Promise<void> {
  for (let batch = first; batch < first + batches; batch++) {
    const items = Array.from({ length: BATCH }, (_, index) => knownEvent(batch * BATCH + index, RECENT_MS))
    const { accepted } = await server.ingest.submit({ items, door: 'test' })
    expect(accepted).toBe(BATCH)
  }
}

type Json = Readonly<Record<string, unknown>>

async function ask(server: Tallystick, path: string, body?: object): Promise<Json> {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await server.fetch(new Request(`http://localhost${path}`, init), { trusted: true })
  return (await answer.json()) as Json
}

/** In the engine itself: as many rows as ids, as FINAL shows them. */
async function once(): Promise<string> {
  return engine.run(
    'SELECT count(), uniqExact(event_id, event_id_text), count() = uniqExact(event_id, event_id_text) FROM events FINAL',
    database,
  )
}

async function expectAll(server: Tallystick, batches: number): Promise<void> {
  // It is tried again every five seconds at the least.
  await expect.poll(async () => (await ask(server, '/readyz'))['status'], { timeout: 20_000 }).toBe('ready')
  await server.ingest.applied()
  const all = Array.from({ length: batches * BATCH }, (_, number) => knownEvent(number, RECENT_MS))
  const { rows } = (await ask(server, '/api/v1/query?consistency=applied', {
    from: '2000-01-01T00:00:00Z',
    to: Date.now() + 86_400_000,
    measures: ['requests', 'input_tokens', 'cost_nano_usd', 'duration_ms_sum'],
    interval: '1d',
    time_zone: 'UTC',
    limit: 1000,
  })) as unknown as { rows: Json[] }
  const days = new Map(rows.filter(({ requests }) => requests !== 0).map((row) => [row['time_ms'] as number, row]))
  const expected = totalsByDay(all)
  expect(days.size).toBe(expected.size)
  for (const [day, { requests, input_tokens, cost_nano_usd, duration_ms_sum }] of expected)
    expect(days.get(day)).toMatchObject({ requests, input_tokens, cost_nano_usd, duration_ms_sum })
  expect(await once()).toBe(`${all.length}\t${all.length}\t1\n`)
  expect((await ask(server, '/readyz'))['status']).toBe('ready')
}

/** Blocks that were sent again are the same as before, under the same token. */
function expectSameAgain(): void {
  const byToken = new Map<string, Set<string>>()
  for (const { token, hash } of proxy.blocks) {
    expect(token).not.toBeNull()
    byToken.set(token as string, (byToken.get(token as string) ?? new Set()).add(hash))
  }
  for (const hashes of byToken.values()) expect(hashes.size).toBe(1)
  const failed = proxy.blocks.filter(({ fault }) => fault !== undefined)
  expect(failed.length).toBeGreaterThan(0)
  for (const { token } of failed)
    expect(proxy.blocks.some((block) => block.token === token && block.fault === undefined)).toBe(true)
}

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['is not there', 'down'],
  // The store's own `shared.test.ts` loses a whole answer in the short run too.
  ...(LONG ? ([['has done it and the answer is lost', 'lose_answer']] as const) : []),
  ['has done it and the answer breaks off', 'half_answer'],
  [
    'has too many parts',
    { code: 252, message: 'Too many parts (300). Merges are processing slower. (TOO_MANY_PARTS)' },
  ],
  ...(LONG
    ? ([['is read-only', { code: 164, message: 'Cannot execute query in readonly mode. (READONLY)' }]] as const)
    : []),
]

describe('while ClickHouse', () => {
  it.each(FAULTS)(
    '%s, events are safe, the status says what is wrong, and in the end each counts once',
    async (_, fault) => {
      const server = await start()
      await submit(server, 0, 2)
      await server.ingest.applied()
      proxy.plan('INSERT INTO events', fault, 5)
      await submit(server, 2, 3)
      await expect.poll(async () => (await ask(server, '/readyz'))['status'], { timeout: 20_000 }).toBe('unavailable')
      const { readiness } = (await ask(server, '/api/v1/status')) as { readonly readiness: Json }
      expect(readiness['store_error']).toMatch(/ClickHouse/)
      // Events are taken all the same.
      await submit(server, 5, 1)
      await expectAll(server, 6)
      expectSameAgain()
    },
    30_000,
  )

  it('is killed and started again, a server that goes on has everything in the end', async () => {
    const server = await start()
    await submit(server, 0, 2)
    await engine.kill()
    await submit(server, 2, 2)
    await engine.restart()
    await submit(server, 4, 1)
    await expectAll(server, 5)
  }, 60_000)

  it('is away, a server that is started anew takes events and hands them over later', async () => {
    const first = await start()
    await submit(first, 0, 2)
    await expectAll(first, 2)
    proxy.plan('', 'down', 1_000_000)
    await submit(first, 2, 1)
    await first.close()
    const second = await start()
    await submit(second, 3, 1)
    expect((await ask(second, '/readyz'))['status']).toBe('unavailable')
    proxy.heal()
    await expectAll(second, 4)
  }, 60_000)
})
