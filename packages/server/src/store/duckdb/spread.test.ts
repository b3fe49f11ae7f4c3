import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UsageEvent } from '@tallystick/core/event'
import { QUANTITY_OF, type Quantity } from '@tallystick/core/query'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { spreadFolder } from '../spread.ts'
import { LocalDuckdbStore } from './local.ts'

const COST = QUANTITY_OF.get('cost_nano_usd') as Quantity
const AT_MS = 1_760_000_000_000

let dir: string
let store: LocalDuckdbStore
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tallystick-spread-'))
  store = await LocalDuckdbStore.open({
    path: join(dir, 'store.duckdb'),
    memoryLimitMb: 256,
    checkpointMb: 16,
    threads: 1,
    maintainEveryMs: 0,
  })
})
afterEach(async () => {
  await store.close()
  await rm(dir, { recursive: true })
})

const eventOf = (index: number, costNanoUsd: number): UsageEvent => ({
  eventId: `e${index}`,
  timestampMs: AT_MS + index,
  kind: 'llm_request_completed',
  requestModel: 'm',
  costNanoUsd,
})

async function expectExact(costs: readonly number[]): Promise<void> {
  const events = costs.map((cost, index) => eventOf(index, cost))
  await store.append(events.map((event, index) => ({ ordinal: index + 1, receivedMs: AT_MS, event })))
  const request = { fromMs: 0, toMs: AT_MS * 2, filters: [], quantity: COST }
  const folder = spreadFolder(request)
  for (const event of events) folder.add(event)
  expect(await store.spread(request)).toEqual(folder.result())
}

test('finds the middle of more values in one bucket of the sketch than are fetched in order', async () => {
  // All from 2^40 to 2^40 + 2^33, half a bucket: the counting has to be made finer twice.
  await expectExact(Array.from({ length: 50_000 }, (_, index) => 2 ** 40 + ((index * 7_919_993) % 2 ** 33)))
})

test('finds the middle where most values are one', async () => {
  await expectExact(Array.from({ length: 50_001 }, (_, index) => (index % 3 === 0 ? index + 2 ** 20 : 2 ** 20 + 7)))
})

test('tells both middle values where they lie in buckets far apart, up to the greatest safe integer', async () => {
  await expectExact([0, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1])
})
