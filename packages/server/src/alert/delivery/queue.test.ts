import { describe, expect, test } from 'vitest'
import type { AlertTarget, Delivery } from '../../state/alert.ts'
import { openMemoryState } from '../../state/memory.ts'
import type { ControlState } from '../../state/state.ts'
import { FakeTime, START_MS, settle } from '../testing/scene.ts'
import { backoffMs } from './backoff.ts'
import type { Message } from './message.ts'
import type { Outcome } from './outcome.ts'
import { createQueue, GIVE_UP_MS, type Queue } from './queue.ts'

const random = { fill: (bytes: Uint8Array) => bytes.fill(0) }
const hook = (name: string): AlertTarget => ({ kind: 'webhook', url: `https://example.com/${name}` })
const delivery = (id: string, more: Partial<Delivery> = {}): Delivery => ({
  id,
  firingId: `f-${id}`,
  target: hook(id),
  attempts: 0,
  nextMs: START_MS,
  untilMs: START_MS + GIVE_UP_MS,
  ...more,
})

interface Bench {
  readonly time: FakeTime
  readonly state: ControlState
  readonly queue: Queue
  readonly sent: string[]
  readonly errors: unknown[]
  /** Attempts that wait for an answer, by id of the message. */
  readonly hanging: Map<string, (outcome: Outcome) => void>
  outcome: Outcome | 'hang'
  put(...deliveries: readonly Delivery[]): Promise<void>
  row(id: string): Delivery
}

function bench(state = openMemoryState()): Bench {
  const time = new FakeTime()
  const it: Bench = {
    time,
    state,
    sent: [],
    errors: [],
    hanging: new Map(),
    outcome: { ok: true, detail: 'answered 200' },
    queue: createQueue({
      state,
      clock: time,
      timers: time,
      random,
      send: (_target, message) => {
        it.sent.push(message.id)
        const { outcome } = it
        if (outcome !== 'hang') return Promise.resolve(outcome)
        return new Promise((resolve) => it.hanging.set(message.id, resolve))
      },
      letterOf: ({ id, target }) => (id === 'gone' ? undefined : { target, message: { id } as Message }),
      onError: (error) => it.errors.push(error),
    }),
    async put(...deliveries) {
      await state.write(deliveries.map((row) => ({ table: 'deliveries', id: row.id, row })))
      it.queue.add(deliveries.map(({ id }) => id))
      await settle()
    },
    row: (id) => state.rows('deliveries').get(id) as Delivery,
  }
  return it
}

