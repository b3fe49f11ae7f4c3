import { describe, expect, test, vi } from 'vitest'
import { ERRORS, type TallystickError } from '../errors.ts'
import type { Clock } from '../event/clock.ts'
import type { JsonBytes } from '../event/json-bytes.ts'
import type { JournalFile } from './fs.ts'
import type { SealedSegment } from './journal.ts'
import { compressedName, plainName } from './names.ts'
import type { JournalEnd } from './position.ts'
import { readJournal } from './read.ts'
import { FaultFs } from './testing/fault-fs.ts'
import { idsOf, openMemoryJournal, record, writeRecords } from './testing/memory-journal.ts'
import { DIR } from './testing/power-cut.ts'

const DAY_MS = 86_400_000

describe('append', () => {
  test('gives ordinals at once and in order, from 1', async () => {
    const journal = await openMemoryJournal(new FaultFs())
    expect(journal.end()).toMatchObject({ position: { segment: 1 }, ordinal: 0 })
    const first = journal.append([record(1), record(2)])
    const second = journal.append([record(3)])
    expect([first.firstOrdinal, second.firstOrdinal]).toEqual([1, 3])
    expect(journal.stats().pending).toBe(3)
    const end = await second.durable
    expect(end).toEqual(journal.end())
    expect(end.ordinal).toBe(3)
    expect(journal.stats()).toMatchObject({
      state: 'ok',
      records: 3,
      pending: 0,
      pendingBytes: 0,
      commits: 1,
      segments: 1,
    })
    await journal.close()
  })

  test('syncs everything of one moment with one write and one sync, and what comes meanwhile with the next', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs)
    const kinds: string[] = []
    fs.plan = ({ kind }) => {
      kinds.push(kind)
      return undefined
    }
    const tickets = [journal.append([record(1)]), journal.append([record(2)]), journal.append([record(3)])]
    const late = tickets[0]?.durable.then(() =>
      Promise.all([journal.append([record(4)]).durable, journal.append([record(5)]).durable]),
    )
    await Promise.all(tickets.map(({ durable }) => durable))
    await late
    expect(kinds).toEqual(['write', 'datasync', 'write', 'datasync'])
    await journal.close()
  })

  test('tells how long each commit that succeeded took', async () => {
    const fs = new FaultFs()
    const times: number[] = []
    const journal = await openMemoryJournal(fs, { onCommitTime: (ms) => times.push(ms) })
    await journal.append([record(1)]).durable
    await journal.append([record(2)]).durable
    const { commits, lastCommitMs } = journal.stats()
    expect(times).toHaveLength(commits)
    expect(times.at(-1)).toBe(lastCommitMs)
    fs.plan = ({ kind }) => (kind === 'datasync' ? 'EIO' : undefined)
    await journal.append([record(3)]).durable.catch(() => undefined)
    expect(times).toHaveLength(commits)
    fs.plan = () => undefined
    await journal.close()
  })

  test('is not durable before the sync has ended', async () => {
    const fs = new FaultFs()
    let syncs: (() => void)[] = []
    const open = fs.open.bind(fs)
    fs.open = async (path, flags): Promise<JournalFile> => {
      const file = await open(path, flags)
      return { ...file, datasync: () => new Promise((resolve) => syncs.push(() => resolve(file.datasync()))) }
    }
    const opening = openMemoryJournal(fs)
    await vi.waitFor(() => expect(syncs).toHaveLength(1))
    syncs.pop()?.()
    const journal = await opening
    const settled = vi.fn()
    const ticket = journal.append([record(1)])
    void ticket.durable.then(settled)
    await vi.waitFor(() => expect(syncs).toHaveLength(1))
    expect(settled).not.toHaveBeenCalled()
    expect(journal.end().ordinal).toBe(0)
    for (const sync of syncs) sync()
    syncs = []
    await ticket.durable
    expect(journal.end().ordinal).toBe(1)
    await journal.close()
  })

  test('of nothing waits for what was appended before', async () => {
    const journal = await openMemoryJournal(new FaultFs())
    void journal.append([record(1)])
    expect((await journal.append([]).durable).ordinal).toBe(1)
    expect((await journal.append([]).durable).ordinal).toBe(1)
    await journal.close()
  })

  test('refuses a body that would break the framing, alone', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs)
    const good = journal.append([record(1)])
    const bad = journal.append([record(2), { type: 'event', body: '"e":{"id":3}\n' }])
    expect(bad.firstOrdinal).toBe(0)
    await expect(bad.durable).rejects.toMatchObject({ code: 'internal_error' })
    await expect(journal.append([{ type: 'event', body: '' }]).durable).rejects.toMatchObject({
      code: 'internal_error',
    })
    await good.durable
    expect(journal.append([record(4)]).firstOrdinal).toBe(2)
    await journal.close()
    expect(await idsOf(fs)).toEqual([1, 4])
  })

  test('takes a series that writes its records itself, all of them or none', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs)
    const first = journal.append({ type: 'event', count: 3, write: (line, index) => line.put(`"e":{"id":${index}}`) })
    const write = (line: JsonBytes, index: number): void => {
      line.put('"e":{"id":7}')
      if (index === 1) throw new Error('half way')
    }
    for (const broken of [write, () => {}]) {
      const ticket = journal.append({ type: 'event', count: 2, write: broken })
      expect(ticket.firstOrdinal).toBe(0)
      await expect(ticket.durable).rejects.toMatchObject({ code: 'internal_error' })
    }
    expect(first.firstOrdinal).toBe(1)
    expect(journal.append([record(3)]).firstOrdinal).toBe(4)
    expect((await journal.append({ type: 'event', count: 0, write }).durable).ordinal).toBe(4)
    await journal.close()
    expect(await idsOf(fs)).toEqual([0, 1, 2, 3])
  })

  test('refuses a record of more than 16 MiB', async () => {
    const journal = await openMemoryJournal(new FaultFs())
    await expect(journal.append([record(1, 17 * 1024 * 1024)]).durable).rejects.toMatchObject({ code: 'too_long' })
    await journal.close()
  })

  test('refuses more while 64 MiB wait, and says that it may be tried again', async () => {
    const journal = await openMemoryJournal(new FaultFs())
    const waiting = Array.from({ length: 8 }, (_, id) => journal.append([record(id, 8 * 1024 * 1024)]))
    const refused = journal.append([record(10)])
    expect(refused.firstOrdinal).toBe(0)
    const error = await refused.durable.then(
      () => undefined,
      (reason: TallystickError) => reason,
    )
    expect(error).toMatchObject({ code: 'journal_unavailable' })
    expect(ERRORS.journal_unavailable.retryable).toBe(true)
    await Promise.all(waiting.map(({ durable }) => durable))
    await expect(journal.append([record(11)]).durable).resolves.toMatchObject({ ordinal: 9 })
    await journal.close()
  })

  test('keeps any text, byte for byte', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs)
    const texts = [
      '',
      '"\\\n\t\u0000',
      'ünïcode 語 🜚',
      '{"t":"event","n":1',
      ',"c":"00000000"}',
      '\u2028\u2029',
      'x'.repeat(100_000),
    ]
    await journal.append(texts.map((text) => ({ type: 'event', body: `"e":${JSON.stringify({ text })}` }))).durable
    await journal.close()
    const read: string[] = []
    for await (const { records } of readJournal({ dir: DIR, fs })) {
      for (const { body } of records) read.push((body['e'] as { readonly text: string }).text)
    }
    expect(read).toEqual(texts)
  })

  test('after close is refused', async () => {
    const journal = await openMemoryJournal(new FaultFs())
    const last = journal.append([record(1)])
    await journal.close()
    await expect(last.durable).resolves.toMatchObject({ ordinal: 1 })
    await expect(journal.append([record(2)]).durable).rejects.toMatchObject({ code: 'journal_unavailable' })
  })
})

