import { describe, expect, test } from 'vitest'
import type { JournalDamage } from './damage.ts'
import type { Journal } from './journal.ts'
import { compressedName, plainName } from './names.ts'
import type { JournalTrace } from './open.ts'
import { readJournal } from './read.ts'
import { FaultFs } from './testing/fault-fs.ts'
import { idsOf, openMemoryJournal, record, writeRecords } from './testing/memory-journal.ts'
import { DIR } from './testing/power-cut.ts'
import { verifyJournal } from './verify.ts'

const ONE = `${DIR}/${plainName(1)}`
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

async function read(fs: FaultFs): Promise<{ ids: number[]; damage: JournalDamage[] }> {
  const ids: number[] = []
  const damage: JournalDamage[] = []
  for await (const { records } of readJournal({ dir: DIR, fs, onCorrupt: (found) => damage.push(found) })) {
    for (const { body } of records) ids.push((body['e'] as { readonly id: number }).id)
  }
  return { ids, damage }
}

/** Where each line of a file begins, and its end. */
function lineStarts(content: Buffer): number[] {
  const starts = [0]
  for (let at = content.indexOf(0x0a); at !== -1; at = content.indexOf(0x0a, at + 1)) starts.push(at + 1)
  return starts
}

describe('a flipped bit', () => {
  test('anywhere in a segment is noticed, costs at most the record it is in, and nothing else', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 5)
    // A finished segment, so that its end is known.
    const original = Buffer.from(fs.content(ONE))
    const [, ...records] = lineStarts(original)
    const unnoticed: number[] = []
    const costly: number[] = []
    for (let bit = 0; bit < original.length * 8; bit++) {
      const at = bit >>> 3
      fs.content(ONE)[at] = (original[at] as number) ^ (1 << (bit & 7))
      const {
        records: sound,
        damage,
        lastOrdinal,
      } = await verifyJournal({ dir: DIR, fs, to: { segment: 1, offset: original.length } })
      if (damage.length === 0 && sound === 5) {
        // A line feed that became another byte damages no record: the lines that ran together were told apart.
        if (original[at] !== 0x0a) unnoticed.push(bit)
      }
      const inLast = at >= (records.at(-2) as number)
      if (sound < 4 || (!inLast && lastOrdinal !== 5)) costly.push(bit)
      fs.content(ONE)[at] = original[at] as number
    }
    expect(unnoticed).toEqual([])
    expect(costly).toEqual([])
    // What is told is what is delivered.
    fs.content(ONE)[(records[2] as number) + 30] = 0x58
    const { ids, damage } = await read(fs)
    expect(ids).toEqual([1, 2, 4, 5])
    expect(damage).toEqual([
      {
        reason: 'checksum',
        position: { segment: 1, offset: records[2] },
        bytes: (records[3] as number) - (records[2] as number),
        lines: 1,
        missing: { first: 3, last: 3 },
      },
    ])
  }, 60_000)

  test('in a compressed segment costs the lines of one block, and the rest is read', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs, { segmentBytes: 400_000 })
    // Three blocks of 128 KiB, then a second segment.
    for (let id = 1; id <= 900; id++) void journal.append([record(id, 400 + ((id * 7919) % 97))])
    await journal.append([record(901)]).durable
    await journal.append([record(902)]).durable
    await journal.prune()
    await journal.close()
    const path = `${DIR}/${compressedName(1)}`
    const original = Buffer.from(fs.content(path))
    expect((await read(fs)).ids).toEqual(range(1, 902))
    for (let at = 0; at < original.length; at += 97) {
      fs.content(path)[at] = (original[at] as number) ^ 0x10
      const { ids, damage } = await read(fs)
      expect(ids.length).toBeGreaterThan(500)
      expect(ids.at(-1)).toBe(902)
      expect(damage.length).toBeGreaterThan(0)
      // Which records it cost is told, and how many, although no line of the block can be seen.
      const missing = damage.flatMap((found) => (found.missing ? range(found.missing.first, found.missing.last) : []))
      expect([...ids, ...missing].sort((a, b) => a - b)).toEqual(range(1, 902))
      if (missing.length > 0) expect(damage.reduce((sum, { lines }) => sum + lines, 0)).toBe(missing.length)
      fs.content(path)[at] = original[at] as number
    }
  }, 60_000)
})

