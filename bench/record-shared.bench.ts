import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { EventStore, type RecordableEvent, type SharedEventStore } from '@tallystick/core'
import type { WriterTask } from './record-shared-writer.ts'
import { line, machine, median, option } from './report.ts'

/**
 * Recording from other threads: each records prepared events as fast as it can, this one takes them over into its store.
 * Beside it the same events as messages, which this thread's store records: what one would write without shared memory.
 * `taken out`: this thread also takes every event out of the store, as an object, and checks that it is its writer's next.
 *
 *   npm run bench -- record-shared [--rounds 5] [--events 1000000]
 */
const rounds = Number(option('rounds', '5'))
const events = Number(option('events', '1000000'))
const MESSAGES = 100_000
console.log(machine())

interface Figures {
  /** Recorded, handed over and taken into the store, per second of wall clock. */
  readonly eventsPerSecond: number
  /** CPU time of all threads for each event. */
  readonly cpuNs: number
}

interface Contender {
  readonly name: string
  run(): Promise<Figures>
}

const contenders: Contender[] = (['seed', 'full'] as const).flatMap((shape) => [
  { name: `messages, 2 writers, ${shape}`, run: () => messages(2, shape) },
  { name: `1 writer, ${shape}`, run: () => shared(1, shape, false) },
  { name: `2 writers, ${shape}`, run: () => shared(2, shape, false) },
  { name: `2, taken out, ${shape}`, run: () => shared(2, shape, true) },
])

const results = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]))
for (let round = 0; round < rounds; round++) {
  for (const { name, run } of contenders) results.get(name)?.push(await run())
}
const medianOf = (name: string, of: (figures: Figures) => number): number => median((results.get(name) ?? []).map(of))
for (const { name } of contenders) {
  const perSecond = medianOf(name, (figures) => figures.eventsPerSecond)
  const shape = name.endsWith('seed') ? 'seed' : 'full'
  line(name, {
    'events/s': perSecond,
    'of messages': perSecond / medianOf(`messages, 2 writers, ${shape}`, (figures) => figures.eventsPerSecond),
    'CPU ns': medianOf(name, (figures) => figures.cpuNs),
  })
}
process.exit(0)

async function shared(writers: number, shape: WriterTask['shape'], takenOut: boolean): Promise<Figures> {
  const store = EventStore.shared({ writers, overflow: 'drop-oldest', capacity: takenOut ? 50_000 : 10_000 })
  const next = new Map<string, number>()
  const tasks = Array.from({ length: writers }, (_, writer) => ({
    handle: store.handle(writer),
    ...{ writer, events, shape, numbered: takenOut },
  }))
  const figures = await timed(tasks, async (wait) => {
    for (let came = 0; came < writers * events; ) {
      const more = takenOut ? takeOut(store, next) : store.collect()
      came += more
      if (more === 0) wait()
    }
  })
  // What a full ring refused was counted, and recorded again.
  const total = store.stats().totalRequests - (store.ledgers()[0]?.dropped.get('queue_full') ?? 0)
  if (total !== writers * events) throw new Error(`${writers * events} events were recorded, ${total} counted`)
  return figures
}

async function messages(writers: number, shape: WriterTask['shape']): Promise<Figures> {
  const store = new EventStore({ overflow: 'drop-oldest' })
  const tasks = Array.from({ length: writers }, (_, writer) => ({ writer, events: MESSAGES, shape, numbered: false }))
  return timed(tasks, async (_, threads) => {
    let came = 0
    await new Promise<void>((resolve) => {
      for (const thread of threads) {
        thread.on('message', (event: RecordableEvent) => {
          store.record(event)
          if (++came === writers * MESSAGES) resolve()
        })
      }
    })
  })
}

async function timed(
  tasks: readonly Omit<WriterTask, 'control'>[],
  take: (wait: () => void, threads: readonly Worker[]) => Promise<void>,
): Promise<Figures> {
  const control = new SharedArrayBuffer(8)
  const ints = new Int32Array(control)
  const threads = tasks.map((task) => {
    const workerData: WriterTask = { ...task, control }
    return new Worker(new URL('./record-shared-writer.js', import.meta.url), { workerData })
  })
  const exits = Promise.all(threads.map((thread) => once(thread, 'exit')))
  while (Atomics.load(ints, 0) < threads.length) await new Promise((resolve) => setTimeout(resolve, 5))
  const cpu = process.cpuUsage()
  const start = performance.now()
  Atomics.store(ints, 1, 1)
  Atomics.notify(ints, 1)
  await take(() => Atomics.wait(ints, 1, 1, 0.1), threads)
  const seconds = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  await exits
  const total = tasks.reduce((sum, task) => sum + task.events, 0)
  return { eventsPerSecond: total / seconds, cpuNs: ((user + system) * 1_000) / total }
}

/** @returns how many events came */
function takeOut(store: SharedEventStore, next: Map<string, number>): number {
  const taken = store.drainAll()
  for (const { providerId = '', promptChars } of taken) {
    const expected = next.get(providerId) ?? 0
    if (promptChars !== expected) throw new Error(`event ${promptChars} of ${providerId} came in place of ${expected}`)
    next.set(providerId, expected + 1)
  }
  return taken.length
}
