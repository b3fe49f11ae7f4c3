import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openDuckdbStore } from '../store/duckdb/open.ts'
import { openMemoryStore } from '../store/memory.ts'
import type { UsageStore } from '../store/store.ts'
import { openIngest } from './open-ingest.ts'
import { gate, turn } from './testing/gate.ts'
import { idsIn, NOON, openBench, prices, temporaryDir } from './testing/harness.ts'

const item = (event_id: string) => ({ event_id, timestamp_ms: NOON, model: 'gpt-4o', input_tokens: 100 })
const door = 'native'

const stores: { readonly name: string; readonly open: () => Promise<UsageStore> }[] = [
  { name: 'a store that is handed its events', open: async () => openMemoryStore() },
  {
    name: 'a store that reads the journal',
    open: async () => {
      const store = await openDuckdbStore({ path: join(await temporaryDir(), 'events.duckdb') })
      opened.push(store)
      return store
    },
  },
]
const opened: UsageStore[] = []
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})

describe.each(stores)('clearing $name', ({ open }) => {
  test('removes what was accepted before and nothing of what comes after', async () => {
    const { ingest, store } = await openBench({ store: await open() })
    await ingest.submit({ items: [item('a'), item('b')], door })
    await ingest.clear()
    expect(await idsIn(store)).toEqual([])
    await ingest.submit({ items: [item('c')], door })
    await ingest.drain()
    expect(await idsIn(store)).toEqual(['c'])
    const law = await ingest.invariants()
    expect(law).toMatchObject({ balanced: true, store: { accepted: 3, live: 1, cleared: 2, pending_apply: 0 } })
  })

  test('keeps the ids: a late retry brings nothing back', async () => {
    const { ingest, store } = await openBench({ store: await open() })
    await ingest.submit({ items: [item('a')], door })
    await ingest.clear()
    expect(await ingest.submit({ items: [item('a')], door })).toMatchObject({ accepted: 0, duplicate: 1 })
    await ingest.drain()
    expect(await idsIn(store)).toEqual([])
  })

  test('tells whoever asked once it is done', async () => {
    const { ingest } = await openBench({ store: await open() })
    let told = 0
    const stop = ingest.onCleared(() => told++)
    await ingest.clear()
    stop()
    await ingest.clear()
    expect(told).toBe(1)
  })
})

describe('clearing', () => {
  test('takes its place among deliveries under way: those before it go, those after it stay', async () => {
    const held = gate()
    const { ingest, store } = await openBench({ wrap: held.wrap })
    const before = ingest.submit({ items: [item('a')], door })
    await turn()
    const cleared = ingest.clear()
    const after = ingest.submit({ items: [item('b')], door })
    await turn()
    held.open()
    await Promise.all([before, cleared, after])
    await ingest.drain()
    expect(await idsIn(store)).toEqual(['b'])
  })

  test('that could not be journaled removes nothing and says why', async () => {
    const held = gate()
    const { ingest, store } = await openBench({ wrap: held.wrap })
    const before = ingest.submit({ items: [item('a')], door })
    await turn()
    held.pass()
    await before
    const cleared = ingest.clear()
    await turn()
    held.fail()
    await expect(cleared).rejects.toMatchObject({ code: 'disk_full' })
    held.open()
    await ingest.submit({ items: [item('b')], door })
    await ingest.drain()
    expect(await idsIn(store)).toEqual(['a', 'b'])
  })

  test('holds after a restart with a store that forgot everything', async () => {
    const bench = await openBench()
    await bench.ingest.submit({ items: [item('a'), item('b')], door })
    await bench.ingest.clear()
    await bench.ingest.submit({ items: [item('c')], door })
    await bench.close()
    await rm(join(bench.dir, 'dedup'), { recursive: true, force: true })
    const again = await openBench({ dir: bench.dir })
    await again.ingest.drain()
    expect(await idsIn(again.store)).toEqual(['c'])
    expect(await again.ingest.submit({ items: [item('a')], door })).toMatchObject({ accepted: 0, duplicate: 1 })
  })

  test('works without a journal', async () => {
    const store = openMemoryStore()
    const ingest = await openIngest({ store, prices })
    await ingest.submit({ items: [item('a')], door })
    await ingest.clear()
    await ingest.submit({ items: [item('b')], door })
    await ingest.drain()
    expect(await idsIn(store)).toEqual(['b'])
    await ingest.close()
    await expect(ingest.clear()).rejects.toMatchObject({ code: 'shutting_down' })
  })
})