describe('a damaged part of the newest segment', () => {
  test('is copied to quarantine and counted once, and the lines after it are kept', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 6)
    const starts = lineStarts(fs.content(ONE))
    fs.content(ONE).fill(0, (starts[2] as number) + 5, (starts[4] as number) + 5)
    for (let life = 0; life < 2; life++) {
      const journal = await openMemoryJournal(fs)
      expect(journal.stats()).toMatchObject({ quarantinedLines: 1, tornBytes: 0 })
      expect(journal.append([record(100 + life)]).firstOrdinal).toBe(7 + life)
      await journal.close()
    }
    expect(await idsOf(fs)).toEqual([1, 5, 6, 100, 101])
    expect(await fs.list(`${DIR}/quarantine`)).toEqual([`0000000001-${starts[2]}-1.lines`])
  })

  test('at every length of the last three records is cut, kept, and never a reason to lose what stands before', async () => {
    const whole = new FaultFs()
    await writeRecords(whole, 6)
    const content = Buffer.from(whole.content(ONE))
    const starts = lineStarts(content)
    for (let length = starts[4] as number; length < content.length; length++) {
      const fs = whole.afterKill()
      fs.put(ONE, content.subarray(0, length))
      const sound = starts.filter((start) => start <= length).length - 2
      const torn = length - (starts[sound + 1] as number)
      const journal = await openMemoryJournal(fs)
      expect(journal.stats()).toMatchObject({ tornBytes: torn, quarantinedLines: 0, records: sound })
      await journal.append([record(100)]).durable
      await journal.close()
      expect(await idsOf(fs)).toEqual([...range(1, sound), 100])
      if (torn > 0) {
        const [name] = await fs.list(`${DIR}/quarantine`)
        expect(fs.content(`${DIR}/quarantine/${name}`)).toEqual(content.subarray(length - torn, length))
      }
    }
  }, 60_000)

  test('is never written over: after a cut, places and ordinals go on in a new segment', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 3)
    const content = Buffer.from(fs.content(ONE))
    // The last record rots after it was acknowledged and applied by a consumer.
    fs.content(ONE)[content.length - 20] = 0
    const journal = await openMemoryJournal(fs)
    expect(journal.end().position.segment).toBe(2)
    const { firstOrdinal, durable } = journal.append([record(100)])
    expect(firstOrdinal).toBe(4)
    await durable
    await journal.close()
    const read: number[] = []
    for await (const batch of readJournal({ dir: DIR, fs, from: { segment: 1, offset: content.length } })) {
      for (const { ordinal } of batch.records) read.push(ordinal)
    }
    expect(read).toEqual([4])
  })

  test('of copied blocks is not delivered a second time', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 4)
    const content = fs.content(ONE)
    const starts = lineStarts(content)
    fs.put(ONE, Buffer.concat([content, content.subarray(starts[2], starts[4])]))
    const { ids, damage } = await read(fs)
    expect(ids).toEqual([1, 2, 3, 4])
    expect(damage.map(({ reason }) => reason)).toEqual(['out_of_order', 'out_of_order'])
  })
})

describe('the end of a journal that a witness knows to have reached further', () => {
  /** A journal of five records whose end has been changed by `harm`, opened with a witness that has seen all five. */
  async function reopened(harm: (fs: FaultFs, content: Buffer) => void): Promise<{ fs: FaultFs; journal: Journal }> {
    const fs = new FaultFs()
    await writeRecords(fs, 5)
    harm(fs, Buffer.from(fs.content(ONE)))
    const journal = await openMemoryJournal(fs, { witness: async () => ({ ordinal: 5 }) })
    return { fs, journal }
  }
  const cutBefore = (content: Buffer, record: number): Buffer => content.subarray(0, lineStarts(content)[record])
  const HARMS: { readonly [name: string]: { harm: (fs: FaultFs, content: Buffer) => void; lost: number } } = {
    'its last record rotten': {
      harm: (fs, content) => fs.content(ONE).fill(0, content.length - 20, content.length - 19),
      lost: 1,
    },
    'its last record torn': { harm: (fs, content) => fs.put(ONE, content.subarray(0, content.length - 9)), lost: 1 },
    'its last record gone': { harm: (fs, content) => fs.put(ONE, cutBefore(content, 5)), lost: 1 },
    'three records gone, the first of them in the middle': {
      harm: (fs, content) => fs.put(ONE, content.subarray(0, (lineStarts(content)[3] as number) + 25)),
      lost: 3,
    },
    'a torn write behind three records that are gone': {
      harm: (fs, content) => fs.put(ONE, Buffer.concat([cutBefore(content, 3), Buffer.from('{"t":"')])),
      lost: 3,
    },
    'its only file emptied': { harm: (fs) => fs.put(ONE, Buffer.alloc(0)), lost: 5 },
    'its only file gone': { harm: (fs) => void fs.unlink(ONE), lost: 5 },
  }

  for (const [name, { harm, lost }] of Object.entries(HARMS)) {
    test(`${name}: is told as lost and not as torn, and its ordinals are not given again`, async () => {
      const { fs, journal } = await reopened(harm)
      expect(journal.end().ordinal).toBe(5)
      expect(journal.stats()).toMatchObject({ quarantinedLines: lost, tornBytes: 0 })
      const { firstOrdinal, durable } = journal.append([record(6)])
      expect(firstOrdinal).toBe(6)
      await durable
      const { ids, damage } = await read(fs)
      expect(ids).toEqual([...range(1, 5 - lost), 6])
      // What was before the first file is for the witness to tell.
      if (lost < 5) expect(damage).toMatchObject([{ lines: lost, missing: { first: 6 - lost, last: 5 } }])
      for (const found of damage) await journal.noteDamage(found)
      expect(journal.stats()).toMatchObject({ quarantinedLines: lost })
      await journal.close()

      const again = await openMemoryJournal(fs, { witness: async () => ({ ordinal: 6 }) })
      expect(again.stats()).toMatchObject({ quarantinedLines: lost, tornBytes: 0 })
      expect(again.end()).toMatchObject({ ordinal: 6 })
      await again.close()
    })
  }

  test('a torn write behind all of them is no loss', async () => {
    const { journal } = await reopened((fs, content) => fs.put(ONE, Buffer.concat([content, Buffer.from('{"t":"')])))
    expect(journal.stats()).toMatchObject({ quarantinedLines: 0, tornBytes: 6 })
    expect(journal.end()).toMatchObject({ position: { segment: 2 }, ordinal: 5 })
    await journal.close()
  })
})

