import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { storedEvents } from '../testing/conformance.ts'
import { openJsonlStore } from './open.ts'
import { decodeRecord, encodeRecord, type SidecarRecord } from './sidecar-record.ts'
import { expectBalanced, expectHolds, SEED_LINES, seedText, workbench } from './testing/workbench.ts'

const bench = workbench()

describe('damage', () => {
  test('a last line torn at any byte is cut or completed, and what is fed again is there once', async () => {
    const events = storedEvents(4, 16)
    const first = await bench.open()
    await first.append(events.slice(0, 3))
    const whole = readFileSync(bench.path)
    const before = readFileSync(`${bench.path}.idx`)
    await first.append(events.slice(3))
    const after = readFileSync(bench.path)
    await bench.kill()
    // Its members, and every byte of what stands at its end.
    const step = (size: number): number => (size < after.length - 100 ? 17 : 1)
    for (let size = whole.length; size <= after.length; size += step(size)) {
      writeFileSync(bench.path, after.subarray(0, size))
      writeFileSync(`${bench.path}.idx`, before)
      const store = await openJsonlStore({ path: bench.path })
      for (const line of bench.lines()) JSON.parse(line)
      expect(readFileSync(bench.path).at(-1)).toBe(0x0a)
      await store.append(events)
      expect(await store.stats()).toMatchObject({ events: 4, malformed: 0, appliedOrdinal: 4, cleared: 0 })
      await store.close()
    }
    await expectHolds(await bench.open(), events)
  }, 60_000)

  test('a last line that is endless and not finished is ended like any other before ours follows', async () => {
    const events = storedEvents(6, 30)
    const store = await bench.open()
    await store.append(events.slice(0, 3))
    const endless = Buffer.alloc(17 * 1024 * 1024, 'y')
    appendFileSync(bench.path, endless)
    expect(await store.stats()).toMatchObject({ events: 3, malformed: 0 })
    await store.append(events.slice(3))
    expect(await store.stats()).toMatchObject({ events: 6, malformed: 1, cleared: 0 })
    rmSync(`${bench.path}.idx`)
    const again = await bench.openKilled()
    expect(await again.stats()).toMatchObject({ events: 6, malformed: 1, appliedOrdinal: 6, cleared: 0 })
    // Its writer goes on with it: what follows is a line of its own.
    appendFileSync(bench.path, endless)
    expect(await again.stats()).toMatchObject({ events: 6, malformed: 1 })
    appendFileSync(bench.path, `yy\n${seedText}`)
    expect(await again.stats()).toMatchObject({ events: 9, malformed: 2 })
    expect(await again.audit()).toEqual({ differences: [] })
  })

  test('a sidecar with any byte changed or cut costs a rescan and nothing else', async () => {
    const events = storedEvents(12, 17)
    const first = await bench.open()
    for (let at = 0; at < 12; at += 3) await first.append(events.slice(at, at + 3))
    await bench.kill()
    const file = readFileSync(bench.path)
    const sidecar = readFileSync(`${bench.path}.idx`)
    for (let at = 0; at < sidecar.length; at += 37) {
      for (const cut of [false, true]) {
        const damaged = cut ? sidecar.subarray(0, at) : Buffer.from(sidecar)
        if (!cut) damaged.writeUInt8(sidecar.readUInt8(at) ^ 4, at)
        writeFileSync(bench.path, file)
        writeFileSync(`${bench.path}.idx`, damaged)
        const store = await openJsonlStore({ path: bench.path })
        await store.append(events)
        const stats = await store.stats()
        expect(stats).toMatchObject({ events: 12, appliedOrdinal: 12, malformed: 0 })
        expectBalanced(stats, 12)
        expect(await store.audit()).toEqual({ differences: [] })
        await store.close()
      }
    }
  }, 60_000)

  test('a changed byte of the file is one line at most, is counted, and is told by an audit while it runs', async () => {
    const events = storedEvents(20, 18)
    const store = await bench.open()
    await store.append(events)
    const bytes = readFileSync(bench.path)
    const middle = bytes.indexOf('\n', bytes.length >> 1) + 1
    bytes.writeUInt8(0x00, middle)
    // In place: the same inode, size and, for all that is known, instant.
    const stat = statSync(bench.path)
    writeFileSync(bench.path, bytes)
    expect(statSync(bench.path).ino).toBe(stat.ino)
    expect(await store.stats()).toMatchObject({ events: 19, malformed: 1, cleared: 1 })
    await store.append(storedEvents(21, 18).slice(20))
    expect(await (await bench.openKilled()).stats()).toMatchObject({
      events: 20,
      malformed: 1,
      appliedOrdinal: 21,
      cleared: 1,
    })
  })
})

describe('after a power cut', () => {
  /** The sidecar as it would stand there after another start of the machine. */
  const rebooted = (): void => {
    const records = readFileSync(`${bench.path}.idx`, 'utf8').split('\n').slice(0, -1).map(decodeRecord)
    writeFileSync(
      `${bench.path}.idx`,
      records.map((record) => encodeRecord({ ...(record as SidecarRecord), boot: 'before' })).join(''),
    )
  }

  test.each([
    ['what was not synced is missing', (bytes: Buffer, synced: number) => bytes.subarray(0, synced + 700)],
    ['it is zeros', (bytes: Buffer, synced: number) => Buffer.from(bytes).fill(0, synced + 100, synced + 5000)],
    ['all of it is there', (bytes: Buffer) => bytes],
  ])('%s: the journal feeds what is missing, once', async (_, left) => {
    const events = storedEvents(60, 27)
    const first = await bench.open()
    await first.append(events.slice(0, 20))
    await first.close()
    const synced = statSync(bench.path).size
    const store = await bench.open()
    for (let at = 20; at < 60; at += 8) await store.append(events.slice(at, at + 8))
    await bench.kill()
    writeFileSync(bench.path, left(readFileSync(bench.path), synced))
    rebooted()
    const again = await bench.open()
    for (const line of bench.lines()) JSON.parse(line)
    await again.append(events)
    await expectHolds(again, events)
    expect(await again.stats()).toMatchObject({ appliedOrdinal: 60, cleared: 0, malformed: 0 })
  })

  test('a file that was removed before stays cleared', async () => {
    const events = storedEvents(20, 28)
    const store = await bench.open()
    await store.append(events)
    rmSync(bench.path)
    expect((await store.stats()).cleared).toBe(20)
    await bench.kill()
    rebooted()
    const again = await bench.open()
    await again.append(events)
    expect(await again.stats()).toMatchObject({ events: 0, cleared: 20, appliedOrdinal: 20 })
  })

  test('no line that somebody wrote is cut, whatever is in it', async () => {
    const store = await bench.open()
    await store.append(storedEvents(3, 29))
    await bench.kill()
    const text = `${JSON.stringify(SEED_LINES[0])}\nnot json\n${seedText}`
    // An old file is put in the place of ours before the machine comes back.
    writeFileSync(bench.path, text)
    rebooted()
    const again = await bench.open()
    expect(readFileSync(bench.path, 'utf8')).toBe(text)
    expect(await again.stats()).toMatchObject({ events: 4, foreign: 4, malformed: 1 })
  })
})
