import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { FaultFs } from '../journal/testing/fault-fs.ts'
import { Prng } from '../journal/testing/prng.ts'
import { EventStore, type Ledger } from '../recorder/index.ts'
import { openSpool } from './open.ts'
import type { Spool } from './spool.ts'
import { begin, DIR, deliverAll, numbersOf, record } from './testing/memory-spool.ts'

const MIB = 1024 * 1024

function balanced({ recorded, acked, pending, dropped }: Ledger): boolean {
  return recorded === acked + pending + [...dropped.values()].reduce((sum, count) => sum + count, 0)
}

/** The account of the newest life. */
const latest = (spool: Spool): Ledger => spool.lives().at(-1) as Ledger

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, at) => first + at)

describe('a killed process', () => {
  test('has sent after its restart what it had not sent before, as it was, and goes on as another life', async () => {
    const fs = new FaultFs()
    const first = await begin(fs)
    record(first.store, 0, 10)
    await first.spool.flush()
    const sent = await first.spool.take(4)
    await first.spool.settle(sent, 'acked')
    const unsent = first.store.sourceId

    const second = await begin(fs.afterKill())
    expect(second.spool.pendingCount).toBe(6)
    expect(second.spool.life.sourceId).toBe(unsent)
    expect(second.spool.life.epoch).toBeGreaterThan(first.spool.life.epoch)
    record(second.store, 10, 2)
    const events = await second.spool.take(100)
    expect(numbersOf(events)).toEqual(range(4, 11))
    expect(events.map(({ epoch, seq }) => [epoch, seq])).toEqual([
      ...range(4, 9).map((seq) => [first.spool.life.epoch, seq]),
      [second.spool.life.epoch, 0],
      [second.spool.life.epoch, 1],
    ])
    expect(new Set(events.map(({ sourceId }) => sourceId))).toEqual(new Set([first.spool.life.sourceId]))
  })

  test('has lost what it recorded since the last drain, and says so as far as it had said how much that was', async () => {
    const fs = new FaultFs()
    const first = await begin(fs, { drainIntervalMs: 60_000 }, 10)
    record(first.store, 0, 5)
    await first.spool.flush()
    record(first.store, 5, 3)
    const killed = fs.afterKill()
    const second = await begin(killed)
    expect(second.spool.pendingCount).toBe(5)
    // Nobody was told of the three.
    expect(second.spool.ledgers()[0]).toMatchObject({ recorded: 5, acked: 0, pending: 5, dropped: new Map() })
    await first.spool.close()
    await second.spool.close()
  })

  test('has told how much it dropped, also where nothing was left to write', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs, {}, 4)
    record(store, 0, 4)
    const flushed = spool.flush()
    await vi.waitFor(() => expect(spool.stats().events).toBe(4))
    fs.plan = ({ kind }) => {
      // The recorder is full until what is being written is durable.
      if (kind === 'write' && store.length === 4) record(store, 4, 3)
      return undefined
    }
    await flushed
    record(store, 10, 4)
    await spool.flush()
    expect(latest(spool)).toMatchObject({ recorded: 11, pending: 8, dropped: new Map([['queue_full', 3]]) })
    const again = await begin(fs.afterKill())
    expect(again.spool.lives()[0]).toMatchObject({ recorded: 11, pending: 8, dropped: new Map([['queue_full', 3]]) })
    await spool.close()
  })

  test('had told the server of no more than a later life knows', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs, { drainIntervalMs: 60_000 }, 10)
    record(store, 0, 12)
    await spool.flush()
    record(store, 12, 5)
    const told = spool.ledgers()
    expect(told).toMatchObject([{ recorded: 12, pending: 10, dropped: new Map([['queue_full', 2]]) }])
    expect(spool.lives()).toMatchObject([{ recorded: 17, pending: 15 }])
    const again = await begin(fs.afterKill())
    expect(again.spool.ledgers()).toEqual(told)
    await spool.close()
  })

  test('knows which of its events were answered, in whatever order that was', async () => {
    const fs = new FaultFs()
    const first = await begin(fs)
    record(first.store, 0, 30)
    const events = await first.spool.take(30)
    await first.spool.settle(
      events.filter((_, index) => index % 3 === 1),
      'acked',
    )
    await first.spool.settle(
      [events[0], events[29]].flatMap((event) => event ?? []),
      'rejected',
    )
    const second = await begin(fs.afterKill())
    expect(await deliverAll(second.spool, 7)).toEqual(range(1, 28).filter((number) => number % 3 !== 1))
    expect(second.spool.lives()[0]).toMatchObject({
      recorded: 30,
      acked: 28,
      pending: 0,
      dropped: new Map([['rejected', 2]]),
    })
    const third = await begin(fs.afterKill())
    expect(third.spool.lives()[0]).toMatchObject({ recorded: 30, acked: 10, pending: 18 })
  })

  test('has an account that goes on over any number of lives', async () => {
    let fs = new FaultFs()
    let recorded = 0
    let delivered = 0
    for (let life = 0; life < 12; life++) {
      const { spool, store } = await begin(fs, {}, 8)
      record(store, recorded, 12)
      recorded += 12
      await spool.flush()
      record(store, 0, 3)
      await spool.flush()
      if (life % 3 === 2) delivered += (await deliverAll(spool, 5)).length
      else {
        const events = await spool.take(3)
        await spool.settle(events, 'acked')
        delivered += events.length
      }
      expect(spool.lives()).toHaveLength(life + 1)
      expect(spool.lives().every(balanced)).toBe(true)
      const sum = (of: (ledger: Ledger) => number): number => spool.lives().reduce((total, each) => total + of(each), 0)
      expect(sum(({ acked }) => acked)).toBe(delivered)
      // Of each twelve the last four found the recorder full.
      expect(sum(({ dropped }) => dropped.get('queue_full') ?? 0)).toBe(4 * (life + 1))
      expect(sum((each) => each.recorded)).toBe(15 * (life + 1))
      if (life % 2 === 0) fs = fs.afterKill()
      else await spool.close()
    }
  })
})

