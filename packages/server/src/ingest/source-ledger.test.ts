import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openJournal, readJournal } from '@tallystick/core/journal'
import { afterEach, describe, expect, test } from 'vitest'
import { openDuckdbStore } from '../store/duckdb/open.ts'
import { openMemoryStore } from '../store/memory.ts'
import type { UsageStore } from '../store/store.ts'
import type { Ingest } from './ingest.ts'
import type { GapReport } from './invariants.ts'
import { openIngest } from './open-ingest.ts'
import { addedDrops, ledgersBody, ledgersFromJournal, type SourceLedger } from './source-ledger.ts'
import { gate, turn } from './testing/gate.ts'
import { NOON, openBench, prices, temporaryDir } from './testing/harness.ts'

const door = 'native'
const item = (seq: number): object => ({
  event_id: `e${seq}`,
  model: 'm',
  source_id: 'gw',
  epoch: 1,
  seq,
  timestamp_ms: NOON,
})
const ledger = (recorded: number, evicted: number, more: Partial<SourceLedger> = {}): SourceLedger => ({
  sourceId: 'gw',
  epoch: 1,
  recorded,
  dropped: new Map([['evicted', evicted]]),
  ...more,
})

/** 0, 1 and 4 arrive; 2 and 3 were dropped, and the source says so. */
async function tell(ingest: Ingest): Promise<void> {
  await ingest.submit({ items: [item(0), item(1)], door })
  await ingest.submit({ items: [item(4)], ledgers: [ledger(5, 2)], door })
}

async function gapsOf(ingest: Ingest): Promise<GapReport> {
  const { balanced, gaps } = await ingest.invariants()
  expect(balanced).toBe(true)
  return gaps
}

const told = {
  missing: 2,
  told: 2,
  untold: 0,
  outstanding: 0,
  reasons: { evicted: 2 },
  worst: [{ source_id: 'gw', recorded: 5, dropped: { evicted: 2 } }],
}

const opened: UsageStore[] = []
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})

describe('reasons of several sources', () => {
  test('are added, those with most by name, and their sum is that of all', () => {
    const said = [
      new Map([['evicted', 2]]),
      new Map([
        ['evicted', 3],
        ['other', 7],
      ]),
      new Map(Array.from({ length: 20 }, (_, at) => [`reason-${at}`, at + 1] as const)),
    ]
    const added = addedDrops(said)
    expect([...added].reduce((sum, [, count]) => sum + count, 0)).toBe(5 + 7 + 210)
    expect([added.size, added.get('evicted'), added.get('reason-19')]).toEqual([17, 5, 20])
    // 1 to 4, and one of the two fives: more than sixteen are not named.
    expect(added.get('other')).toBe(7 + 10 + 5)
    expect(addedDrops([])).toEqual(new Map())
  })
})

