import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { EventStore, type SharedEventStore } from '@tallystick/core'
import type { WriterTask } from './record-shared-writer.ts'

export interface SharedFigures {
  /** Recorded, handed over and taken into the store, per second of wall clock. */
  readonly eventsPerSecond: number
  /** CPU time of all threads for each event. */
  readonly cpuNs: number
  /** Events that did not arrive, arrived twice or out of order; 0 unless something is wrong. */
  readonly wrong: number
}

/**
 * Recording through shared memory: so many threads record prepared events as fast as they can, this one takes them over.
 *
 * @param drained whether this thread also takes every event out of the store, as an object, and checks its number; otherwise
 * the store lets the oldest go and the sums are checked
 */
export async function measureShared(
  writers: number,
  events: number,
  shape: WriterTask['shape'],
  drained: boolean,
): Promise<SharedFigures> {
  const store = EventStore.shared({ writers, overflow: 'drop-oldest', capacity: drained ? 50_000 : 10_000 })
  const control = new SharedArrayBuffer(8)
  const ints = new Int32Array(control)
  const threads = Array.from({ length: writers }, (_, writer) => {
    const workerData: WriterTask = { handle: store.handle(writer), writer, events, shape, numbered: drained, control }
    return new Worker(new URL('./record-shared-writer.js', import.meta.url), { workerData })
  })
  const exits = Promise.all(threads.map((thread) => once(thread, 'exit')))
  while (Atomics.load(ints, 0) < writers) await new Promise((resolve) => setTimeout(resolve, 5))

  const next = new Map<string, number>()
  let wrong = 0
  const cpu = process.cpuUsage()
  const start = performance.now()
  Atomics.store(ints, 1, 1)
  Atomics.notify(ints, 1)
  for (let came = 0; came < writers * events; ) {
    const more = drained ? drain(store, next) : store.collect()
    came += Math.abs(more)
    if (more < 0) wrong++
    if (more === 0) Atomics.wait(ints, 1, 1, 0.1)
  }
  const seconds = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  await exits
  const total = writers * events
  return { eventsPerSecond: total / seconds, cpuNs: ((user + system) * 1_000) / total, wrong }
}

/** @returns how many events came; negative if one of them is not the next of its writer */
function drain(store: SharedEventStore, next: Map<string, number>): number {
  let sign = 1
  const events = store.drainAll()
  for (const { providerId = '', promptChars } of events) {
    const expected = next.get(providerId) ?? 0
    if (promptChars !== expected) sign = -1
    next.set(providerId, expected + 1)
  }
  return sign * events.length
}
