import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { metaLine } from '@tallystick/core/journal'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FaultFs } from '../../../core/src/journal/testing/fault-fs.ts'
import { type DurableState, openState, type StateNotice, type StateOptions } from './open.ts'
import { describeState, noTenant, tenant } from './testing/conformance.ts'
import { DIR, madeBy, openSmall, SMALL, same, tablesOf, writeOf } from './testing/life.ts'

let dir: string
const open: DurableState[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'control-state-'))
})
afterEach(async () => {
  for (const state of open.splice(0)) await state.close()
  rmSync(dir, { recursive: true })
})

const folder = (): string => join(dir, 'state')
async function start(options: Partial<StateOptions> = {}): Promise<DurableState> {
  const state = await openState({ dir: folder(), ...options })
  open.push(state)
  return state
}

/** So many writes, one after the other, and an orderly end. */
async function written(count: number, options: Partial<StateOptions> = SMALL): Promise<void> {
  const state = await start(options)
  for (let n = 1; n <= count; n++) await state.write(writeOf(n))
  await state.close()
}

const upTo = (count: number, without: readonly number[] = []): number[] =>
  Array.from({ length: count }, (_, index) => index + 1).filter((n) => !without.includes(n))
const filesOf = (pattern: RegExp): string[] =>
  readdirSync(folder())
    .filter((name) => pattern.test(name))
    .sort()
const SNAPSHOT = /^snapshot-\d{16}\.jsonl$/
const SEGMENT = /^\d{10}\.jsonl$/

/** Changes one byte in the middle of the line that has this text. */
function damageLine(file: string, text: string): void {
  const bytes = readFileSync(file)
  const at = bytes.indexOf(text)
  expect(at).toBeGreaterThan(0)
  bytes[at + 1] = (bytes[at + 1] as number) ^ 1
  writeFileSync(file, bytes)
}

describeState('a control state on disk', () => start())

describe('opened again', () => {
  test('has every row as it was, in the same order, and writes go on', async () => {
    const first = await start()
    await first.write([tenant('b'), tenant('a'), tenant('c')])
    await first.write([noTenant('a'), tenant('b', 'B')])
    await first.close()
    const second = await start()
    expect([...second.rows('tenants').values()].map(({ name }) => name)).toEqual(['B', 'c'])
    await second.write([tenant('d')])
    await second.close()
    expect([...(await start()).rows('tenants').keys()]).toEqual(['b', 'c', 'd'])
  })

  test('has what a snapshot and the log after it say; two snapshots are kept, and the log from the older one on', async () => {
    await written(60)
    const snapshots = filesOf(SNAPSHOT).map((name) => Number(name.slice(9, 25)))
    expect(snapshots).toHaveLength(2)
    const oldest = JSON.parse(
      readFileSync(join(folder(), filesOf(SEGMENT)[0] as string), 'utf8').split('\n')[0] as string,
    )
    expect(oldest.n).toBeGreaterThan(0)
    expect(oldest.n).toBeLessThanOrEqual(snapshots[0] as number)
    const state = await start(SMALL)
    expect(same(tablesOf(state), madeBy(upTo(60)))).toBe(true)
  })

  test('does not have a write whose line was not finished, and has those before it', async () => {
    await written(3, {})
    const log = join(folder(), filesOf(SEGMENT)[0] as string)
    truncateSync(log, statSync(log).size - 5)
    const state = await start()
    expect(same(tablesOf(state), madeBy(upTo(2)))).toBe(true)
    expect(state.stats().damagedLines).toBe(0)
  })
})

