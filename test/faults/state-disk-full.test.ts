import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type DurableState, openState } from '../../packages/server/src/state/open.ts'
import { tenant } from '../../packages/server/src/state/testing/conformance.ts'
import { noSmallDisk, SmallDisk } from './testing/small-disk.ts'

const CYCLES = 4
const PATIENCE = 5_000

describe.skipIf(noSmallDisk !== undefined)('on a disk that fills up', () => {
  let disk: SmallDisk | undefined
  let state: DurableState | undefined
  afterEach(async () => {
    await state?.close()
    disk?.remove()
  })

  test('writes are refused and taken back; with space again the same process goes on, and nothing acknowledged is lost', async () => {
    const small = new SmallDisk(16)
    disk = small
    const dir = join(small.path, 'state')
    const errors: unknown[] = []
    const open = (): Promise<DurableState> =>
      openState({ dir, segmentBytes: 64 * 1024, snapshotBytes: 128 * 1024, onError: (error) => errors.push(error) })
    state = await open()
    const acked = new Set<string>()
    let issued = 0
    const writeSome = async (): Promise<readonly unknown[]> => {
      const ids = Array.from({ length: 20 }, () => `t${++issued}`)
      const results = await Promise.allSettled(
        ids.map((id) => (state as DurableState).write([tenant(id, 'x'.repeat(issued % 700))])),
      )
      results.forEach(({ status }, index) => {
        if (status === 'fulfilled') acked.add(ids[index] as string)
      })
      return results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    }
    const refusals = async (): Promise<readonly unknown[]> => {
      for (let attempt = 0; attempt < PATIENCE; attempt++) {
        const refused = await writeSome()
        if (refused.length > 0) return refused
      }
      throw new Error('The disk does not fill up')
    }
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      expect(await writeSome()).toEqual([])
      // A little more is left each time, so that the space ends at another write.
      small.fill(cycle * 40 * 1024)
      for (const refused of await refusals()) expect(refused).toMatchObject({ code: 'disk_full' })
      expect(state.stats().state).toBe('disk_full')
      expect([...state.rows('tenants').keys()]).toEqual([...acked])
      small.free()
      expect(await writeSome()).toEqual([])
      expect(state.stats().state).toBe('ok')
      expect([...state.rows('tenants').keys()]).toEqual([...acked])
      await state.close()
      state = await open()
      expect([...state.rows('tenants').keys()]).toEqual([...acked])
    }
    // Full already when it opens: it answers what it holds.
    await state.close()
    small.fill()
    state = await open()
    expect([...state.rows('tenants').keys()]).toEqual([...acked])
    for (const refused of await refusals()) expect(refused).toMatchObject({ code: 'disk_full' })
    small.free()
    expect(await writeSome()).toEqual([])
    // Snapshots and new segments that found no room are told, and nothing else is.
    for (const error of errors) expect(String((error as { code?: string }).code)).toMatch(/ENOSPC|disk_full/)
  }, 60_000)
})
