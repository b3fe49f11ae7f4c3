import { describe, expect, test, vi } from 'vitest'
import { FaultFs } from '../journal/testing/fault-fs.ts'
import { EventStore } from '../recorder/index.ts'
import { begin, deliverAll, numbersOf, record } from './testing/memory-spool.ts'

const PARENT = '/spools'
const SHARED = { parent: PARENT, adoptIntervalMs: 0 }

const children = async (fs: FaultFs): Promise<number> =>
  (await fs.list(PARENT)).filter((name) => name.startsWith('spool-')).length

describe('several processes below one directory', () => {
  test('have a spool each, and another name each', async () => {
    const fs = new FaultFs()
    const a = await begin(fs, SHARED)
    const b = await begin(fs, SHARED)
    expect(await children(fs)).toBe(2)
    expect(a.spool.life.sourceId).not.toBe(b.spool.life.sourceId)
    record(a.store, 0, 3)
    record(b.store, 10, 3)
    expect(await deliverAll(a.spool)).toEqual([0, 1, 2])
    expect(await deliverAll(b.spool)).toEqual([10, 11, 12])
    await a.spool.close()
    await b.spool.close()
  })

  test('go on with what an ended one has left, under its name', async () => {
    const fs = new FaultFs()
    const a = await begin(fs, SHARED)
    record(a.store, 0, 3)
    await a.spool.flush()
    const survivor = fs.afterKill()
    const b = await begin(survivor, SHARED)
    expect(await children(survivor)).toBe(1)
    expect(b.spool.life.sourceId).toBe(a.spool.life.sourceId)
    expect(b.spool.life.epoch).toBeGreaterThan(a.spool.life.epoch)
    expect(await deliverAll(b.spool)).toEqual([0, 1, 2])
    await b.spool.close()
  })

  test('send what others have left, beside their own, and tell what those had to tell', async () => {
    const fs = new FaultFs()
    const ended = [await begin(fs, SHARED, 4), await begin(fs, SHARED, 4), await begin(fs, SHARED, 4)]
    for (const [index, { spool, store }] of ended.entries()) {
      record(store, 100 * index, 6)
      await spool.flush()
    }
    const survivor = fs.afterKill()
    const { spool, store } = await begin(survivor, SHARED)
    expect(spool.stats()).toMatchObject({ adopted: 2, events: 12 })
    record(store, 1000, 2)
    const events = await spool.take(8)
    expect(events).toHaveLength(8)
    // One life goes on in the own directory.
    expect(numbersOf(events).slice(4, 6)).toEqual([1000, 1001])
    spool.release(events.slice(7))
    await spool.settle(events.slice(0, 7), 'acked')
    expect(await deliverAll(spool)).toHaveLength(7)
    expect(spool.stats()).toMatchObject({ adopted: 0, events: 0 })
    expect(spool.pendingCount).toBe(0)
    const told = (): unknown =>
      spool
        .ledgers()
        .filter(({ dropped }) => dropped.size > 0)
        .map(({ recorded, acked, pending, dropped }) => ({
          recorded,
          acked,
          pending,
          dropped: dropped.get('queue_full'),
        }))
    const account = { recorded: 6, acked: 4, pending: 0, dropped: 2 }
    expect(told()).toEqual([account, account, account])
    await spool.close()

    // Their directories are free for new processes.
    const next = [await begin(survivor, SHARED), await begin(survivor, SHARED), await begin(survivor, SHARED)]
    expect(await children(survivor)).toBe(3)
    expect(new Set(next.map((each) => each.spool.life.sourceId))).toEqual(
      new Set(ended.map((each) => each.spool.life.sourceId)),
    )
    for (const each of next) await each.spool.close()
  })

  test('find what is left while they run', async () => {
    const fs = new FaultFs()
    const { spool } = await begin(fs, { ...SHARED, adoptIntervalMs: 5 })
    const other = await begin(fs, SHARED)
    record(other.store, 0, 3)
    const called = vi.fn()
    spool.onWaiting(3, called)
    await other.spool.close()
    await vi.waitFor(() => expect(called).toHaveBeenCalled())
    expect(await deliverAll(spool)).toEqual([0, 1, 2])
    await spool.close()
  })

  test('are not kept from working by a directory that cannot be opened', async () => {
    const fs = new FaultFs()
    await (await begin(fs, SHARED)).spool.close()
    const [name] = await fs.list(PARENT)
    fs.put(`${PARENT}/${name}/0000000001.jsonl`, Buffer.from('nonsense'))
    fs.plan = ({ kind, path }) => (kind === 'open' && path.startsWith(`${PARENT}/${name}/`) ? 'EIO' : undefined)
    const { spool, store, errors } = await begin(fs, SHARED)
    expect(errors.length).toBeGreaterThan(0)
    expect(await children(fs)).toBe(2)
    record(store, 0, 2)
    expect(await deliverAll(spool)).toEqual([0, 1])
    spool.attach(new EventStore())
    await spool.close()
  })
})
