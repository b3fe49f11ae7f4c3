import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Journal, type JournalEnd, openJournal } from '@tallystick/core/journal'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Repricing } from '../repriced.ts'
import { repricingBody } from '../repricing-record.ts'
import { type FollowedStore, Follower } from './follow.ts'
import type { Rows } from './rows.ts'

let dir = ''
let journal: Journal
let failing: Error | undefined
let attempts = 0
const told: unknown[] = []
const ordinals: number[] = []
const repriced: number[][] = []

/** Takes what it is given, unless it has been told to fail. */
class MoodyStore implements FollowedStore {
  position: JournalEnd['position'] | undefined
  appliedOrdinal = 0
  async belongTo(): Promise<void> {}
  async append(rows: Rows, next: JournalEnd): Promise<void> {
    attempts++
    if (failing !== undefined) throw failing
    for (let index = 0; index < rows.length; index++) ordinals.push(rows.ordinal(index))
    this.position = next.position
    this.appliedOrdinal = next.ordinal
  }
  async reprice(repricings: readonly Repricing[], next: JournalEnd): Promise<void> {
    repriced.push(repricings.map(({ ordinal }) => ordinal))
    this.position = next.position
    this.appliedOrdinal = next.ordinal
  }
  async clear(next: JournalEnd): Promise<void> {
    this.position = next.position
    this.appliedOrdinal = next.ordinal
  }
}

const write = async (count: number): Promise<void> => {
  const body = '"r":1,"h":"0","e":{"event_id":"a","timestamp_ms":1,"kind":"router_started"}'
  await journal.append(Array.from({ length: count }, () => ({ type: 'event' as const, body }))).durable
}
const following = async (): Promise<Follower> => {
  const follower = new Follower(new MoodyStore(), { onError: (error) => told.push(error), onDamage: () => undefined })
  await follower.follow(join(dir, 'journal'), journal.end())
  return follower
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tallystick-follow-'))
  journal = await openJournal({ dir: join(dir, 'journal'), commitDelayMs: 0 })
  failing = undefined
  attempts = 0
  told.length = 0
  ordinals.length = 0
  repriced.length = 0
})
afterEach(async () => {
  await journal.close()
  await rm(dir, { recursive: true, force: true })
})

test('a store that cannot be written shows why in its progress, and whoever waits for it is told', async () => {
  failing = new Error('no space left')
  await write(3)
  const follower = await following()
  await vi.waitFor(() =>
    expect(follower.progress()).toEqual({ appliedOrdinal: 0, targetOrdinal: 3, error: 'no space left' }),
  )
  await expect(follower.applied(3)).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringContaining('no space left'),
  })
  expect(told).toEqual([failing])
  await expect(follower.applied(3)).rejects.toMatchObject({ code: 'store_unavailable' })
  failing = undefined
  await vi.waitFor(() => expect(follower.progress()).toEqual({ appliedOrdinal: 3, targetOrdinal: 3 }), 10_000)
  await follower.applied(3)
  expect(ordinals).toEqual([1, 2, 3])
  await follower.stop()
}, 20_000)

test('a store that fails once or twice keeps nobody from getting there', async () => {
  failing = new Error('opened anew')
  await write(2)
  const follower = await following()
  const applied = follower.applied(2)
  await vi.waitFor(() => expect(attempts).toBeGreaterThanOrEqual(2), 10_000)
  failing = undefined
  await applied
  expect(follower.progress()).toEqual({ appliedOrdinal: 2, targetOrdinal: 2 })
  await follower.stop()
}, 20_000)

test('commits that come meanwhile do not make a failing store try more often', async () => {
  failing = new Error('no space left')
  await write(1)
  const follower = await following()
  await vi.waitFor(() => expect(attempts).toBe(1))
  for (let count = 0; count < 20; count++) {
    await write(1)
    follower.advance(journal.end())
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(attempts).toBeLessThan(4)
  await follower.stop()
})

test('whoever waits when it stops, or comes later, is told', async () => {
  failing = new Error('away')
  await write(1)
  const follower = await following()
  const waiting = expect(follower.applied(1)).rejects.toMatchObject({ code: 'store_unavailable' })
  await follower.stop()
  await waiting
  await expect(follower.applied(1)).rejects.toMatchObject({ code: 'store_unavailable' })
})

test('new prices that follow each other are handed over together, at their place among events and clears', async () => {
  const reprice = async (...events: readonly number[]): Promise<void> => {
    const changes = events.map((ordinal) => ({ ordinal, differenceNanoUsd: 1, priceId: 'p' }))
    const body = repricingBody({ writtenMs: 1, version: 'v', fromMs: 1, toMs: 2, events: changes })
    await journal.append([{ type: 'reprice', body }]).durable
  }
  await write(2)
  await reprice(1)
  await reprice(2)
  await write(1)
  await reprice(3)
  await journal.append([{ type: 'clear', body: '"r":1' }]).durable
  await reprice(5)
  // Not one of ours.
  await journal.append([{ type: 'reprice', body: '"r":1' }]).durable
  const follower = await following()
  await follower.applied(9)
  expect(ordinals).toEqual([1, 2, 5])
  expect(repriced).toEqual([[3, 4], [6], [8]])
  expect(follower.progress()).toEqual({ appliedOrdinal: 9, targetOrdinal: 9 })
  await follower.stop()
})