describe('listeners', () => {
  test('hear of each commit and each finished segment until they leave, and one that throws disturbs nobody', async () => {
    const errors: unknown[] = []
    const journal = await openMemoryJournal(new FaultFs(), {
      segmentBytes: 400,
      onError: (error) => errors.push(error),
    })
    const ends: JournalEnd[] = []
    const sealed: SealedSegment[] = []
    const boom = new Error('boom')
    journal.onDurable(() => {
      throw boom
    })
    const leave = journal.onDurable((end) => ends.push(end))
    journal.onSeal((segment) => sealed.push(segment))
    for (let id = 1; id <= 10; id++) await journal.append([record(id)]).durable
    leave()
    await journal.append([record(11)]).durable
    expect(ends.map(({ ordinal }) => ordinal)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(errors).toEqual(Array(11).fill(boom))
    expect(sealed.length).toBeGreaterThan(0)
    expect(sealed[0]?.segment).toBe(1)
    expect(ends).toContainEqual(sealed[0]?.end)
    await journal.close()
  })
})

describe('reading', () => {
  test('goes on where it ended, in batches of the size asked for, over plain and compressed segments', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 40, { segmentBytes: 600 })
    expect(await fs.list(DIR)).toContain(compressedName(1))
    const all = await idsOf(fs)
    expect(all).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
    let from = { segment: 0, offset: 0 }
    const ordinals: number[] = []
    for (let calls = 0; calls < 60; calls++) {
      const reader = readJournal({ dir: DIR, fs, from, batchRecords: 3 })
      const { value, done } = await reader.next()
      await reader.return(undefined)
      if (done === true) break
      expect(value.records.length).toBeLessThanOrEqual(3)
      for (const { ordinal } of value.records) ordinals.push(ordinal)
      from = value.next
    }
    expect(ordinals).toEqual(all)
  })

  test('ends at the place asked for', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs, { segmentBytes: 400 })
    for (let id = 1; id <= 20; id++) {
      const { position } = await journal.append([record(id)]).durable
      let read = 0
      for await (const { records, next } of readJournal({ dir: DIR, fs, to: position })) {
        read += records.length
        if (read === id) expect(next).toEqual(position)
      }
      expect(read).toBe(id)
    }
    await journal.close()
  })

  test('of one record gives its type, its place and its whole line', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs)
    const { position } = journal.end()
    await journal.append([{ type: 'clear', body: '"before":7' }]).durable
    await journal.close()
    for await (const { records } of readJournal({ dir: DIR, fs })) {
      expect(records).toEqual([
        {
          type: 'clear',
          ordinal: 1,
          position,
          body: { t: 'clear', n: 1, before: 7, c: expect.stringMatching(/^[0-9a-f]{8}$/) },
        },
      ])
    }
  })

  test('an empty directory gives nothing', async () => {
    const fs = new FaultFs()
    await fs.mkdir(DIR)
    expect(await idsOf(fs)).toEqual([])
  })

  test('while segments are written, finished, sealed and dropped misses nothing', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs, { segmentBytes: 500, keepMs: 0 })
    await journal.saveCursor('report', { segment: 0, offset: 0 }, 0)
    const seen: number[] = []
    let from = { segment: 0, offset: 0 }
    for (let id = 1; id <= 120; id += 3) {
      const writing = journal.append([record(id), record(id + 1), record(id + 2)])
      for await (const { records, next } of readJournal({
        dir: DIR,
        fs,
        from,
        to: journal.end().position,
        batchRecords: 2,
      })) {
        for (const { ordinal } of records) seen.push(ordinal)
        from = next
      }
      await writing.durable
      if (id % 4 === 0) {
        await journal.saveCursor('report', from, seen.at(-1) ?? 0)
        await journal.prune()
      }
    }
    for await (const { records } of readJournal({ dir: DIR, fs, from }))
      for (const { ordinal } of records) seen.push(ordinal)
    expect(seen).toEqual(Array.from({ length: 120 }, (_, index) => index + 1))
    expect(journal.stats().oldestOrdinal).toBeGreaterThan(50)
    await journal.close()
  })
})