describe('damage', () => {
  test('of a line of the log costs that write, is told, and is put aside', async () => {
    await written(5, {})
    damageLine(join(folder(), filesOf(SEGMENT)[0] as string), '"by 3"')
    const notices: StateNotice[] = []
    const state = await start({ onNotice: (notice) => notices.push(notice) })
    expect(same(tablesOf(state), madeBy(upTo(5, [3])))).toBe(true)
    expect(notices).toMatchObject([
      { kind: 'damaged_log', damage: { reason: 'checksum', missing: { first: 3, last: 3 } } },
    ])
    expect(state.stats().damagedLines).toBe(1)
    expect(readdirSync(join(folder(), 'quarantine'))).toHaveLength(1)
  })

  test('of the newest snapshot costs nothing: it is put aside and told, and the older one serves', async () => {
    await written(60)
    const newest = filesOf(SNAPSHOT)[1] as string
    damageLine(join(folder(), newest), '"name"')
    const notices: StateNotice[] = []
    const state = await start({ ...SMALL, onNotice: (notice) => notices.push(notice) })
    expect(same(tablesOf(state), madeBy(upTo(60)))).toBe(true)
    const movedTo = join(folder(), 'quarantine', newest)
    expect(notices).toEqual([{ kind: 'damaged_snapshot', file: join(folder(), newest), movedTo }])
    expect(statSync(movedTo).size).toBeGreaterThan(0)
    expect(filesOf(SNAPSHOT)).not.toContain(newest)
  })

  test.each<[string, (file: string) => void]>([
    ['cut off', (file) => truncateSync(file, statSync(file).size - 40)],
    ['cut off between two lines', (file) => writeFileSync(file, readFileSync(file, 'utf8').replace(/[^\n]*\n$/, ''))],
    ['empty', (file) => truncateSync(file, 0)],
    ['of another moment', (file) => renameSync(join(folder(), filesOf(SNAPSHOT)[0] as string), file)],
  ])('a snapshot that is %s is not taken for a whole one', async (_how, harm) => {
    await written(20)
    // Older ones are gone, but the log goes back to the first of the two.
    const [older, newest] = filesOf(SNAPSHOT) as [string, string]
    const copy = readFileSync(join(folder(), older))
    harm(join(folder(), newest))
    writeFileSync(join(folder(), older), copy)
    const notices: StateNotice[] = []
    const state = await start({ ...SMALL, onNotice: (notice) => notices.push(notice) })
    expect(same(tablesOf(state), madeBy(upTo(20)))).toBe(true)
    expect(notices).toMatchObject([{ kind: 'damaged_snapshot' }])
  })

  test('that leaves nothing to go on from is refused: without its keys a server would be open', async () => {
    await written(60)
    for (const name of filesOf(SNAPSHOT)) damageLine(join(folder(), name), '"name"')
    await expect(start(SMALL)).rejects.toMatchObject({ code: 'state_corrupt' })
    // Nothing was touched, so that it can be looked at, and the directory is free.
    expect(filesOf(SNAPSHOT)).toHaveLength(2)
    for (const name of filesOf(/./)) if (SEGMENT.test(name)) rmSync(join(folder(), name))
    await expect(start(SMALL)).rejects.toMatchObject({ code: 'state_corrupt' })
  })

  test('a snapshot of another state is not taken for one of this', async () => {
    await written(20)
    const mine = readFileSync(join(folder(), filesOf(SNAPSHOT)[1] as string))
    rmSync(folder(), { recursive: true })
    await written(20)
    writeFileSync(join(folder(), filesOf(SNAPSHOT)[1] as string), mine)
    const message = expect.stringContaining('belongs to another control state')
    await expect(start(SMALL)).rejects.toMatchObject({ code: 'state_corrupt', message })
  })
})

describe('a newer format', () => {
  test('of a snapshot is refused, and so is a table that this version does not have', async () => {
    await written(2, {})
    const head = '"v":2,"rows":0,"created":1,"product":"9.0.0","journal":"f"'
    writeFileSync(join(folder(), 'snapshot-0000000000000002.jsonl'), metaLine(2, head))
    await expect(start()).rejects.toMatchObject({
      code: 'journal_newer_format',
      message: expect.stringContaining('written by version 9.0.0'),
    })
    rmSync(join(folder(), 'snapshot-0000000000000002.jsonl'))
    const log = join(folder(), filesOf(SEGMENT)[0] as string)
    writeFileSync(
      log,
      Buffer.concat([readFileSync(log), metaLine(3, '"write":[{"table":"wishes","id":"w1","row":{}}]')]),
    )
    await expect(start()).rejects.toMatchObject({
      code: 'journal_newer_format',
      message: expect.stringContaining('"wishes"'),
    })
  })
})