describe('a journal is recognised', () => {
  test('by an id that all its segments carry, that witnesses are asked with, and that one of them may know alone', async () => {
    const fs = new FaultFs()
    const first = await openMemoryJournal(fs, { segmentBytes: 300 })
    for (let id = 1; id <= 20; id++) await first.append([record(id)]).durable
    await first.prune()
    await first.close()
    expect(first.id).toMatch(/^[0-9a-f]{32}$/)
    const asked: (string | undefined)[] = []
    const witness = async ({ id }: JournalTrace) => {
      asked.push(id)
      return { ordinal: 20, journal: 'a'.repeat(32) }
    }
    const second = await openMemoryJournal(fs, { witness })
    expect(second.id).toBe(first.id)
    await second.close()
    for (const name of await fs.list(DIR)) if (name.includes('.jsonl')) await fs.unlink(`${DIR}/${name}`)
    const third = await openMemoryJournal(fs, { witness })
    expect(third.id).toBe('a'.repeat(32))
    await third.close()
    expect(asked).toEqual([first.id, undefined])
    expect((await openMemoryJournal(new FaultFs())).id).not.toBe(first.id)
  })

  test('and when a witness says that it is another one’s, nothing is changed', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 3)
    fs.put(ONE, Buffer.concat([fs.content(ONE), Buffer.from('{"t":"')]))
    const before = Buffer.from(fs.content(ONE))
    const refusal = new Error('of another journal')
    const witness = () => Promise.reject(refusal)
    await expect(openMemoryJournal(fs, { witness })).rejects.toMatchObject({ cause: refusal })
    expect(fs.content(ONE)).toEqual(before)
  })
})

describe('the files of a directory', () => {
  test('that are not the journal’s are left alone', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 2)
    for (const name of ['0000000007.jsonl.bak', '7.jsonl', 'notes.txt', '0000000000.jsonl'])
      fs.put(`${DIR}/${name}`, Buffer.from('x'))
    const journal = await openMemoryJournal(fs)
    await journal.append([record(3)]).durable
    await journal.close()
    expect(await idsOf(fs)).toEqual([1, 2, 3])
    expect(await fs.list(DIR)).toEqual(
      expect.arrayContaining(['0000000007.jsonl.bak', '7.jsonl', 'notes.txt', '0000000000.jsonl']),
    )
  })

  test('that lack a segment are read around it, and the hole is told', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 30, { segmentBytes: 500 })
    await fs.unlink(`${DIR}/${compressedName(2)}`)
    const { ids, damage } = await read(fs)
    expect(ids.length).toBeGreaterThan(20)
    expect(ids.at(-1)).toBe(30)
    expect(damage.map(({ reason }) => reason)).toEqual(['missing_segment', 'gap'])
    const missing = 30 - ids.length
    expect(damage[1]?.lines).toBe(missing)
  })

  test('that were emptied or cut short still open, and ordinals a cursor has seen are not given again', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs)
    for (let id = 1; id <= 5; id++) await journal.append([record(id)]).durable
    const { position, ordinal } = journal.end()
    await journal.saveCursor('report', position, ordinal)
    await journal.close()
    fs.put(ONE, Buffer.alloc(0))
    const again = await openMemoryJournal(fs)
    expect(again.append([record(6)]).firstOrdinal).toBe(6)
    await again.close()
    expect(await idsOf(fs)).toEqual([6])
  })

  test('of both forms of one segment count as the plain one', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 3)
    fs.put(`${DIR}/${compressedName(1)}`, Buffer.from('half a file'))
    expect(await idsOf(fs)).toEqual([1, 2, 3])
  })
})
