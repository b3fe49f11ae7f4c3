import { cpSync, rmSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gate } from './testing/gate.ts'
import { type Bench, idsIn, NOON, openBench, temporaryDir, uuidAt } from './testing/harness.ts'

const door = 'native'
const EVENTS = 40
const idOf = (n: number): string => (n % 3 === 0 ? `id-${n}` : uuidAt(NOON - n * 3_600_000, n))
const eventOf = (n: number) => ({
  event_id: idOf(n),
  timestamp_ms: NOON - n * 3_600_000,
  model: 'gpt-4o',
  input_tokens: n,
  source_id: 'gw',
  epoch: 1,
  seq: n,
})

const delivery = fc.array(fc.nat(EVENTS - 1), { minLength: 1, maxLength: 12 })
const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(delivery, { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom('restart' as const, 'crash' as const, 'fail' as const) },
)

test('any deliveries of a set of events, re-batched, at once, over restarts and crashes, count each event once', async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
    let bench = await openBench({ journal: { segmentBytes: 4096 }, dedupMemoryBytes: 32 * 1024 })
    const sent = new Set<number>()
    for (const next of steps) {
      if (next === 'restart') bench = await restarted(bench)
      else if (next === 'crash') bench = await crashed(bench)
      else if (next === 'fail') await failing(bench.dir, bench)
      else {
        const answers = await Promise.all(
          next.map((numbers) => bench.ingest.submit({ items: numbers.map(eventOf), door })),
        )
        const before = sent.size
        for (const n of next.flat()) sent.add(n)
        const accepted = answers.reduce((sum, answer) => sum + answer.accepted, 0)
        expect(accepted).toBe(sent.size - before)
        for (const [at, answer] of answers.entries()) expect(answer.accepted + answer.duplicate).toBe(next[at]?.length)
      }
    }
    await bench.ingest.drain()
    expect([...(await idsIn(bench.store))].sort()).toEqual([...sent].map(idOf).sort())
    const law = await bench.ingest.invariants()
    expect(law).toMatchObject({ balanced: true, store: { accepted: sent.size, live: sent.size, pending_apply: 0 } })
    const missing = sent.size === 0 ? 0 : Math.max(...sent) + 1 - sent.size
    expect(law.gaps.missing).toBe(missing)
    expect(bench.errors).toEqual([])
    await bench.close()
  })
  await fc.assert(property, { seed: 1, numRuns: 40 })
}, 120_000)

/** An orderly end and a new beginning; the memory store is filled from the journal. */
async function restarted(bench: Bench): Promise<Bench> {
  await bench.close()
  return openBench({ dir: bench.dir, journal: { segmentBytes: 4096 }, dedupMemoryBytes: 32 * 1024 })
}

/** What a kill would leave: the directory as it is, while everything still runs. */
async function crashed(bench: Bench): Promise<Bench> {
  const dir = await temporaryDir()
  snapshot(bench.dir, dir)
  await bench.close()
  return openBench({ dir, journal: { segmentBytes: 4096 }, dedupMemoryBytes: 32 * 1024 })
}

/** Copies a directory that is being written to; again when a file went away meanwhile. */
function snapshot(from: string, to: string): void {
  for (;;) {
    try {
      cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('LOCK') })
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      rmSync(to, { recursive: true })
    }
  }
}

/** A process that reserves ids, fails to write them and is killed: nothing of it may remain. */
async function failing(dir: string, running: Bench): Promise<void> {
  const copy = await temporaryDir()
  snapshot(dir, copy)
  const door1 = gate()
  const bench = await openBench({ dir: copy, wrap: door1.wrap })
  const before = await running.ingest.invariants()
  const answer = bench.ingest.submit({ items: Array.from({ length: EVENTS }, (_, n) => eventOf(n)), door })
  const outcome = answer.then(
    ({ accepted }) => accepted,
    () => 0,
  )
  await new Promise((resolve) => setImmediate(resolve))
  door1.fail()
  expect(await outcome).toBe(0)
  expect(bench.ingest.counts().accepted).toBe(0)
  door1.open()
  const { accepted } = await bench.ingest.submit({ items: Array.from({ length: EVENTS }, (_, n) => eventOf(n)), door })
  expect(accepted).toBe(EVENTS - before.store.accepted)
  await bench.close()
}

test('the law is in balance whenever it is looked at, while deliveries of all kinds come in', async () => {
  const bench = await openBench({ journal: { segmentBytes: 64 * 1024 } })
  let done = false
  let looks = 0
  const look = async (): Promise<void> => {
    while (!done) {
      const law = await bench.ingest.invariants()
      expect(law).toMatchObject({ balanced: true, server: { balanced: true }, link: { balanced: true } })
      expect(law.store.balanced).not.toBe(false)
      looks++
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const acks = ['durable', 'received', 'applied'] as const
  const send = async (sender: number): Promise<void> => {
    for (let batch = 0; batch < 40; batch++) {
      const items = Array.from({ length: 25 }, (_, n) =>
        n === 7 ? { bad: true } : { ...eventOf((batch * 17 + n) % 400), input_tokens: n === 9 ? sender : 1 },
      )
      await bench.ingest.submit({ items, door: `door-${sender}`, ack: acks[batch % 3] ?? 'durable' })
    }
  }
  const looking = look()
  await Promise.all([1, 2, 3, 4].map(send))
  await bench.ingest.drain()
  done = true
  await looking
  expect(looks).toBeGreaterThan(20)
  const law = await bench.ingest.invariants()
  expect(law.server.received).toBe(4000)
  expect(law.server.in_flight).toBe(0)
  expect(law.link).toMatchObject({ acked: 4000, unanswered: 0, unsettled: 0, lost: 0 })
  expect(law.store).toMatchObject({ accepted: law.server.accepted, live: law.server.accepted, pending_apply: 0 })
})
