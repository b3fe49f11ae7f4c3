import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readJournal } from '@tallystick/core/journal'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type OpenOptions, openTallystick, type Tallystick } from '../open.ts'

let dataDir: string
const open: Tallystick[] = []
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tallystick-reprice-'))
})
afterEach(async () => {
  for (const tallystick of open.splice(0)) await tallystick.close()
  await rm(dataDir, { recursive: true, force: true })
})

/** USD per million tokens of input of each model; output is free. */
async function start(prices: Record<string, number>, options: Partial<OpenOptions> = {}): Promise<Tallystick> {
  const content = overrides(prices)
  const tallystick = await openTallystick({ dataDir, prices: [{ name: 'prices.json', content }], ...options })
  open.push(tallystick)
  return tallystick
}
const stop = async (): Promise<void> => {
  for (const tallystick of open.splice(0)) await tallystick.close()
}

type Json = Record<string, unknown>

async function ask(tallystick: Tallystick, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
  const headers = { 'content-type': 'application/json' }
  const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await tallystick.fetch(new Request(`http://localhost${path}`, init), { trusted: true })
  return { status: response.status, body: (await response.json()) as Json }
}

const DAY = 86_400_000
const FROM = Date.UTC(2026, 9, 5)
const RANGE = { from: FROM, to: FROM + 4 * DAY }
const event = (id: string, model: string, day: number, more: Json = {}): Json => ({
  event_id: id,
  timestamp_ms: FROM + day * DAY + 23 * 3_600_000,
  provider: 'openai',
  model,
  input_tokens: 1_000,
  output_tokens: 1,
  ...more,
})

