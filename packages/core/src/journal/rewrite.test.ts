import { describe, expect, test } from 'vitest'
import type { JournalDamage } from './damage.ts'
import type { Journal, JournalChange } from './journal.ts'
import { compressedName, plainName } from './names.ts'
import { readJournal } from './read.ts'
import { CHANGING, FaultFs } from './testing/fault-fs.ts'
import { openMemoryJournal } from './testing/memory-journal.ts'
import { DIR } from './testing/power-cut.ts'
import { verifyJournal } from './verify.ts'

const NAME = 'ann'
const NEW = 'somebody else by far'

/** Puts a longer name in the place of one. */
const renaming = (through: number): JournalChange => ({
  through,
  concerns: (line) => line.includes(NAME),
  change: ({ members }) => (members.includes(`"${NAME}"`) ? members.replace(NAME, NEW) : undefined),
  mask(bytes) {
    const at = bytes.indexOf(NAME)
    return at === -1 ? bytes : Buffer.concat([bytes.subarray(0, at), Buffer.from('xxx'), bytes.subarray(at + 3)])
  },
})

async function write(journal: Journal, first: number, last: number): Promise<void> {
  for (let id = first; id <= last; id++)
    await journal.append([{ type: 'event', body: `"e":{"id":${id},"of":"${id % 3 === 0 ? NAME : 'bob'}"}` }]).durable
}

const expected = (count: number, renamedTo: number): string[] =>
  Array.from({ length: count }, (_, index) => {
    const id = index + 1
    return `${id} ${id % 3 !== 0 ? 'bob' : id <= renamedTo ? NEW : NAME}`
  })

async function read(fs: FaultFs): Promise<{ readonly found: string[]; readonly damage: JournalDamage[] }> {
  const found: string[] = []
  const damage: JournalDamage[] = []
  for await (const { records } of readJournal({ dir: DIR, fs, onCorrupt: (one) => damage.push(one) }))
    for (const { body } of records) {
      const { id, of } = body['e'] as { readonly id: number; readonly of: string }
      found.push(`${id} ${of}`)
    }
  return { found, damage }
}

const holds = async (fs: FaultFs): Promise<boolean> => {
  for (const name of await fs.list(DIR))
    if (name.endsWith('.jsonl') && fs.content(`${DIR}/${name}`).includes(NAME)) return true
  return false
}

/** Ten records in two finished segments, two in the third. */
async function threeSegments(fs: FaultFs): Promise<Journal> {
  const journal = await openMemoryJournal(fs)
  await write(journal, 1, 5)
  expect(await journal.roll()).toMatchObject({ segment: 1, end: { ordinal: 5 } })
  await write(journal, 6, 10)
  expect(await journal.roll()).toMatchObject({ segment: 2, end: { ordinal: 10 } })
  await write(journal, 11, 12)
  return journal
}