describe('events', () => {
  test('leave the recorder once they are durable, and not before', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs)
    let syncs = 0
    let inMemory = -1
    fs.plan = ({ kind }) => {
      if (kind === 'datasync') {
        syncs++
        inMemory = store.length
      }
      return undefined
    }
    record(store, 0, 20)
    await spool.flush()
    expect([syncs, inMemory, store.length]).toEqual([1, 20, 0])
    expect(latest(spool)).toMatchObject({ recorded: 20, acked: 0, pending: 20 })
    await spool.close()
  })

  test('are taken out at the interval, sooner at the threshold, and at once where that is asked for', async () => {
    for (const [options, count, withinMs] of [
      [{ drainIntervalMs: 20 }, 1, 2000],
      [{ drainIntervalMs: 86_400_000, drainThreshold: 5 }, 5, 2000],
      [{ drainIntervalMs: 0 }, 1, 2000],
    ] as const) {
      const { spool, store } = await begin(new FaultFs(), options)
      record(store, 0, count)
      expect(spool.stats().events).toBe(0)
      await vi.waitFor(() => expect(spool.stats().events).toBe(count), withinMs)
      expect(spool.pendingCount).toBe(count)
      await spool.close()
    }
    const { spool, store } = await begin(new FaultFs(), { drainIntervalMs: 86_400_000, drainThreshold: 5 })
    record(store, 0, 4)
    await sleep(20)
    expect(spool.stats().events).toBe(0)
    // Whoever wants to send does not wait for that.
    expect(numbersOf(await spool.take(10))).toEqual([0, 1, 2, 3])
    await spool.close()
  })

  test('of several recorders are kept apart', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs)
    const other = new EventStore({ sourceId: 'other', epoch: 7 })
    spool.attach(other)
    record(store, 0, 3)
    record(other, 100, 2)
    await spool.flush()
    record(store, 3, 1)
    await spool.flush()
    expect(spool.pendingCount).toBe(6)
    const again = await begin(fs.afterKill())
    const events = await again.spool.take(10)
    expect(events.map(({ sourceId, seq }) => [sourceId === 'other', seq])).toEqual([
      [false, 0],
      [false, 1],
      [false, 2],
      [true, 0],
      [true, 1],
      [false, 3],
    ])
    await again.spool.settle(events, 'acked')
    expect(again.spool.lives()).toMatchObject([
      { recorded: 4, acked: 4 },
      { sourceId: 'other', epoch: 7, acked: 2 },
    ])
  })

  test('that nobody wants hold nobody up, however many they are, and come when they are wanted', async () => {
    const { spool, store } = await begin(new FaultFs(), {}, 20_000)
    for (let number = 0; number < 10_000; number++) {
      if (number % 1000 === 999) record(store, number)
      else store.recordRouterStarted(number % 60_000)
    }
    await spool.flush()
    const wanted = ({ kind }: { kind: string }): boolean => kind === 'llm_request_completed'
    const first = await spool.take(4, wanted)
    expect(numbersOf(first)).toEqual([999, 1999, 2999, 3999])
    const rest = await spool.take(100, wanted)
    expect(numbersOf(rest)).toEqual([4999, 5999, 6999, 7999, 8999, 9999])
    spool.release(first.slice(1))
    await spool.settle([...first.slice(0, 1), ...rest], 'acked')
    const all: (number | undefined)[] = []
    for (;;) {
      const events = await spool.take(700)
      if (events.length === 0) break
      all.push(...events.map(({ seq }) => seq))
    }
    expect(all).toEqual(range(0, 9999).filter((seq) => seq % 1000 !== 999 || [1999, 2999, 3999].includes(seq)))
    await spool.close()
  })

  test('of a long outage are all there, in order, after a restart', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs, { maxBytes: 8 * MIB })
    for (let number = 0; number < 20_000; number += 1000) {
      record(store, number, 1000)
      await spool.flush()
    }
    expect(spool.stats()).toMatchObject({ state: 'ok', events: 20_000 })
    await spool.close()
    const again = await begin(fs.afterKill(), { maxBytes: 8 * MIB })
    expect(await deliverAll(again.spool, 333)).toEqual(range(0, 19_999))
    expect(again.spool.lives()[0]).toMatchObject({ recorded: 20_000, acked: 20_000, pending: 0, dropped: new Map() })
    // What is delivered takes no room.
    expect(again.spool.stats().bytes).toBeLessThan(MIB)
    expect((await fs.list(DIR)).length).toBeGreaterThan(5)
    await again.spool.close()
  })
})