describe('opening', () => {
  test('goes on in the same segment after a close, and after a kill', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 3)
    const killed = fs.afterKill()
    for (const survivor of [fs, killed]) {
      const journal = await openMemoryJournal(survivor)
      expect(journal.end()).toMatchObject({ position: { segment: 1 }, ordinal: 3 })
      expect(journal.append([record(4)]).firstOrdinal).toBe(4)
      await journal.close()
      expect(await idsOf(survivor)).toEqual([1, 2, 3, 4])
    }
  })

  test('of a long segment reads little more than what a consumer has not read yet', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs)
    for (let id = 1; id <= 400; id++) {
      const { position, ordinal } = await journal.append([record(id, 1000)]).durable
      if (id === 390) await journal.saveCursor('report', position, ordinal)
    }
    const end = journal.end()
    await journal.close()
    const path = `${DIR}/${plainName(1)}`
    const size = fs.content(path).length
    const bytesRead = async (survivor: FaultFs): Promise<number> => {
      let read = 0
      const open = survivor.open.bind(survivor)
      survivor.open = async (name, flags): Promise<JournalFile> => {
        const file = await open(name, flags)
        const count = async (buffer: Uint8Array, length: number, position: number): Promise<number> => {
          const got = await file.read(buffer, length, position)
          read += got
          return got
        }
        return { ...file, read: count }
      }
      const again = await openMemoryJournal(survivor)
      expect(again.end().ordinal).toBe(400)
      expect(again.append([record(401)]).firstOrdinal).toBe(401)
      await again.close()
      return read
    }
    expect(await bytesRead(fs.afterKill())).toBeLessThan(size / 2)
    const torn = fs.afterKill()
    torn.put(path, Buffer.concat([fs.content(path), Buffer.from('{"t":"')]))
    const mended = await openMemoryJournal(torn)
    expect(mended.stats().tornBytes).toBe(6)
    expect(mended.end()).toMatchObject({ position: { segment: 2 }, ordinal: 400 })
    await mended.close()
    // A cursor that is no line's end is no help, and no harm.
    const misled = await openMemoryJournal(fs)
    await misled.saveCursor('report', { segment: 1, offset: end.position.offset - 1500 }, 399)
    await misled.close()
    expect(await bytesRead(fs.afterKill())).toBeGreaterThanOrEqual(size)
  })

  test('refuses a directory that is open already', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs)
    await expect(openMemoryJournal(fs)).rejects.toMatchObject({ code: 'journal_locked' })
    await journal.close()
    await (await openMemoryJournal(fs)).close()
  })

  test('refuses a format that is newer than it knows, and says which version wrote it', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 1)
    const { sealLine } = await import('./line.ts')
    const text = '{"t":"meta","n":0,"v":3,"segment":1,"created":1,"product":"9.9.9"'
    const line = Buffer.alloc(text.length + 17)
    sealLine(line, 0, line.write(text))
    fs.put(`${DIR}/${plainName(1)}`, line)
    await expect(openMemoryJournal(fs)).rejects.toMatchObject({
      code: 'journal_newer_format',
      message: expect.stringContaining('9.9.9'),
    })
    await expect(idsOf(fs)).rejects.toMatchObject({ code: 'journal_newer_format' })
    // A refused opening leaves no lock behind.
    await expect(openMemoryJournal(fs)).rejects.toMatchObject({ code: 'journal_newer_format' })
  })

  test('gives no ordinal that a projection has applied', async () => {
    const fs = new FaultFs()
    await writeRecords(fs, 2)
    const journal = await openMemoryJournal(fs, { witness: async () => ({ ordinal: 50 }) })
    expect(journal.end().ordinal).toBe(50)
    await journal.close()
    const again = await openMemoryJournal(fs)
    expect(again.append([record(3)]).firstOrdinal).toBe(51)
    await again.close()
    expect(await idsOf(fs)).toEqual([1, 2, 3])
  })

  test('of an unusable directory says so', async () => {
    const fs = new FaultFs()
    fs.plan = ({ kind }) => (kind === 'mkdir' ? 'EIO' : undefined)
    await expect(openMemoryJournal(fs)).rejects.toMatchObject({ code: 'data_dir_unusable' })
  })
})