async function reprice(tallystick: Tallystick, more: Json = {}): Promise<Json> {
  const started = await ask(tallystick, '/api/v1/repricings', { ...RANGE, ...more })
  expect(started).toMatchObject({ status: 202, body: { state: 'running' } })
  for (;;) {
    const { body } = await ask(tallystick, `/api/v1/repricings/${started.body['id']}`)
    if (body['state'] !== 'running') return body
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function figures(tallystick: Tallystick, groupBy: readonly string[] = ['model']): Promise<readonly unknown[]> {
  const { body } = await ask(tallystick, '/api/v1/query?consistency=applied', {
    ...RANGE,
    measures: ['requests', 'cost_nano_usd', 'repriced_cost_nano_usd'],
    group_by: groupBy,
    order_by: 'requests',
  })
  return (body['rows'] as readonly Json[])
    .map((row) => [...groupBy.map((name) => row[name]), row['cost_nano_usd'], row['repriced_cost_nano_usd']])
    .sort()
}

const EVENTS = [
  event('a', 'dear', 0),
  event('b', 'dear', 1),
  event('c', 'cheap', 1),
  event('d', 'new', 2),
  event('e', 'gone', 2),
  event('f', 'dear', 2, { cost_nano_usd: 77 }),
  event('g', 'same', 3),
  { event_id: 'h', timestamp_ms: FROM, kind: 'tool_invocation', tool_name: 'search' },
]
const OLD = { dear: 1, cheap: 1, gone: 1, same: 1 }
const NEW = { dear: 3, cheap: 0.5, new: 2, same: 1 }
const BILLED = [
  ['cheap', 1_000_000, 1_000_000],
  ['dear', 2_000_077, 2_000_077],
  ['gone', 1_000_000, 1_000_000],
  ['new', null, null],
  ['same', 1_000_000, 1_000_000],
]
const REPRICED = [
  ['cheap', 1_000_000, 500_000],
  ['dear', 2_000_077, 6_000_077],
  ['gone', 1_000_000, 1_000_000],
  ['new', null, 2_000_000],
  ['same', 1_000_000, 1_000_000],
]

async function begin(options: Partial<OpenOptions> = {}): Promise<Tallystick> {
  const before = await start(OLD, options)
  await before.ingest.submit({ items: EVENTS, door: 'test', ack: 'applied' })
  return before
}

const models = async (tallystick: Tallystick): Promise<readonly unknown[]> =>
  (await figures(tallystick)).filter((row) => (row as unknown[])[0] !== null)

describe('pricing a range anew', () => {
  it('compares by day and model first, and writes nothing', async () => {
    await begin()
    await stop()
    const after = await start(NEW)
    const ordinal = after.journal?.end().ordinal
    const run = await reprice(after, { dry_run: true })
    expect(run).toMatchObject({ state: 'done', dry_run: true, changed: 4, progress: { events: 7, of: 7 } })
    const report = run['report'] as Json
    expect(report).toMatchObject({ reported: 1, kept: 1, foreign: 0, expired: 0 })
    expect(report['totals']).toEqual({
      events: 7,
      changed: 4,
      unpriced_before: 1,
      unpriced_now: 0,
      billed_nano_usd: 5_000_077,
      repriced_nano_usd: 10_500_077,
      difference_nano_usd: 5_500_000,
    })
    expect(
      (report['rows'] as readonly Json[]).map(({ day, model, difference_nano_usd: by }) => [day, model, by]),
    ).toEqual([
      ['2026-10-05', 'dear', 2_000_000],
      ['2026-10-06', 'cheap', -500_000],
      ['2026-10-06', 'dear', 2_000_000],
      ['2026-10-07', 'dear', 0],
      ['2026-10-07', 'gone', 0],
      ['2026-10-07', 'new', 2_000_000],
      ['2026-10-08', 'same', 0],
    ])
    expect((report['rows'] as readonly Json[]).find(({ model }) => model === 'new')).toMatchObject({
      unpriced_before: 1,
      unpriced_now: 0,
      billed_nano_usd: null,
      repriced_nano_usd: 2_000_000,
    })
    expect(await models(after)).toEqual(BILLED)
    expect(after.journal?.end().ordinal).toBe(ordinal)
    expect((await ask(after, '/api/v1/repricings')).body).toEqual({ repricings: [] })
    // 23:00 UTC is the next day in Kathmandu.
    const zoned = (await reprice(after, { dry_run: true, time_zone: 'Asia/Kathmandu' }))['report'] as Json
    expect((zoned['rows'] as readonly Json[])[0]).toMatchObject({ day: '2026-10-06', model: 'dear' })
  })

  it.each(['duckdb:', 'jsonl:', 'memory:'])('shows both figures on a store of %s, and is audited', async (scheme) => {
    const store = scheme === 'duckdb:' ? {} : { store: scheme === 'jsonl:' ? `jsonl:${dataDir}/e.jsonl` : scheme }
    let tallystick = await begin(store)
    if (scheme === 'memory:') tallystick.prices.reload({ overrides: [{ name: 'p', content: overrides(NEW) }] })
    else {
      await stop()
      tallystick = await start(NEW, store)
    }
    const run = await reprice(tallystick)
    expect(run).toMatchObject({ state: 'done', changed: 4 })
    expect(await models(tallystick)).toEqual(REPRICED)
    const { body } = await ask(tallystick, `/api/v1/events?from=${FROM}&to=${FROM + 4 * DAY}&limit=20`)
    const told = (body['events'] as readonly Json[]).find(({ event_id: id }) => id === 'c') as Json
    expect(told).toMatchObject({ cost_nano_usd: 1_000_000, repriced_down_nano_usd: 500_000 })
    expect(told['repriced_price_id']).not.toBe(told['price_id'])
    expect((await ask(tallystick, '/api/v1/audit')).body['entries']).toMatchObject([
      { action: 'events.reprice', target: run['id'], facts: { version: run['version'], from_ms: FROM } },
    ])
    expect((await ask(tallystick, '/api/v1/invariants')).body).toMatchObject({ balanced: true })
    // What is done already stays: repeating it writes nothing.
    const ordinal = tallystick.journal?.end().ordinal
    expect(await reprice(tallystick)).toMatchObject({ state: 'done', changed: 0 })
    expect(tallystick.journal?.end().ordinal).toBe(ordinal)
  })

  it('takes one model or provider only', async () => {
    await begin()
    await stop()
    const after = await start(NEW)
    expect(await reprice(after, { model: 'cheap', provider: 'openai' })).toMatchObject({ changed: 1, model: 'cheap' })
    expect(await reprice(after, { provider: 'nobody' })).toMatchObject({ changed: 0, progress: { events: 0, of: 0 } })
    expect(await models(after)).toEqual(BILLED.map((row) => (row[0] === 'cheap' ? ['cheap', 1_000_000, 500_000] : row)))
  })

  it('comes to the same when the store is made again from the journal, whatever the prices are by then', async () => {
    await begin()
    await stop()
    await reprice(await start(NEW))
    await stop()
    await rm(join(dataDir, 'tallystick.duckdb'))
    const rebuilt = await start({ dear: 100, cheap: 100 })
    expect(await models(rebuilt)).toEqual(REPRICED)
    // The newest re-pricing wins, the bill stays; what has no price any more keeps the figure it has.
    await reprice(rebuilt)
    expect(await models(rebuilt)).toEqual(
      REPRICED.map((row) => {
        if (row[0] === 'cheap') return ['cheap', 1_000_000, 100_000_000]
        return row[0] === 'dear' ? ['dear', 2_000_077, 200_000_077] : row
      }),
    )
  })

  it('counts what has expired and what a clear has removed', async () => {
    await begin()
    await stop()
    const after = await start(NEW, { retainEventsMs: Date.now() - (FROM + 2 * DAY) })
    await (after.store as unknown as { maintain?: () => Promise<void> }).maintain?.()
    await after.store.prune({ eventsBeforeMs: FROM + 2 * DAY })
    const run = await reprice(after)
    expect(run).toMatchObject({ changed: 1, progress: { events: 4, of: 7 }, report: { expired: 3 } })
    expect(await figures(after, [])).toEqual([[5_000_077, 7_000_077]])
    await after.ingest.clear()
    expect(await reprice(after)).toMatchObject({ changed: 0, progress: { events: 0, of: 0 } })
  })

  it('one at a time; a request that makes no sense is refused', async () => {
    const tallystick = await begin()
    const both = await Promise.all([
      ask(tallystick, '/api/v1/repricings', RANGE),
      ask(tallystick, '/api/v1/repricings', RANGE),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual([202, 409])
    for (const body of [
      {},
      { from: FROM },
      [],
      { ...RANGE, modle: 'x' },
      { ...RANGE, dry_run: 'yes' },
      { from: 'x', to: 1 },
    ])
      expect(await ask(tallystick, '/api/v1/repricings', body)).toMatchObject({
        status: 400,
        body: { code: 'invalid_query' },
      })
    expect(await ask(tallystick, '/api/v1/repricings/none')).toMatchObject({
      status: 404,
      body: { code: 'repricing_not_found' },
    })
  })

  it('one that was cut short is told, what it wrote counts, and the next one writes the rest', async () => {
    const before = await begin()
    const [, second] = (await before.store.held({ first: 1, last: 9 }, 9)).map(({ ordinal }) => ordinal)
    const { timestampMs } = (await before.store.held({ first: 2, last: 2 }, 1))[0]?.event ?? { timestampMs: 0 }
    const change = { ordinal: second as number, differenceNanoUsd: 2_000_000, priceId: 'override/x' }
    const run = { id: 'r1', state: 'running', version: 'p/r1', fromMs: FROM, toMs: FROM + DAY, startedMs: 1 } as const
    await before.state.write([{ table: 'repricings', id: 'r1', row: run }])
    await before.ingest.reprice({
      writtenMs: 1,
      version: run.version,
      fromMs: timestampMs,
      toMs: timestampMs + 1,
      events: [change],
    })
    await stop()
    const after = await start(NEW)
    expect((await ask(after, '/api/v1/repricings')).body).toMatchObject({
      repricings: [{ id: 'r1', state: 'interrupted', changed: null }],
    })
    expect((await figures(after)).find((row) => (row as unknown[])[0] === 'dear')).toEqual([
      'dear',
      2_000_077,
      4_000_077,
    ])
    expect(await reprice(after)).toMatchObject({ changed: 3 })
    expect(await models(after)).toEqual(REPRICED)
    const records = []
    for await (const batch of readJournal({ dir: join(dataDir, 'journal') })) records.push(...batch.records)
    const versions = records.filter(({ type }) => type === 'reprice').map(({ body }) => body['version'])
    expect(versions).toEqual(['p/r1', expect.stringMatching(/^.+\/[0-9a-f-]{36}$/)])
  })
})

function overrides(prices: Record<string, number>): object {
  return {
    prices: Object.entries(prices).map(([model, input]) => ({ model, usd_per_million: { input, output: 0 } })),
  }
}