describe('a delivery', () => {
  test('is sent, and its row says so', async () => {
    const { queue, put, sent, row } = bench()
    queue.start()
    await put(delivery('a'))
    expect(sent).toEqual(['a'])
    expect(row('a')).toMatchObject({ attempts: 1, deliveredMs: START_MS })
    expect(queue.open()).toBe(0)
  })

  test('that was not taken is tried again, later each time, under the same id', async () => {
    const it = bench()
    it.queue.start()
    it.outcome = { ok: false, detail: 'answered 500' }
    await it.put(delivery('a'))
    const waits: number[] = []
    for (let failure = 1; failure < 8; failure++) {
      waits.push(it.row('a').nextMs - it.time.nowMs)
      await it.time.advance(waits.at(-1) ?? 0)
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000])
    expect(new Set(it.sent)).toEqual(new Set(['a']))
    it.outcome = { ok: true, detail: 'answered 200' }
    await it.time.advance(700_000)
    expect(it.row('a')).toMatchObject({ attempts: 9, deliveredMs: expect.any(Number) })
    expect(it.row('a')).not.toHaveProperty('lastError')
  })

  test('waits as long as it is asked to', async () => {
    const it = bench()
    it.queue.start()
    it.outcome = { ok: false, detail: 'answered 429', retryAfterMs: 600_000 }
    await it.put(delivery('a'))
    await it.time.advance(599_000)
    expect(it.sent).toHaveLength(1)
    await it.time.advance(1_000)
    expect(it.sent).toHaveLength(2)
  })

  test('is given up after a day, with the reason', async () => {
    const it = bench()
    it.queue.start()
    it.outcome = { ok: false, detail: 'failed: ECONNREFUSED' }
    await it.put(delivery('a'))
    await it.time.advance(GIVE_UP_MS + 3_600_000)
    expect(it.row('a')).toMatchObject({ givenUpMs: expect.any(Number), lastError: 'failed: ECONNREFUSED' })
    expect(it.row('a').givenUpMs).toBeLessThanOrEqual(START_MS + GIVE_UP_MS)
    const { length } = it.sent
    expect(length).toBeGreaterThan(24)
    await it.time.advance(GIVE_UP_MS)
    expect(it.sent).toHaveLength(length)
  })

  test('is given up at once where trying again is of no use, or nothing is left to tell', async () => {
    const it = bench()
    it.queue.start()
    it.outcome = { ok: false, final: true, detail: 'answered 410' }
    await it.put(delivery('a'), delivery('gone'))
    expect(it.row('a')).toMatchObject({ attempts: 1, givenUpMs: START_MS, lastError: 'answered 410' })
    expect(it.row('gone')).toMatchObject({ givenUpMs: START_MS, lastError: expect.stringContaining('was removed') })
    expect(it.sent).toEqual(['a'])
  })

  test('that stood in the state before is sent when the queue starts, and not before', async () => {
    const state = openMemoryState()
    await state.write([{ table: 'deliveries', id: 'a', row: delivery('a', { attempts: 3, nextMs: START_MS + 1_000 }) }])
    const it = bench(state)
    await it.time.advance(5_000)
    expect(it.sent).toEqual([])
    it.queue.start()
    await settle()
    expect(it.row('a')).toMatchObject({ attempts: 4, deliveredMs: START_MS + 5_000 })
  })

  test('whose outcome cannot be written is not sent again meanwhile', async () => {
    const state = openMemoryState()
    let full = false
    const flaky: ControlState = {
      ...state,
      write: (changes) => (full ? Promise.reject(new Error('full')) : state.write(changes)),
    }
    const it = bench(flaky)
    await it.put(delivery('a'))
    full = true
    it.queue.start()
    await it.time.advance(12_000)
    expect(it.errors).toHaveLength(3)
    full = false
    await it.time.advance(10_000)
    expect(it.sent).toEqual(['a'])
    expect(it.row('a').deliveredMs).toBeDefined()
  })
})

describe('many deliveries', () => {
  test('go to eight destinations at a time, and to each one by one', async () => {
    const it = bench()
    it.queue.start()
    it.outcome = 'hang'
    const same = { target: hook('same') }
    await it.put(
      delivery('s-1', same),
      delivery('s-2', same),
      ...Array.from({ length: 20 }, (_, n) => delivery(`d-${n}`)),
    )
    expect(it.sent).toHaveLength(8)
    expect(it.sent).not.toContain('s-2')
    while (it.hanging.size > 0) {
      for (const [id, answer] of it.hanging) {
        it.hanging.delete(id)
        answer({ ok: true, detail: '' })
      }
      await settle()
    }
    expect(new Set(it.sent).size).toBe(22)
    expect(it.sent).toHaveLength(22)
  })

  test('of one alert keep their order: that it is over is told after that it fired', async () => {
    const it = bench()
    it.queue.start()
    it.outcome = { ok: false, detail: 'answered 503' }
    const story = { firingId: 'f', target: hook('one') }
    await it.put(delivery('fired', { ...story, event: 'fired' }), delivery('resolved', { ...story, event: 'resolved' }))
    expect(it.sent).toEqual(['fired'])
    it.outcome = { ok: true, detail: 'answered 200' }
    await it.time.advance(60_000)
    expect(it.sent).toEqual(['fired', 'fired', 'resolved'])
  })

  test('a stop waits for what is under way and begins nothing', async () => {
    const it = bench()
    it.queue.start()
    it.outcome = 'hang'
    await it.put(delivery('a'))
    const stopped = it.queue.stop()
    await it.put(delivery('b'))
    it.hanging.get('a')?.({ ok: true, detail: '' })
    await stopped
    expect(it.row('a').deliveredMs).toBeDefined()
    expect(it.sent).toEqual(['a'])
  })
})

test('waits grow to an hour, differ by chance, and are never shorter than asked', () => {
  const most = { fill: (bytes: Uint8Array) => bytes.fill(255) }
  expect(backoffMs(1, 0, random)).toBe(5_000)
  expect(backoffMs(1, 0, most)).toBe(10_000)
  expect(backoffMs(100, 0, most)).toBe(3_600_000)
  expect(backoffMs(1, 60_000, most)).toBe(60_000)
})