describe('files', () => {
  test('are for their owner only: hashes of secrets are in them', async () => {
    await written(20)
    expect(statSync(folder()).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(folder())) expect(statSync(join(folder(), name)).mode & 0o777, name).toBe(0o600)
  })

  test('of a snapshot that was never finished are removed', async () => {
    await written(1, {})
    const left = join(folder(), 'snapshot-0000000000000009.jsonl.tmp')
    writeFileSync(left, 'half a')
    await start()
    expect(() => statSync(left)).toThrow('ENOENT')
  })

  test('are held by one process at a time', async () => {
    await start()
    await expect(openState({ dir: folder() })).rejects.toMatchObject({ code: 'journal_locked' })
  })
})

describe('writes', () => {
  test('that come together share a sync', async () => {
    const fs = new FaultFs()
    const state = await openSmall(fs, { snapshotBytes: 1_000_000, segmentBytes: 10_000_000 })
    let syncs = 0
    fs.plan = ({ kind }) => {
      if (kind === 'datasync') syncs++
      return undefined
    }
    await Promise.all(Array.from({ length: 5_000 }, (_, index) => state.write([tenant(`t${index}`)])))
    expect(syncs).toBeLessThanOrEqual(3)
    await state.close()
  })

  test('that fail are taken back the last one first, with all that came after them, and each is told', async () => {
    const fs = new FaultFs()
    const state = await openSmall(fs)
    await state.write([tenant('a', 'first')])
    fs.plan = ({ path }) => (path.startsWith(DIR) ? 'ENOSPC' : undefined)
    const told: string[] = []
    state.onChange((changes) => {
      for (const { table, id, row } of changes) if (table === 'tenants') told.push(`${id} ${row?.name ?? 'gone'}`)
    })
    const failing = [
      state.write([tenant('a', 'second'), tenant('b')]),
      state.write([tenant('a', 'third'), noTenant('b')]),
    ]
    // While the first group is on its way.
    await new Promise((resolve) => setImmediate(resolve))
    failing.push(state.write([tenant('c')]))
    expect(state.rows('tenants').get('a')?.name).toBe('third')
    for (const write of failing) await expect(write).rejects.toMatchObject({ code: 'disk_full' })
    expect([...state.rows('tenants').values()].map(({ name }) => name)).toEqual(['first'])
    expect(told.slice(5)).toEqual(['c gone', 'b b', 'a second', 'b gone', 'a first'])
    expect(state.stats().state).toBe('disk_full')

    fs.plan = () => undefined
    await state.write([tenant('d')])
    expect(state.stats().state).toBe('ok')
    await state.close()
    const again = await openSmall(fs.afterKill())
    expect([...again.rows('tenants').keys()]).toEqual(['a', 'd'])
    await again.close()
  })

  test('are durable even if a listener throws, which is told', async () => {
    const errors: unknown[] = []
    const state = await start({ onError: (error) => errors.push(error) })
    state.onChange(() => {
      throw new Error('a listener')
    })
    await state.write([tenant('a')])
    await state.close()
    expect(errors).toEqual([new Error('a listener')])
    expect((await start()).rows('tenants').size).toBe(1)
  })

  test('too long for a line are refused and do not show', async () => {
    const state = await start()
    await expect(state.write([tenant('a', 'x'.repeat(6_000_000))])).rejects.toMatchObject({ code: 'too_long' })
    expect(state.rows('tenants').size).toBe(0)
  })

  test('on a disk that is full at the opening are refused, and rows are there', async () => {
    const fs = new FaultFs()
    const first = await openSmall(fs)
    await first.write([tenant('a')])
    await first.close()
    const full = fs.afterKill()
    full.plan = ({ kind }) => (kind === 'write' ? 'ENOSPC' : undefined)
    const state = await openSmall(full)
    expect(state.rows('tenants').size).toBe(1)
    await expect(state.write([tenant('b')])).rejects.toMatchObject({ code: 'disk_full' })
    full.plan = () => undefined
    await state.write([tenant('c')])
    expect([...state.rows('tenants').keys()]).toEqual(['a', 'c'])
    await state.close()
  })
})
