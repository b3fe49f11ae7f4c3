import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UsageEvent } from '@tallystick/core/event'
import { parseQuery, type ResultRow } from '@tallystick/core/query'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { ARBITRARY_FROM_MS, arbitraryEvent } from '../../../core/src/event/testing/arbitrary.ts'
import { focusProblems, type ReadRow, readFocus, scaled } from '../format/focus/testing/validate.ts'
import { openTallystick, type Tallystick } from '../open.ts'
import { openDuckdbStore } from '../store/duckdb/open.ts'
import { openMemoryStore } from '../store/memory.ts'
import type { UsageStore } from '../store/store.ts'
import { storedEvents } from '../store/testing/conformance.ts'
import { createTestApp, NOW_MS } from './testing/test-app.ts'

const open: Tallystick[] = []
afterEach(async () => {
  for (const tallystick of open.splice(0)) await tallystick.close()
})

async function focusOf(store: UsageStore, parameters = ''): Promise<string> {
  const { call } = await createTestApp({ store })
  const answer = await call(`/api/v1/export/focus?${parameters}`)
  expect(answer.status).toBe(200)
  return answer.text()
}

async function storeOf(events: readonly UsageEvent[]): Promise<UsageStore> {
  const store = openMemoryStore({ maxEvents: 100_000 })
  await store.append(events.map((event, index) => ({ ordinal: index + 1, receivedMs: event.timestampMs, event })))
  return store
}

const total = async (store: UsageStore, more: Record<string, unknown> = {}): Promise<readonly ResultRow[]> => {
  const measures = ['cost_nano_usd', 'cache_read_tokens', 'output_tokens', 'unpriced_requests']
  const query = parseQuery({ from: 0, to: NOW_MS, measures, limit: 10_000, ...more }, { nowMs: NOW_MS })
  return (await store.query(query)).rows
}

const billed = (rows: readonly ReadRow[]): bigint => rows.reduce((sum, row) => sum + scaled(row.get('BilledCost')), 0n)
/** Nano-USD in the unit of {@link scaled}. */
const nano = (value: unknown): bigint => BigInt((value as string | number | null) ?? 0) * 1_000_000n

