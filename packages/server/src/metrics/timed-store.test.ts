import { parseQuery } from '@tallystick/core/query'
import { expect, it } from 'vitest'
import { openMemoryStore } from '../store/memory.ts'
import type { UsageStore } from '../store/store.ts'
import { timedStore } from './timed-store.ts'

const QUERY = parseQuery({ from: 0, to: 1, measures: ['requests'] }, { nowMs: 0 })

function clockOf(stepMs: number): { now: () => number; monotonic: () => number } {
  let at = 0
  return { now: () => 0, monotonic: () => (at += stepMs) }
}

it('tells how long each question took, and nothing of what else a store does', async () => {
  const took: number[] = []
  const store = timedStore(openMemoryStore(), clockOf(7), (ms) => took.push(ms))
  await store.query(QUERY)
  await store.scan({ fromMs: 0, toMs: 1, filters: [], limit: 1 })
  await store.stats()
  await store.append([])
  expect(took).toEqual([7, 7])
})

it('tells of a question that failed, which fails as it did', async () => {
  const took: number[] = []
  const broken: UsageStore = { ...plain(), query: () => Promise.reject(new Error('broken')) }
  await expect(timedStore(broken, clockOf(3), (ms) => took.push(ms)).query(QUERY)).rejects.toThrow('broken')
  expect(took).toEqual([3])
})

it('has what the store has, and does not have what it does not', () => {
  const store = plain()
  const full: UsageStore = {
    ...store,
    audit: async () => ({ differences: [] }),
    copyTo: async () => ({ appliedOrdinal: 0 }),
    belongTo: async () => undefined,
  }
  const optional = ['audit', 'copyTo', 'belongTo', 'follower'] as const
  const has = (one: UsageStore): readonly boolean[] => optional.map((name) => name in one)
  expect(has(timedStore(store, clockOf(1), () => undefined))).toEqual([false, false, false, false])
  expect(has(timedStore(full, clockOf(1), () => undefined))).toEqual([true, true, true, false])
})

/** A memory store as an object of functions. */
function plain(): UsageStore {
  const store = openMemoryStore()
  return timedStore(store, clockOf(0), () => undefined)
}
