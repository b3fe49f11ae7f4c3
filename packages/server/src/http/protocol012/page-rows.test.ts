import type { UsageEvent } from '@tallystick/core/event'
import { parseQuery } from '@tallystick/core/query'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openMemoryStore } from '../../store/memory.ts'
import type { ScanRequest, UsageStore } from '../../store/store.ts'
import { pageRows } from './page-rows.ts'

const FROM_MS = Date.UTC(2025, 0, 1)
const TO_MS = Date.UTC(2026, 0, 1)
const QUERY = parseQuery({ from: FROM_MS, to: TO_MS, measures: ['requests'] }, { nowMs: TO_MS })
const KINDS = parseQuery(
  { filters: { kind: ['llm_request_completed', 'llm_request_failed'] } },
  { nowMs: TO_MS },
).filters

async function storeOf(instants: readonly number[]): Promise<UsageStore> {
  const store = openMemoryStore({ maxEvents: 1_000_000 })
  await store.append(
    instants.map((timestampMs, index) => {
      // Every seventh is no request and must not be counted.
      const kind = index % 7 === 6 ? ('router_started' as const) : ('llm_request_completed' as const)
      const event: UsageEvent = { eventId: `e${index}`, timestampMs, kind, requestModel: 'm', success: true }
      return { ordinal: index + 1, receivedMs: timestampMs, event }
    }),
  )
  return store
}

/** Ids of a page, and how many rows were read for it. */
async function page(store: UsageStore, skip: number, limit: number): Promise<{ ids: string[]; read: number }> {
  let read = 0
  const source = {
    query: (query: Parameters<UsageStore['query']>[0]) => store.query(query),
    scan: async (request: ScanRequest) => {
      const found = await store.scan(request)
      read += found.events.length
      return found
    },
  }
  const rows = await pageRows(source, QUERY, KINDS, skip, limit)
  return { ids: rows.map(({ event }) => event.eventId), read }
}

async function allIds(store: UsageStore): Promise<string[]> {
  const ids: string[] = []
  let after: ScanRequest['after']
  do {
    const found = await store.scan({
      fromMs: FROM_MS,
      toMs: TO_MS,
      filters: KINDS,
      limit: 10_000,
      ...(after && { after }),
    })
    ids.push(...found.events.map(({ event }) => event.eventId))
    after = found.next
  } while (after !== undefined)
  return ids
}

describe('a page', () => {
  it('is that slice of all rows, newest first, wherever it lies', async () => {
    // Clusters: most of a year is empty, and some hours, minutes and milliseconds are crowded.
    const instants = fc
      .array(
        fc.record({
          at: fc.integer({ min: FROM_MS, max: TO_MS - 1 }),
          width: fc.constantFrom(1, 1_000, 60_000, 3_600_000, 86_400_000 * 40),
          count: fc.integer({ min: 1, max: 2_500 }),
        }),
        { minLength: 1, maxLength: 4 },
      )
      .map((clusters) =>
        clusters.flatMap(({ at, width, count }) =>
          Array.from({ length: count }, (_, index) => Math.min(TO_MS - 1, at + ((index * 7_919) % width))),
        ),
      )
    await fc.assert(
      fc.asyncProperty(instants, fc.array(fc.nat(10_000), { minLength: 3, maxLength: 3 }), async (times, skips) => {
        const store = await storeOf(times)
        const ids = await allIds(store)
        for (const skip of skips)
          expect((await page(store, skip % (ids.length + 1), 17)).ids).toEqual(
            ids.slice(skip % (ids.length + 1), (skip % (ids.length + 1)) + 17),
          )
      }),
      { seed: 5, numRuns: 40 },
    )
  }, 60_000)

  it('costs no more than about a thousand rows, however deep', async () => {
    const store = await storeOf(Array.from({ length: 60_000 }, (_, index) => FROM_MS + index * 3))
    const ids = await allIds(store)
    for (const skip of [0, 999, 25_000, ids.length - 5]) {
      const { ids: found, read } = await page(store, skip, 100)
      expect(found).toEqual(ids.slice(skip, skip + 100))
      expect(read).toBeLessThanOrEqual(1_100)
    }
  })
})
