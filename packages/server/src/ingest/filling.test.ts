import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openMemoryStore } from '../store/memory.ts'
import type { JournalFollower, UsageStore } from '../store/store.ts'
import { NOON, openBench, temporaryDir, uuidAt } from './testing/harness.ts'

const item = (n: number) => ({ event_id: uuidAt(NOON, n), timestamp_ms: NOON, model: 'gpt-4o', input_tokens: 100 })

/** A store that says it has applied so much, and notes when it is told of a journal. */
function followingStore(appliedOrdinal: number): { readonly store: UsageStore; readonly followed: number[] } {
  const memory = openMemoryStore({ maxEvents: 1_000 })
  const followed: number[] = []
  const follower: JournalFollower = {
    async follow(_dir, end) {
      followed.push(end.ordinal)
    },
    advance: () => undefined,
    progress: () => ({ appliedOrdinal, targetOrdinal: appliedOrdinal }),
    applied: async () => undefined,
  }
  const store = Object.assign(Object.create(memory) as UsageStore, {
    follower,
    stats: async () => ({ ...(await memory.stats()), appliedOrdinal }),
  })
  return { store, followed }
}

/** A directory with three events in its journal, in which ids cannot be kept. */
async function withoutIds(): Promise<string> {
  const dir = await temporaryDir()
  const before = await openBench({ dir })
  await before.ingest.submit({ items: [item(1), item(2), item(3)], door: 'native' })
  await before.close()
  await writeFile(join(dir, 'no-folder'), '')
  return dir
}

test('an empty store follows the journal before the ids are known; where they cannot be, the opening fails all the same', async () => {
  const dir = await withoutIds()
  const { store, followed } = followingStore(0)
  await expect(openBench({ dir, store, dedupDir: join(dir, 'no-folder') })).rejects.toThrow('EEXIST')
  expect(followed).toEqual([3])
})

test('a store that holds events is asked for ids first', async () => {
  const dir = await withoutIds()
  const { store, followed } = followingStore(2)
  await expect(openBench({ dir, store, dedupDir: join(dir, 'no-folder') })).rejects.toThrow('EEXIST')
  expect(followed).toEqual([])
})
