import type { UsageEvent } from '@tallystick/core'
import { expect } from 'vitest'
import { builtCore, pause, startThread } from './threads.ts'

/** What happened over all kills. */
export interface Kills {
  readonly arrived: number
  readonly midRecord: number
}

/**
 * Starts a thread that records without end, ends it after a random while, and settles the account, again and again with the
 * same store and writer.
 */
export async function killLoop(kills: number, seed: number): Promise<Kills> {
  const { EventStore } = await builtCore()
  const store = EventStore.shared({ writers: 1, ringBytes: 128 * 1024, capacity: 1_000_000 })
  let random = seed
  let arrived = 0
  let dropped = 0
  let midRecord = 0
  for (let kill = 0; kill < kills; kill++) {
    const progress = new Int32Array(new SharedArrayBuffer(12))
    const { worker, ended } = startThread(store, 0, { kind: 'until_killed', progress: progress.buffer })
    while (Atomics.load(progress, 2) === 0) await pause(1)
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0
    const until = Atomics.load(progress, 2) + ((random >>> 8) % 3_000)
    while (Atomics.load(progress, 2) < until) {
      store.collect()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await worker.terminate()
    await ended

    const events = store.drainAll()
    const [begun = 0, kept = 0, finished = 0] = progress
    const left = (store.dropped.get('queue_full') ?? 0) - dropped
    const torn = (store.dropped.get('worker_exit') ?? 0) - midRecord
    dropped += left
    midRecord += torn
    arrived += events.length
    // At most the event that was being recorded is neither here nor counted as dropped.
    expect(begun - finished).toBeLessThanOrEqual(1)
    expect([0, 1]).toContain(torn)
    expect([finished, begun]).toContain(events.length + left + torn)
    expect([0, 1]).toContain(events.length - kept)
    checkIntact(events)
  }
  const [ledger] = store.ledgers()
  expect(ledger?.recorded).toBe(arrived + dropped + midRecord)
  expect(store.stats().totalRequests).toBe(arrived + dropped)
  return { arrived, midRecord }
}

/** Each event is one that the thread made, whole, and comes after the one before. */
function checkIntact(events: readonly UsageEvent[]): void {
  let last = -1
  for (const { promptChars: index = -1, requestModel, userId, errorMessage = '', tags, inputTokens } of events) {
    const made = {
      requestModel: `model-${index % 7}`,
      userId: `user-${index - (index % 5)}`,
      errorMessage: '\u00e9'.repeat(index % 200),
      tags: index % 3 === 0 ? { index: String(index), text: '\u6a21'.repeat(index % 60) } : undefined,
      inputTokens: 10,
    }
    if (index <= last) expect.unreachable(`event ${index} after event ${last}`)
    last = index
    expect({ requestModel, userId, errorMessage, tags, inputTokens }).toEqual(made)
  }
}