describe('a ledger', () => {
  test('is a record of the journal, of a form that later versions must read', async () => {
    const dir = await temporaryDir()
    const ledgers = [
      ledger(5, 2),
      ledger(9, 0, { tenantId: 'ten "ant"', epoch: 3, dropped: new Map([['__proto__', 1]]) }),
    ]
    const journal = await openJournal({ dir, clock: { now: () => NOON, monotonic: () => 0 } })
    const { position } = journal.end()
    await journal.append([{ type: 'meta', body: ledgersBody(ledgers) }]).durable
    await journal.close()
    const text = (await readFile(join(dir, '0000000001.jsonl'))).subarray(position.offset).toString()
    expect(text).toBe(
      '{"t":"meta","n":1,"ledgers":[{"source_id":"gw","epoch":1,"recorded":5,"dropped":{"evicted":2}},' +
        '{"tenant_id":"ten \\"ant\\"","source_id":"gw","epoch":3,"recorded":9,"dropped":{"__proto__":1}}],"c":"4bebad34"}\n',
    )
    for await (const { records } of readJournal({ dir }))
      expect(records.map(({ type, body }) => ledgersFromJournal(type, body))).toEqual([ledgers])
  })

  test('explains a gap at once, after a restart, and when everything is made anew from the journal', async () => {
    const dir = await temporaryDir()
    const first = await openBench({ dir })
    await tell(first.ingest)
    expect(await gapsOf(first.ingest)).toMatchObject(told)
    await first.close()

    const second = await openBench({ dir, store: openMemoryStore() })
    expect(await gapsOf(second.ingest)).toMatchObject(told)
    await second.close()

    await rm(join(dir, 'dedup'), { recursive: true })
    const third = await openBench({ dir, store: openMemoryStore() })
    expect(await gapsOf(third.ingest)).toMatchObject(told)
    await third.close()
  })

  test('that was answered survives a kill', async () => {
    const dir = await temporaryDir()
    const held = await openBench({ dir })
    await tell(held.ingest)
    const copy = await temporaryDir()
    const name = '0000000001.jsonl'
    await openJournal({ dir: join(copy, 'journal') }).then((journal) => journal.close())
    await writeFile(join(copy, 'journal', name), await readFile(join(dir, 'journal', name)))
    const killed = await openBench({ dir: copy, store: openMemoryStore() })
    expect(await gapsOf(killed.ingest)).toMatchObject(told)
  })

  test('stays through a clear: what has arrived has arrived', async () => {
    const { ingest } = await openBench()
    await tell(ingest)
    await ingest.clear()
    expect(await gapsOf(ingest)).toMatchObject(told)
  })

  test('belongs to the tenant that was authenticated, whatever it says', async () => {
    const { ingest } = await openBench()
    await ingest.submit({
      items: [],
      ledgers: [ledger(3, 3, { tenantId: 'other' })],
      door,
      principal: { tenantId: 't' },
    })
    expect((await gapsOf(ingest)).worst).toMatchObject([{ tenant_id: 't', told: 3 }])
  })

  test('that says nothing new is no record, and one that says what was dropped is one before the answer', async () => {
    const { ingest, journal, clock } = await openBench()
    const records = async (...ledgers: SourceLedger[]): Promise<number> => {
      const before = journal.end().ordinal
      expect(await ingest.submit({ items: [], ledgers, door })).toMatchObject({ received: 0 })
      return journal.end().ordinal - before
    }
    expect(await records(ledger(5, 2), ledger(1, 1, { epoch: 2 }))).toBe(1)
    expect(await records(ledger(5, 2))).toBe(0)
    expect(await records(ledger(6, 2))).toBe(0)
    expect(await records(ledger(6, 3))).toBe(1)
    clock.set(NOON + 10_000)
    expect(await records(ledger(7, 3))).toBe(1)
    expect(await records()).toBe(0)
  })

  test('that could not be kept fails its delivery, and is kept when it is sent again', async () => {
    const held = gate()
    const { ingest, journal } = await openBench({ wrap: held.wrap })
    const answer = ingest.submit({ items: [], ledgers: [ledger(5, 2)], door })
    const refused = expect(answer).rejects.toMatchObject({ code: 'disk_full' })
    await turn()
    expect(held.waiting).toBe(1)
    held.fail()
    await refused
    held.open()
    await ingest.submit({ items: [item(4)], ledgers: [ledger(5, 2)], door })
    expect(journal.end().ordinal).toBe(2)
    expect(await gapsOf(ingest)).toMatchObject({ told: 2 })
  })

  test.each([
    ['is handed its events', async () => openMemoryStore()],
    ['reads the journal', async () => openDuckdbStore({ path: join(await temporaryDir(), 'events.duckdb') })],
  ])('at the end of the journal is passed by a store that %s', async (_, open) => {
    const store = await open()
    opened.push(store)
    const { ingest, journal } = await openBench({ store })
    await tell(ingest)
    await ingest.submit({ items: [], ledgers: [ledger(6, 3)], door })
    await ingest.drain()
    const { ordinal } = journal.end()
    expect(ordinal).toBe(5)
    expect(ingest.progress()).toMatchObject({ appliedOrdinal: ordinal, targetOrdinal: ordinal })
    expect(await ingest.invariants()).toMatchObject({
      balanced: true,
      store: { accepted: 3, live: 3, pending_apply: 0 },
    })
  })

  test('is known without a journal too, for as long as the process lives', async () => {
    const ingest = await openIngest({ store: openMemoryStore(), prices })
    await tell(ingest)
    expect(await gapsOf(ingest)).toMatchObject(told)
    await ingest.close()
  })
})
