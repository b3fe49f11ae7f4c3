import { expect, test } from 'vitest'
import { openMemoryStore } from './memory.ts'
import { describeStore, storedEvents } from './testing/conformance.ts'

describeStore('memory', { open: async (_dir, clock) => openMemoryStore({ clock }) })

test('keeps the newest events of the most it may keep, in order, however they come', async () => {
  const events = storedEvents(120, 5)
  const store = openMemoryStore({ maxEvents: 50 })
  for (let at = 0; at < events.length; at += 7) await store.append(events.slice(at, at + 7))
  const newest = [...events]
    .sort((a, b) => a.event.timestampMs - b.event.timestampMs || a.ordinal - b.ordinal)
    .slice(-50)
  const page = await store.scan({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, filters: [], limit: 100, ascending: true })
  expect(page.events).toEqual(newest)
  expect(await store.stats()).toMatchObject({ events: 50, appliedOrdinal: 120 })
})
