import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EventStore } from '../../packages/core/src/recorder/index.ts'
import { openSpool } from '../../packages/core/src/spool/index.ts'
import { deliverAll, record } from '../../packages/core/src/spool/testing/memory-spool.ts'
import { noSmallDisk, SmallDisk } from './testing/small-disk.ts'

describe.skipIf(noSmallDisk !== undefined)('a spool on a small disk', () => {
  let disk: SmallDisk
  beforeEach(() => {
    disk = new SmallDisk(4)
  })
  afterEach(() => disk.remove())

  test('that is full: events go on from memory, and to the disk again once there is room', async () => {
    const dir = join(disk.path, 'spool')
    const spool = await openSpool({ dir, drainIntervalMs: 20 })
    const store = new EventStore({ ...spool.life, capacity: 1000 })
    spool.attach(store)
    record(store, 0, 100)
    await spool.flush()
    disk.fill()
    record(store, 100, 1100)
    await expect(spool.flush()).rejects.toMatchObject({ code: 'disk_full' })
    expect(spool.stats()).toMatchObject({ state: 'disk_full', events: 100 })
    expect(store.droppedCount).toBe(100)
    const delivered = await spool.take(600)
    await spool.settle(delivered, 'acked')
    expect(delivered.map(({ seq }) => seq)).toEqual(Array.from({ length: 600 }, (_, seq) => seq))
    disk.free()
    await spool.flush()
    expect(spool.stats()).toMatchObject({ state: 'ok', events: 500 })
    await spool.close()
    const again = await openSpool({ dir })
    expect(await deliverAll(again)).toHaveLength(500)
    expect(again.lives()).toMatchObject([{ recorded: 1200, acked: 1100, dropped: new Map([['queue_full', 100]]) }])
    await again.close()
  })
})
