import { encodeWireEvent, FIELD_NAMES, systemClock, type UsageEvent, wireName } from '@tallystick/core/event'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { arbitraryEvent } from '../../../core/src/event/testing/arbitrary.ts'
import { openTallystick, type Tallystick } from '../open.ts'
import { openMemoryStore } from '../store/memory.ts'
import type { UsageStore } from '../store/store.ts'
import { createTestApp, NOW_MS, type TestApp } from './testing/test-app.ts'

const open: Tallystick[] = []
afterEach(async () => {
  for (const tallystick of open.splice(0)) await tallystick.close()
})

async function memory(): Promise<Tallystick> {
  const tallystick = await openTallystick({
    dataDir: '',
    store: 'memory:',
    // A server that keeps no addresses would take them out of what it is sent.
    clientAddress: { policy: 'full', trustedProxies: [] },
  })
  open.push(tallystick)
  return tallystick
}

const NDJSON = { 'content-type': 'application/x-ndjson' }
const exported = async (tallystick: Tallystick): Promise<string> =>
  (await tallystick.fetch(new Request('http://localhost/api/v1/export?consistency=applied'))).text()

async function filled(count: number, store?: UsageStore): Promise<TestApp> {
  const test = await createTestApp(store === undefined ? {} : { store })
  const events = Array.from({ length: count }, (_, index) => ({
    event_id: `e${index}`,
    timestamp_ms: NOW_MS - 3_600_000 + index,
    model: index % 2 === 0 ? 'gpt-4o' : '=HYPERLINK("x")',
    input_tokens: index,
    tags: { team: 'a' },
  }))
  for (let from = 0; from < count; from += 5_000)
    expect((await test.post('/api/v1/events', events.slice(from, from + 5_000))).status).toBe(200)
  return test
}

describe('GET /api/v1/export as NDJSON', () => {
  it('gives lines that another server takes and gives back byte for byte', async () => {
    const sent = arbitraryEvent({ money: 'sent' })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(sent, { minLength: 1, maxLength: 20, selector: (e) => e.eventId }),
        async (events) => {
          const first = await memory()
          const answer = await first.ingest.submit({
            items: events.map((event) => encodeWireEvent(event as UsageEvent)),
            door: 'native',
          })
          expect(answer.rejected).toEqual([])
          const lines = await exported(first)
          expect(lines.split('\n')).toHaveLength(answer.accepted + 1)
          const second = await memory()
          const taken = await second.fetch(
            new Request('http://localhost/api/v1/events', { method: 'POST', headers: NDJSON, body: lines }),
          )
          expect(await taken.json()).toMatchObject({ accepted: answer.accepted, rejected: [] })
          expect(await exported(second)).toBe(lines)
        },
      ),
      { seed: 7, numRuns: 25 },
    )
  })

  it('gives every event of the range and filters once, oldest first, over many pages', async () => {
    const test = await filled(10_500)
    const lines = async (search: string): Promise<number[]> => {
      const response = await test.call(`/api/v1/export${search}`)
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/x-ndjson'])
      const texts = (await response.text()).split('\n')
      expect(texts.pop()).toBe('')
      return texts.map((text) => (JSON.parse(text) as { input_tokens: number }).input_tokens)
    }
    const all = Array.from({ length: 10_500 }, (_, index) => index)
    expect(await lines('')).toEqual(all)
    expect(await lines('?format=ndjson&model=gpt-4o')).toEqual(all.filter((index) => index % 2 === 0))
    expect(await lines(`?from=${NOW_MS - 3_600_000 + 10}&to=${NOW_MS - 3_600_000 + 20}`)).toEqual(all.slice(10, 20))
    expect(await lines('?model=nothing')).toEqual([])
  })

  it('reads no further ahead than a page, and stops when the reader goes away', async () => {
    const inner = openMemoryStore({ clock: systemClock, maxEvents: 100_000 })
    let scans = 0
    const store: UsageStore = Object.assign(Object.create(inner) as UsageStore, {
      append: inner.append.bind(inner),
      scan: (request: Parameters<UsageStore['scan']>[0]) => {
        scans++
        return inner.scan(request)
      },
    })
    const test = await filled(20_000, store)
    const response = await test.call('/api/v1/export')
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(scans).toBeLessThanOrEqual(3)
    await reader.cancel()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(scans).toBeLessThanOrEqual(3)
  })
})

describe('GET /api/v1/export as CSV', () => {
  it('has a column for every member of the event and cells that no spreadsheet runs', async () => {
    const test = await filled(4)
    const response = await test.call('/api/v1/export?format=csv')
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    const rows = parse(await response.text(), { columns: true }) as Record<string, string>[]
    const names = Object.keys(rows[0] as object)
    expect(names.filter((name) => name !== 'timestamp')).toEqual(FIELD_NAMES.map(wireName))
    expect(rows.map((row) => row['input_tokens'])).toEqual(['0', '1', '2', '3'])
    expect(rows[1]).toMatchObject({
      event_id: 'e1',
      timestamp: '2026-11-21T11:00:00.001Z',
      request_model: `'=HYPERLINK("x")`,
      tags: '{"team":"a"}',
      output_tokens: '',
    })
  })

  it('has the columns that were asked for, in that order', async () => {
    const test = await filled(2)
    const response = await test.call('/api/v1/export?format=csv&columns=input_tokens,%20timestamp_ms')
    expect(await response.text()).toBe(`input_tokens,timestamp_ms\n0,${NOW_MS - 3_600_000}\n1,${NOW_MS - 3_599_999}\n`)
  })

  it.each([
    ['?format=csv&columns=input_tokns', 'unknown_value', 'input_tokens'],
    ['?columns=input_tokens', 'unknown_parameter', 'NDJSON'],
    ['?format=xml', 'unknown_value', 'ndjson'],
    ['?formt=csv', 'unknown_parameter', 'format'],
    ['?from=5&to=4', 'invalid_query', 'to'],
    ['?limit=5', 'unknown_parameter', 'limit'],
  ])('refuses %s with what is wrong', async (search, code, hint) => {
    const response = await (await createTestApp()).call(`/api/v1/export${search}`)
    const problem = (await response.json()) as { detail: string }
    expect([response.status, problem]).toMatchObject([400, { code }])
    expect(problem.detail).toContain(hint)
  })
})