describe('rewriting', () => {
  test('changes the records of finished segments and nothing else, whatever their length becomes', async () => {
    const fs = new FaultFs()
    const journal = await threeSegments(fs)
    const progress: string[] = []
    const onProgress = (done: number, of: number): number => progress.push(`${done}/${of}`)
    expect(await journal.rewrite({ ...renaming(2), onProgress })).toEqual({ segments: 2, records: 3 })
    expect(progress).toEqual(['1/2', '2/2'])
    expect(await read(fs)).toEqual({ found: expected(12, 10), damage: [] })
    expect(await verifyJournal({ dir: DIR, fs })).toMatchObject({ records: 12, lastOrdinal: 12, damage: [] })
    // Again: there is nothing to do, and further on there is.
    expect(await journal.rewrite(renaming(2))).toEqual({ segments: 0, records: 0 })
    await journal.roll()
    expect(await journal.rewrite(renaming(3))).toEqual({ segments: 1, records: 1 })
    await write(journal, 13, 14)
    await journal.close()
    const again = await openMemoryJournal(fs)
    await write(again, 15, 15)
    await again.close()
    expect(await read(fs)).toEqual({ found: expected(15, 12), damage: [] })
  })

  test('is refused while a consumer has not passed the segments', async () => {
    const fs = new FaultFs()
    const journal = await threeSegments(fs)
    await journal.saveCursor('slow', { segment: 2, offset: 100 }, 7)
    await expect(journal.rewrite(renaming(2))).rejects.toMatchObject({ code: 'journal_unavailable' })
    expect(await journal.rewrite(renaming(1))).toMatchObject({ segments: 1 })
    await journal.saveCursor('slow', journal.end().position, journal.end().ordinal)
    expect(await journal.rewrite(renaming(2))).toMatchObject({ segments: 1 })
    await journal.close()
  })

  test('puts what waits to be written behind the end of the segment', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs)
    await write(journal, 1, 3)
    const rolled = journal.roll()
    const waiting = journal.append([{ type: 'event', body: '"e":{"id":4,"of":"bob"}' }])
    expect(await rolled).toMatchObject({ segment: 1, end: { ordinal: 3 } })
    expect(await waiting.durable).toMatchObject({ position: { segment: 2 }, ordinal: 4 })
    await journal.close()
    await expect(journal.roll()).rejects.toMatchObject({ code: 'journal_unavailable' })
  })

  test('masks damaged lines and what is kept of them, counts them once, and leaves out what cannot be inflated', async () => {
    const fs = new FaultFs()
    let journal = await openMemoryJournal(fs)
    await write(journal, 1, 9)
    const plain = fs.content(`${DIR}/${plainName(1)}`)
    plain[plain.indexOf('"id":6') + 5] = 0x58
    await journal.roll()
    await write(journal, 10, 12)
    await journal.roll()
    await write(journal, 13, 13)
    await journal.prune()
    const packed = fs.content(`${DIR}/${compressedName(2)}`)
    packed[packed.length - 20] = (packed[packed.length - 20] as number) ^ 0xff
    const { damage: before } = await read(fs)
    for (const damage of before) await journal.noteDamage(damage)
    const counted = journal.stats().quarantinedLines
    expect(counted).toBe(4)
    await journal.rewrite(renaming(2))
    const { found, damage } = await read(fs)
    expect(found).toEqual(
      expected(9, 9)
        .filter((line) => !line.startsWith('6 '))
        .concat('13 bob'),
    )
    expect(damage.map(({ reason, lines }) => [reason, lines])).toEqual(
      before.map(({ reason, lines }) => [reason, lines]),
    )
    for (const one of damage) await journal.noteDamage(one)
    expect(journal.stats().quarantinedLines).toBe(counted)
    for (const name of await fs.list(`${DIR}/quarantine`))
      expect(fs.content(`${DIR}/quarantine/${name}`).includes(NAME)).toBe(false)
    await journal.close()
    journal = await openMemoryJournal(fs)
    expect(journal.stats().quarantinedLines).toBe(counted)
    await journal.close()
  })

  test('that is cut short by a loss of power at any step leaves every record, and is finished when asked again', async () => {
    const counting = new FaultFs()
    const first = await threeSegments(counting)
    await first.prune()
    let changes = 0
    counting.plan = ({ kind }) => {
      if (CHANGING.has(kind)) changes++
      return undefined
    }
    await first.rewrite(renaming(2))
    counting.plan = () => undefined
    await first.close()
    expect(changes).toBeGreaterThan(8)
    for (let cut = 1; cut <= changes; cut++) {
      const fs = new FaultFs()
      const journal = await threeSegments(fs)
      await journal.prune()
      let at = 0
      fs.plan = ({ kind }) => (CHANGING.has(kind) && ++at === cut ? 'crash' : undefined)
      await journal.rewrite(renaming(2)).catch(() => undefined)
      for (const seed of [1, 2]) {
        const left = fs.survivor(cut * 10 + seed)
        const { found, damage } = await read(left)
        expect(damage, `cut ${cut}`).toEqual([])
        expect(found.map((line) => line.replace(NEW, NAME))).toEqual(expected(12, 0))
        const opened = await openMemoryJournal(left)
        await opened.rewrite(renaming(2))
        await opened.close()
        expect((await read(left)).found).toEqual(expected(12, 10))
        expect((await left.list(DIR)).filter((name) => name.endsWith('.tmp'))).toEqual([])
        expect(await holds(left)).toBe(true)
      }
    }
  })
})
