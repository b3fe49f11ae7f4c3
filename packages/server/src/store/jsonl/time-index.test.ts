import { existsSync, readFileSync, statSync } from 'node:fs'
import { fold } from '@tallystick/core/query'
import { describe, expect, test } from 'vitest'
import { ARBITRARY_FROM_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import type { StoredEvent } from '../store.ts'
import { storedEvents, totals } from '../testing/conformance.ts'
import { BLOCK_BYTES } from './block.ts'
import { ALL, workbench } from './testing/workbench.ts'

const bench = workbench()
const IO = '/proc/self/io'
const EVENTS = 4_000
const MINUTE_MS = 60_000

/** Bytes that this process has read so far, from whatever. */
const read = (): number => Number(/^rchar: (\d+)/m.exec(readFileSync(IO, 'utf8'))?.[1])

/** Bytes read by what is done. */
async function reading<T>(task: () => Promise<T>): Promise<readonly [result: T, bytes: number]> {
  const before = read()
  const result = await task()
  return [result, read() - before]
}

/** A minute apart, in the order of time but for those that come an hour late. */
const events = (): StoredEvent[] =>
  storedEvents(EVENTS, 40, (event, index) => ({
    ...event,
    timestampMs: ARBITRARY_FROM_MS + (index - (index % 50 === 0 ? 60 : 0)) * MINUTE_MS,
  }))

describe.skipIf(!existsSync(IO))('a question over a small part of the time', () => {
  test('reads the blocks of that time, also after a restart and with events that came late', async () => {
    const all = events()
    const first = await bench.open()
    for (let at = 0; at < EVENTS; at += 500) await first.append(all.slice(at, at + 500))
    await first.close()
    const store = await bench.open()
    const { size } = statSync(bench.path)
    expect(size).toBeGreaterThan(8 * BLOCK_BYTES)

    const [, whole] = await reading(() => store.query(totals()))
    expect(whole).toBeGreaterThan(size)
    for (const from of [0, 1_000, EVENTS - 200]) {
      const range = { fromMs: ARBITRARY_FROM_MS + from * MINUTE_MS, toMs: ARBITRARY_FROM_MS + (from + 20) * MINUTE_MS }
      const found = all.map(({ event }) => event).filter(({ timestampMs: at }) => at >= range.fromMs && at < range.toMs)
      expect(found.length).toBeGreaterThan(15)
      const [answer, bytes] = await reading(() => store.query({ ...totals(), ...range }))
      expect(answer.rows).toEqual(fold({ ...totals(), ...range }, found).rows)
      // The one or two it lies in, and the one that holds what came late.
      expect(bytes).toBeLessThan(4 * BLOCK_BYTES)
      const [page, paged] = await reading(() => store.scan({ ...ALL, ...range }))
      expect(page.events).toHaveLength(found.length)
      expect(paged).toBeLessThan(4 * BLOCK_BYTES)
    }
    const [newest, bytes] = await reading(() => store.scan({ ...ALL, ascending: false, limit: 10 }))
    expect(newest.events[0]?.event.timestampMs).toBe(ARBITRARY_FROM_MS + (EVENTS - 1) * MINUTE_MS)
    expect(bytes).toBeLessThan(3 * BLOCK_BYTES)
  })
})
