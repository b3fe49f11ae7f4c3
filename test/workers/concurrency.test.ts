import type { UsageEvent } from '@tallystick/core'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { builtCore, runThreads, startThread, type Task } from './testing/threads.ts'

let core: Awaited<ReturnType<typeof builtCore>>
beforeAll(async () => {
  core = await builtCore()
})

const tasks = (writers: number, events: number, model: (writer: number) => string = () => 'gpt-4'): Task[] =>
  Array.from({ length: writers }, (_, writer) => ({
    kind: 'record',
    events,
    model: model(writer),
    agentId: `writer-${writer}`,
  }))

/** Numbers of each writer's events, in the order in which they arrived. */
function numbersOf(events: readonly UsageEvent[]): Map<string, (number | undefined)[]> {
  const numbers = new Map<string, (number | undefined)[]>()
  for (const { agentId = '', promptChars } of events) {
    const of = numbers.get(agentId)
    if (of === undefined) numbers.set(agentId, [promptChars])
    else of.push(promptChars)
  }
  return numbers
}

// Starting a hundred threads takes long on a machine that is busy.
vi.setConfig({ testTimeout: 120_000 })

describe('threads that record into one store', () => {
  /** What has come of so many events, each once and in the order of its thread. */
  const expectEach = (store: ReturnType<typeof core.EventStore.shared>, writers: number, each: number): void => {
    const all = writers * each
    expect([store.length, store.stats().totalRequests, store.droppedCount]).toEqual([all, all, 0])
    const numbers = numbersOf(store.snapshotEvents())
    expect(numbers.size).toBe(writers)
    for (const of of numbers.values()) expect(of).toEqual(Array.from({ length: each }, (_, number) => number))
    expect(new Set(store.snapshotEvents().map((event) => event.eventId)).size).toBe(all)
  }

  it('T:concurrency 100 threads of 10 events make 1,000, each once and in the order of its thread', async () => {
    const store = core.EventStore.shared({ writers: 100, ringBytes: 64 * 1024 })
    await runThreads(store, tasks(100, 10))
    expectEach(store, 100, 10)
  })

  it.each(LONG ? [64 * 1024, undefined] : [64 * 1024])(
    'T:concurrency 10 threads of 100 events, five for each of two models, with rings of %s bytes: each once and in order, 500 and 500, exact sums',
    async (ringBytes) => {
      const store = core.EventStore.shared({ writers: 10, ...(ringBytes === undefined ? {} : { ringBytes }) })
      await runThreads(
        store,
        tasks(10, 100, (writer) => (writer % 2 === 0 ? 'gpt-4' : 'gpt-3.5-turbo')),
      )
      expectEach(store, 10, 100)
      // 1,000 requests, 10,000 in, 5,000 out, 100,000 micro-USD.
      const sums = { totalRequests: 1000, totalInputTokens: 10_000, totalOutputTokens: 5_000, totalCostMicros: 100_000 }
      expect(store.stats()).toMatchObject(sums)
      expect(store.writerTotals()).toMatchObject({ requests: 1000, inputTokens: 10_000, costNanoUsd: 100_000_000 })
      const { byModel } = store.stats()
      expect([byModel.get('gpt-4')?.requestCount, byModel.get('gpt-3.5-turbo')?.requestCount]).toEqual([500, 500])
    },
  )

  it('T:concurrency a reader sees at most what has been written, whole snapshots, and figures that never go back', async () => {
    const store = core.EventStore.shared({ writers: 10 })
    let running = true
    const writing = runThreads(store, tasks(10, 100)).finally(() => {
      running = false
    })
    let last = 0
    while (running) {
      const { totalRequests } = store.stats()
      const events = store.snapshotEvents()
      expect(totalRequests).toBeGreaterThanOrEqual(last)
      expect(events.length).toBeGreaterThanOrEqual(totalRequests)
      expect(events.map((event) => event.seq)).toEqual(events.map((_, seq) => seq))
      last = totalRequests
      await new Promise((resolve) => setImmediate(resolve))
    }
    await writing
    expect([last <= 1000, store.stats().totalRequests]).toEqual([true, 1000])
  })

  it('T:concurrency threads that write and one that drains: 1,000 counted, each drained once', async () => {
    const store = core.EventStore.shared({ writers: 10 })
    const drained: UsageEvent[] = []
    let running = true
    const writing = runThreads(store, tasks(10, 100)).finally(() => {
      running = false
    })
    while (running) {
      drained.push(...store.drainAll())
      await new Promise((resolve) => setImmediate(resolve))
    }
    await writing
    drained.push(...store.drainAll())
    expect(store.stats().totalRequests).toBe(1000)
    expect(drained.map((event) => event.seq)).toEqual(Array.from({ length: 1000 }, (_, seq) => seq))
    expect(store.droppedCount).toBe(0)
  })

  // Ten at once: the others are started when these have ended, on writers of their own.
  const writers = thorough(12, 20)
  it(`T:concurrency ${writers} threads of 500 events while the store records and is asked for figures`, async () => {
    const store = core.EventStore.shared({ writers, capacity: 20_000 })
    let own = 0
    let running = true
    const writing = runThreads(store, tasks(writers, 500)).finally(() => {
      running = false
    })
    while (running) {
      store.recordEvent({ kind: 'llm_request_completed', provider: 'openai', model: 'gpt-4' })
      own++
      expect(store.stats().totalRequests).toBeGreaterThanOrEqual(own)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await writing
    expect(store.stats().totalRequests).toBe(writers * 500 + own)
  })
})

it('totals are never torn: whoever reads them finds only whole events, while the thread records', async () => {
  const store = core.EventStore.shared({ writers: 1, overflow: 'drop-oldest' })
  const thread = startThread(store, 0, { kind: 'record', events: 300_000, model: 'gpt-4', agentId: 'one' })
  let running = true
  void thread.ended.finally(() => {
    running = false
  })
  let last = 0
  let looks = 0
  while (running) {
    for (let look = 0; look < 200; look++, looks++) {
      const { requests, inputTokens, outputTokens, costNanoUsd } = store.writerTotals()
      if (Number(inputTokens) !== requests * 10 || Number(outputTokens) !== requests * 5) expect.unreachable()
      if (Number(costNanoUsd) !== requests * 100_000 || requests < last) expect.unreachable()
      last = requests
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  await thread.ended
  expect(store.writerTotals().requests).toBe(300_000)
  expect(looks).toBeGreaterThan(0)
})

it('a thread whose store is busy elsewhere fills its ring: what it left out is counted, and nothing else is lost', async () => {
  const store = core.EventStore.shared({ writers: 1, ringBytes: 64 * 1024, capacity: 100_000 })
  const thread = startThread(store, 0, { kind: 'record', events: 50_000, model: 'gpt-4', agentId: 'one' })
  while (store.writerTotals().requests === 0) await new Promise((resolve) => setImmediate(resolve))
  // Blocks this thread, as a long computation would.
  while (store.writerTotals().requests < 50_000) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
  await thread.ended
  const dropped = store.dropped.get('queue_full') ?? 0
  expect(dropped).toBeGreaterThan(10_000)
  expect([store.length + dropped, store.stats().totalRequests]).toEqual([50_000, 50_000])
  expect(store.stats().totalInputTokens).toBe(500_000)
  const numbers = store.snapshotEvents().map((event) => event.promptChars as number)
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
})