describe('GET /api/v1/export/focus', () => {
  it('keeps the rules of FOCUS 1.2, and its rows come to the cost exactly: in all, by day, by model, by hour', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitraryEvent({ toMs: NOW_MS }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom('', 'interval=1h', 'tags=agent_id,tags.team,user_id&account=tenant_id&resource=agent_id'),
        async (events, parameters) => {
          const store = await storeOf(events)
          const text = await focusOf(store, parameters)
          expect(focusProblems(text)).toEqual([])
          const rows = readFocus(text)
          const [all = {}] = await total(store)
          expect(billed(rows)).toBe(nano(all['cost_nano_usd']))
          for (const [meter, measure] of [
            ['Cache read tokens', 'cache_read_tokens'],
            ['Output tokens', 'output_tokens'],
          ] as const) {
            const of = rows.filter((row) => row.get('SkuMeter') === meter)
            const sum = of.reduce((quantity, row) => quantity + BigInt(row.get('ConsumedQuantity') ?? 0), 0n)
            expect(sum).toBe(BigInt(all[measure] as string | number))
          }
          for (const day of await total(store, {
            interval: '1d',
            time_zone: 'UTC',
            from: events.reduce((least, { timestampMs }) => Math.min(least, timestampMs), NOW_MS - 1),
          })) {
            const date = new Date(Number(day['time_ms'])).toISOString().slice(0, 10)
            expect(billed(rows.filter((row) => row.get('ChargePeriodStart')?.startsWith(date)))).toBe(
              nano(day['cost_nano_usd']),
            )
          }
          if (parameters === '')
            for (const model of await total(store, { group_by: ['model'] })) {
              const of = rows.filter((row) => unquoted(row.get('ResourceId')) === model['model'])
              expect(billed(of)).toBe(nano(model['cost_nano_usd']))
            }
        },
      ),
      { seed: 31, numRuns: 40 },
    )
  }, 60_000)

  it('tells list prices as they are published, what was reported apart, and no price where nobody has one', async () => {
    const tallystick = await openTallystick({
      dataDir: '',
      store: 'memory:',
      clock: { now: () => NOW_MS, monotonic: () => 0 },
    })
    open.push(tallystick)
    const at = { timestamp_ms: NOW_MS - 3_600_000, provider: 'openai', model: 'gpt-4o' }
    await tallystick.ingest.submit({
      items: [
        { ...at, event_id: 'a', input_tokens: 1_234, cache_read_tokens: 1_000, output_tokens: 77 },
        { ...at, event_id: 'b', input_tokens: 3, output_tokens: 1, tenant_id: 'acme', tags: { team: 'search' } },
        { ...at, event_id: 'c', model: 'gpt-4o-mini', input_tokens: 10, output_tokens: 2, cost_nano_usd: 1_000 },
        { ...at, event_id: 'd', model: 'nobody-has-a-price', input_tokens: 5, output_tokens: 7 },
      ],
      door: 'native',
    })
    const answer = await tallystick.fetch(
      new Request('http://localhost/api/v1/export/focus?consistency=applied&tags=tags.team,agent_id'),
      { trusted: true },
    )
    const text = await answer.text()
    expect(focusProblems(text)).toEqual([])
    const rows = readFocus(text)
    const of = (model: string, meter: string | null, subAccount: string | null = null): Record<string, string | null> =>
      Object.fromEntries(
        rows.find(
          (row) =>
            row.get('ResourceId') === model && row.get('SkuMeter') === meter && row.get('SubAccountId') === subAccount,
        ) ?? [],
      )
    expect(of('gpt-4o', 'Input tokens')).toMatchObject({
      ListUnitPrice: '2.5',
      PricingQuantity: '0.000234',
      PricingUnit: '1000000 Tokens',
      ConsumedQuantity: '234',
      BilledCost: '0.000585',
      SkuPriceId: 'openai/gpt-4o/input',
      ProviderName: 'openai',
      Tags: null,
      x_Requests: '1',
    })
    expect(of('gpt-4o', 'Cache read tokens')).toMatchObject({
      ListUnitPrice: '1.25',
      BilledCost: '0.00125',
      x_Requests: null,
    })
    expect(of('gpt-4o', 'Input tokens', 'acme')).toMatchObject({ Tags: '{"team":"search"}', BilledCost: '0.0000075' })
    expect(of('gpt-4o-mini', null)).toMatchObject({
      ChargeCategory: 'Adjustment',
      ChargeDescription: 'Cost as reported, less the cost at list price',
    })
    expect(of('nobody-has-a-price', 'Output tokens')).toMatchObject({
      ListUnitPrice: null,
      BilledCost: '0',
      ConsumedQuantity: '7',
    })
    expect(of('nobody-has-a-price', 'Input tokens')).toMatchObject({ x_Requests: '1', x_UnpricedRequests: '1' })
  })

  it('has the cost of events that have expired, as the page has it, unless it is split by what totals do not know', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tallystick-focus-'))
    const clock = { now: () => NOW_MS, monotonic: () => 0 }
    const store = await openDuckdbStore({ path: join(dir, 'a.duckdb'), clock, maintainEveryMs: 0 })
    try {
      await store.append(storedEvents(300, 5))
      await store.maintain()
      const { eventsDropped } = await store.prune({ eventsBeforeMs: ARBITRARY_FROM_MS + 4 * 86_400_000 })
      expect(eventsDropped).toBeGreaterThan(100)
      const [all = {}] = await total(store)
      const text = await focusOf(store)
      expect(focusProblems(text)).toEqual([])
      expect(billed(readFocus(text))).toBe(nano(all['cost_nano_usd']))

      const { call } = await createTestApp({ store })
      expect((await call('/api/v1/export/focus')).headers.get('x-tallystick-raw-from')).toBeNull()
      const split = await call('/api/v1/export/focus?tags=session_id')
      expect(split.headers.get('x-tallystick-raw-from')).toBe(String(ARBITRARY_FROM_MS + 4 * 86_400_000))
      expect(billed(readFocus(await split.text()))).toBeLessThan(nano(all['cost_nano_usd']))
    } finally {
      await store.close()
      rmSync(dir, { recursive: true })
    }
  })

  it('has nothing that a spreadsheet would run, and a head when there is nothing to tell', async () => {
    const [event] = fc.sample(arbitraryEvent({ kinds: ['llm_request_completed'], toMs: NOW_MS }), {
      seed: 1,
      numRuns: 1,
    })
    const hostile = { ...(event as UsageEvent), requestModel: '=HYPERLINK("x")', tenantId: '@a', outputTokens: 5 }
    const text = await focusOf(await storeOf([hostile]))
    expect(text).toContain(`"'=HYPERLINK(""x"")"`)
    expect(text).not.toMatch(/(^|,)"?[=@]/m)
    expect((await focusOf(openMemoryStore())).split('\n')).toHaveLength(2)
  })

  it('refuses names that are no dimensions, and a day with too many combinations, before anything is sent', async () => {
    const store = openMemoryStore({ maxEvents: 100_000 })
    const [event] = fc.sample(arbitraryEvent({ kinds: ['llm_request_completed'], toMs: NOW_MS }), {
      seed: 1,
      numRuns: 1,
    })
    await store.append(
      Array.from({ length: 10_001 }, (_, index) => ({
        ordinal: index + 1,
        receivedMs: 1,
        event: { ...(event as UsageEvent), eventId: `e${index}`, userId: `u${index}` },
      })),
    )
    const { call } = await createTestApp({ store })
    const refused = async (parameters: string): Promise<unknown> => {
      const answer = await call(`/api/v1/export/focus?${parameters}`)
      return [answer.status, ((await answer.json()) as { code: string }).code]
    }
    expect(await refused('account=acount')).toEqual([400, 'unknown_dimension'])
    expect(await refused('tags=agent_id,nothing')).toEqual([400, 'unknown_dimension'])
    expect(await refused('interval=1w')).toEqual([400, 'unknown_value'])
    expect(await refused('tags=user_id')).toEqual([422, 'too_many_groups'])
  })
})

/** As it was before the cell was made safe for spreadsheets. */
const unquoted = (text: string | null | undefined): string | null => text?.replace(/^'/, '') ?? null
