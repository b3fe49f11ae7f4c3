import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openJournal } from '@tallystick/core/journal'
import { afterEach, describe, expect, test } from 'vitest'
import { openJsonlStore } from '../store/jsonl/open.ts'
import { openMemoryStore } from '../store/memory.ts'
import type { UsageStore } from '../store/store.ts'
import { openIngest } from './open-ingest.ts'
import { openBench, prices, temporaryDir } from './testing/harness.ts'

/** Four events, one of them without a price, and two records of new prices: as the first version that wrote them left it. */
const GOLDEN = fileURLToPath(new URL('./fixtures/golden-reprice-v1', import.meta.url))

const opened: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function figures(store: UsageStore): Promise<readonly unknown[]> {
  const events = await store.held({ first: 1, last: 100 }, 100)
  return events.map(({ ordinal, event }) => [
    ordinal,
    event.costNanoUsd,
    event.repricedUpNanoUsd,
    event.repricedDownNanoUsd,
    event.repricedPriceId,
  ])
}

describe('new prices in the journal', () => {
  test.each(['memory', 'jsonl'])('of the first version are read by every later one: %s', async (kind) => {
    const dir = await temporaryDir()
    const journalDir = join(dir, 'journal')
    await cp(GOLDEN, journalDir, { recursive: true })
    const log = await openJournal({ dir: journalDir, keepMs: Number.POSITIVE_INFINITY })
    opened.push(() => log.close())
    const store = kind === 'memory' ? openMemoryStore() : await openJsonlStore({ path: join(dir, 'e.jsonl') })
    opened.push(() => store.close())
    const ingest = await openIngest({ store, prices, journal: { log, dir: journalDir }, dedupDir: join(dir, 'dedup') })
    opened.push(() => ingest.close())
    await ingest.applied()
    expect(await figures(store)).toEqual([
      [1, 2_500_000, 0, undefined, '2026-12-02/openai/gpt-4o/0'],
      [2, 2_500_000, 100, undefined, '2026-12-02/openai/gpt-4o/0'],
      [3, undefined, 750_000, undefined, 'override/91a9f7d8e7'],
      [5, 2_500_000, undefined, undefined, undefined],
    ])
    expect(await ingest.invariants()).toMatchObject({ balanced: true, store: { applied_ordinal: 6, live: 4 } })
  })

  test('are durable when they resolve, change no count, and are refused while it stops', async () => {
    const { ingest, store, journal } = await openBench()
    await ingest.submit({
      items: [
        { event_id: 'a', model: 'm' },
        { event_id: 'b', model: 'm' },
      ],
      door: 'native',
    })
    const [first] = await store.held({ first: 1, last: 2 }, 2)
    const { timestampMs } = first?.event ?? { timestampMs: 0 }
    const record = {
      writtenMs: 1,
      version: 'v',
      fromMs: timestampMs,
      toMs: timestampMs + 1,
      events: [{ ordinal: 1, differenceNanoUsd: 9, priceId: 'p' }],
    }
    const before = ingest.counts()
    await ingest.reprice(record)
    expect(journal.end().ordinal).toBe(3)
    await ingest.applied()
    expect((await figures(store))[0]).toMatchObject({ 2: 9, 4: 'p' })
    expect(ingest.counts()).toEqual(before)
    expect(await ingest.invariants()).toMatchObject({ balanced: true })
    await ingest.close()
    await expect(ingest.reprice(record)).rejects.toMatchObject({ code: 'shutting_down' })
  })
})