describe('a spool', () => {
  test('that is full drops the oldest events, counts them, and keeps to its size', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs, { maxBytes: MIB })
    record(store, 0, 10)
    const inFlight = await spool.take(5)
    let largest = 0
    let recorded = 10
    for (; recorded < 9010; recorded += 250) {
      record(store, recorded, 250, 100 + ((recorded * 7919) % 300))
      await spool.flush()
      largest = Math.max(largest, spool.stats().bytes)
    }
    expect(largest).toBeLessThan(MIB * 1.2)
    await spool.settle(inFlight.slice(0, 3), 'acked')
    // Their place on disk is gone.
    spool.release(inFlight.slice(3))
    const ledger = latest(spool)
    expect(ledger.dropped.get('spool_full')).toBeGreaterThan(500)
    expect(ledger).toMatchObject({ recorded, acked: 3 })
    expect(balanced(ledger)).toBe(true)
    const again = await begin(fs.afterKill(), { maxBytes: MIB })
    expect(again.spool.lives()[0]).toEqual(ledger)
    const delivered = await deliverAll(again.spool)
    expect(delivered).toEqual(range(ledger.recorded - delivered.length, ledger.recorded - 1))
    expect(delivered.length).toBe(ledger.pending)
    await spool.close()
  })

  test('that cannot be written to leaves events in memory, from where they are sent, and heals', async () => {
    const fs = new FaultFs()
    const { spool, store, errors } = await begin(fs, {}, 50)
    record(store, 0, 5)
    await spool.flush()
    let calls = 0
    const stop = spool.onWaiting(12, () => calls++)
    fs.plan = ({ kind }) => (kind === 'write' ? 'ENOSPC' : undefined)
    record(store, 5, 60)
    await expect(spool.flush()).rejects.toMatchObject({ code: 'disk_full' })
    expect(spool.stats()).toMatchObject({ state: 'disk_full', events: 5, error: { code: 'disk_full' } })
    await vi.waitFor(() => expect(calls).toBe(1))
    stop()
    expect(errors).toHaveLength(1)
    expect([store.length, spool.pendingCount]).toEqual([50, 55])
    expect(latest(spool)).toMatchObject({ recorded: 65, acked: 0, pending: 55, dropped: new Map([['queue_full', 10]]) })

    const events = await spool.take(20)
    expect(numbersOf(events)).toEqual(range(0, 19))
    await spool.settle(events.slice(0, 10), 'acked')
    await spool.settle(events.slice(10, 12), 'rejected')
    spool.release(events.slice(12))
    expect(numbersOf(await spool.take(3))).toEqual([12, 13, 14])
    expect(latest(spool)).toMatchObject({ recorded: 65, acked: 10, pending: 43 })

    fs.plan = () => undefined
    record(store, 65, 2)
    await spool.flush()
    expect(spool.stats()).toMatchObject({ state: 'ok', events: 42 })
    expect(spool.stats().error).toBeUndefined()
    const again = await begin(fs.afterKill())
    expect(await deliverAll(again.spool)).toEqual([...range(15, 54), 65, 66])
    expect(again.spool.lives()[0]).toMatchObject({
      recorded: 67,
      acked: 52,
      dropped: new Map([
        ['queue_full', 10],
        ['rejected', 2],
        // In flight when the process ended, and never on disk.
        ['process_exit', 3],
      ]),
    })
    await spool.close()
  })

  test('can be opened on a full disk', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs)
    record(store, 0, 3)
    await spool.flush()
    const survivor = fs.afterKill()
    survivor.plan = ({ kind }) => (kind === 'write' ? 'ENOSPC' : undefined)
    const again = await begin(survivor)
    record(again.store, 3, 2)
    expect(await deliverAll(again.spool)).toEqual([0, 1, 2, 3, 4])
    expect(again.spool.lives().map(({ acked, pending }) => [acked, pending])).toEqual([
      [3, 0],
      [2, 0],
    ])
    expect(again.spool.life.epoch).toBeGreaterThan(spool.life.epoch)
    await again.spool.close()
  })

  test('that cannot be read for a while has lost nothing', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs, { maxBytes: 8 * MIB })
    for (let number = 0; number < 9000; number += 500) {
      record(store, number, 500)
      await spool.flush()
    }
    const survivor = fs.afterKill()
    const again = await begin(survivor, { maxBytes: 8 * MIB })
    const random = new Prng(5)
    survivor.plan = ({ kind }) => ((kind === 'read' || kind === 'open') && random.chance(0.05) ? 'EIO' : undefined)
    const delivered: number[] = []
    for (let attempt = 0; attempt < 2000 && again.spool.pendingCount > 0; attempt++) {
      const events = await again.spool.take(300)
      delivered.push(...numbersOf(events))
      await again.spool.settle(events, 'acked')
    }
    expect(delivered).toEqual(range(0, 8999))
    expect(again.errors.length).toBeGreaterThan(3)
    expect(again.spool.lives()[0]).toMatchObject({ recorded: 9000, acked: 9000, dropped: new Map() })
    await again.spool.close()
    await spool.close()
  })

  test('with a flipped byte has lost that event, counts it, and gives the others', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs)
    for (let number = 0; number < 40; number += 4) {
      record(store, number, 4)
      await spool.flush()
    }
    const survivor = fs.afterKill()
    const bytes = survivor.content(`${DIR}/0000000001.jsonl`)
    bytes[bytes.indexOf('"session_id":"17"') + 15] = 0x39
    const again = await begin(survivor)
    expect(again.spool.pendingCount).toBe(40)
    expect(await deliverAll(again.spool)).toEqual(range(0, 39).filter((number) => number !== 17))
    expect(again.spool.lives()[0]).toMatchObject({
      recorded: 40,
      acked: 39,
      pending: 0,
      dropped: new Map([['spool_damaged', 1]]),
    })
    await again.spool.close()
    expect(await survivor.list(`${DIR}/quarantine`)).toHaveLength(1)
  })

  test('whose last write was torn has lost the events of that write, and counts those it had heard of', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs)
    record(store, 0, 6)
    await spool.flush()
    record(store, 6, 6)
    await spool.flush()
    const survivor = fs.afterKill()
    const path = `${DIR}/0000000001.jsonl`
    const bytes = survivor.content(path)
    survivor.put(path, Buffer.from(bytes.subarray(0, bytes.indexOf('"session_id":"8"'))))
    const again = await begin(survivor)
    expect(await deliverAll(again.spool)).toEqual(range(0, 7))
    expect(again.spool.lives()[0]).toMatchObject({ recorded: 12, acked: 8, dropped: new Map([['process_exit', 4]]) })
    await again.spool.close()
  })

  test('without any of its saved states knows its events all the same', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs)
    record(store, 0, 6)
    const events = await spool.take(2)
    await spool.settle(events, 'acked')
    const survivor = fs.afterKill()
    const path = `${DIR}/0000000001.jsonl`
    const bytes = survivor.content(path)
    bytes[bytes.indexOf('"state"') + 2] = 0x58
    const again = await begin(survivor)
    expect(await deliverAll(again.spool)).toEqual([2, 3, 4, 5])
    expect(again.spool.lives()[0]).toMatchObject({ recorded: 6, acked: 6, pending: 0, dropped: new Map() })
    await again.spool.close()
  })

  test('that is closed has written everything, tells its accounts, and gives nothing more', async () => {
    const fs = new FaultFs()
    const { spool, store } = await begin(fs, { drainIntervalMs: 86_400_000 })
    record(store, 0, 5)
    const inFlight = await spool.take(2)
    record(store, 5, 1)
    const lives = await spool.close()
    expect(lives).toMatchObject([{ recorded: 6, acked: 0, pending: 6, dropped: new Map() }])
    expect(await spool.close()).toBe(lives)
    await spool.settle(inFlight, 'acked')
    expect(await spool.take(10)).toEqual([])
    record(store, 6, 1)
    expect(store.length).toBe(1)
    expect(() => spool.attach(new EventStore())).toThrow(expect.objectContaining({ code: 'invalid_config' }))
    const again = await begin(fs)
    expect(await deliverAll(again.spool)).toEqual(range(0, 5))
    await again.spool.close()
  })

  test('belongs to one process at a time', async () => {
    const fs = new FaultFs()
    const { spool } = await begin(fs)
    await expect(begin(fs)).rejects.toMatchObject({ code: 'journal_locked' })
    await spool.close()
    await (await begin(fs)).spool.close()
  })

  test('refuses a recorder that counts from 0 again under an old name', async () => {
    const fs = new FaultFs()
    const fixed = { sourceId: 'gateway', epoch: 1 }
    const first = await openSpool({ dir: DIR, fs, store: new EventStore(fixed) })
    await first.close()
    // It had recorded nothing.
    const store = new EventStore(fixed)
    const second = await openSpool({ dir: DIR, fs, store })
    record(store, 0, 3)
    await second.close()
    await expect(openSpool({ dir: DIR, fs, store: new EventStore(fixed) })).rejects.toMatchObject({
      code: 'invalid_config',
    })
    // The same recorder may come back.
    record(store, 3, 2)
    const third = await openSpool({ dir: DIR, fs, store })
    expect(await deliverAll(third)).toEqual(range(0, 4))
    expect(third.lives()).toMatchObject([{ sourceId: 'gateway', epoch: 1, recorded: 5, acked: 5, pending: 0 }])
    await third.close()
  })

  test('names every option that is wrong', async () => {
    const wrong = {
      dir: 'a',
      parent: 'b',
      sourceId: '',
      maxBytes: 5,
      drainIntervalMs: -1,
      drainThreshold: 0.5,
      adoptIntervalMs: NaN,
    }
    await expect(openSpool(wrong)).rejects.toMatchObject({
      code: 'invalid_config',
      issues: ['maxBytes', 'drainIntervalMs', 'drainThreshold', 'adoptIntervalMs', 'dir', 'sourceId'].map((path) =>
        expect.objectContaining({ path }),
      ),
    })
    await expect(openSpool({})).rejects.toMatchObject({ issues: [{ path: 'dir' }] })
  })
})