describe('sealing', () => {
  test('leaves so many finished segments as they are, and compresses the others', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs, { segmentBytes: 300, plainSegments: 2 })
    for (let id = 1; id <= 20; id++) await journal.append([record(id)]).durable
    // Waits for the sealing.
    await journal.prune({ before: 0 })
    const { segment } = journal.end().position
    const names = (await fs.list(DIR)).filter((name) => name.includes('jsonl')).sort()
    expect(names.slice(-4)).toEqual([
      compressedName(segment - 3),
      plainName(segment - 2),
      plainName(segment - 1),
      plainName(segment),
    ])
    expect(names.filter((name) => !name.endsWith('.gz'))).toHaveLength(3)
    await journal.close()
    expect(await idsOf(fs)).toHaveLength(20)
  })
})

describe('pruning', () => {
  /** Wall and monotonic clock, moved by hand. */
  function handClock(): Clock & { advance(ms: number): void; set(ms: number): void } {
    let wall = 1_700_000_000_000
    let monotonic = 0
    return {
      now: () => wall,
      monotonic: () => monotonic,
      advance(ms) {
        wall += ms
        monotonic += ms
      },
      set(ms) {
        wall += ms
      },
    }
  }

  test('drops what is old enough and passed by every cursor, and nothing else', async () => {
    const fs = new FaultFs()
    const clock = handClock()
    const journal = await openMemoryJournal(fs, { segmentBytes: 400, clock, keepMs: 35 * DAY_MS })
    for (let id = 1; id <= 20; id++) await journal.append([record(id)]).durable
    const half = journal.end()
    for (let id = 21; id <= 40; id++) await journal.append([record(id)]).durable
    const { segments } = journal.stats()
    await journal.saveCursor('slow', half.position, half.ordinal)
    await journal.saveCursor('quick', journal.end().position, journal.end().ordinal)
    clock.advance(34 * DAY_MS)
    expect(await journal.prune()).toEqual({ dropped: 0 })
    clock.advance(2 * DAY_MS)
    const { dropped } = await journal.prune()
    expect(dropped).toBeGreaterThan(0)
    expect(journal.stats().segments).toBe(segments - dropped)
    const left = await idsOf(fs)
    expect(left[0]).toBe(journal.stats().oldestOrdinal)
    expect(left[0]).toBeLessThanOrEqual(21)
    expect(left.at(-1)).toBe(40)
    await journal.removeCursor('slow')
    await journal.prune()
    // The newest segment stays, however old it is.
    expect(journal.stats().segments).toBe(1)
    await journal.append([record(41)]).durable
    expect((await idsOf(fs)).at(-1)).toBe(41)
    await journal.close()
  })

  test('waits until a clock that jumped has stood for ten minutes', async () => {
    const clock = handClock()
    const journal = await openMemoryJournal(new FaultFs(), { segmentBytes: 300, clock })
    for (let id = 1; id <= 20; id++) await journal.append([record(id)]).durable
    clock.set(400 * DAY_MS)
    expect(await journal.prune()).toEqual({ dropped: 0 })
    clock.advance(9 * 60_000)
    expect(await journal.prune()).toEqual({ dropped: 0 })
    clock.advance(2 * 60_000)
    expect((await journal.prune()).dropped).toBeGreaterThan(0)
    await journal.close()
  })

  test('asks no clock where nothing is kept for its age, and stops where it is told to', async () => {
    const fs = new FaultFs()
    const clock = handClock()
    const journal = await openMemoryJournal(fs, { segmentBytes: 300, clock, keepMs: 0 })
    for (let id = 1; id <= 20; id++) await journal.append([record(id)]).durable
    clock.set(-400 * DAY_MS)
    expect(await journal.prune({ before: 1 })).toEqual({ dropped: 0 })
    expect(await journal.prune({ before: 4 })).toEqual({ dropped: 3 })
    const names = (await fs.list(DIR)).filter((name) => name.includes('jsonl')).sort()
    expect(names[0]).toBe(compressedName(4))
    await journal.prune()
    expect(journal.stats().segments).toBe(1)
    await journal.close()
  })

  test('drops nothing while the file of cursors is known to be damaged', async () => {
    const fs = new FaultFs()
    const clock = handClock()
    const options = { segmentBytes: 300, clock, keepMs: 0 }
    const journal = await openMemoryJournal(fs, options)
    for (let id = 1; id <= 20; id++) await journal.append([record(id)]).durable
    await journal.saveCursor('report', journal.end().position, journal.end().ordinal)
    await journal.close()
    fs.put(`${DIR}/cursors.json`, Buffer.from('{"t":"meta"'))
    const again = await openMemoryJournal(fs, options)
    expect(again.cursors().size).toBe(0)
    expect(await again.prune()).toEqual({ dropped: 0 })
    await again.saveCursor('report', again.end().position, again.end().ordinal)
    expect((await again.prune()).dropped).toBeGreaterThan(0)
    await again.close()
  })
})

describe('cursors', () => {
  test('of any name outlive the process, and saves that meet are all kept', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs)
    const names = ['__proto__', 'constructor', 'a"b\n', 'report']
    await Promise.all(names.map((name, index) => journal.saveCursor(name, { segment: 1, offset: index }, index)))
    await journal.saveCursor('gone', { segment: 1, offset: 0 }, 0)
    await journal.removeCursor('gone')
    await journal.close()
    const again = await openMemoryJournal(fs.survivor(1))
    expect([...again.cursors().keys()]).toEqual(names)
    expect(again.cursors().get('report')).toEqual({ position: { segment: 1, offset: 3 }, ordinal: 3 })
    await again.close()
  })

  test('are told only once they are durable', async () => {
    const fs = new FaultFs()
    const journal = await openMemoryJournal(fs)
    const saving = journal.saveCursor('report', { segment: 1, offset: 0 }, 1)
    expect(journal.cursors().size).toBe(0)
    await saving
    expect(journal.cursors().size).toBe(1)
    await journal.close()
  })
})
