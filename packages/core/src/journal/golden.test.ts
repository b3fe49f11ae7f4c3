import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JournalDamage } from './damage.ts'
import { openJournal } from './open.ts'
import { readJournal } from './read.ts'
import type { JournalRecord } from './record.ts'
import { verifyJournal } from './verify.ts'

/**
 * A directory as version 1 of the format left it after a crash: two compressed segments, a finished plain one, a newest one
 * with a flipped bit in its first record and a torn line at its end, and a cursor. Every later version must read it.
 */
const GOLDEN = fileURLToPath(new URL('./fixtures/golden-v1', import.meta.url))
const DAMAGED = 15

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'journal-golden-'))
  cpSync(GOLDEN, dir, { recursive: true })
})
afterEach(() => rmSync(dir, { recursive: true }))

async function read(): Promise<{ records: JournalRecord[]; damage: JournalDamage[] }> {
  const records: JournalRecord[] = []
  const damage: JournalDamage[] = []
  for await (const batch of readJournal({ dir, onCorrupt: (found) => damage.push(found) }))
    records.push(...batch.records)
  return { records, damage }
}

test('the files of format 1 are read, and the damaged record is told', async () => {
  const { records, damage } = await read()
  const types = [
    'event',
    'event',
    'event',
    'clear',
    'event',
    'erase',
    'reprice',
    'event',
    'event',
    'event',
    'event',
    'meta',
    'event',
    'event',
    'event',
  ]
  expect(records.map(({ type }) => type)).toEqual(types)
  expect(records.map(({ ordinal }) => ordinal)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16])
  expect(damage).toEqual([
    {
      reason: 'checksum',
      position: { segment: 4, offset: 145 },
      bytes: 241,
      lines: 1,
      missing: { first: DAMAGED, last: DAMAGED },
    },
  ])
  expect(records[7]?.body['e']).toEqual({
    event_id: '0199aa00-0000-7000-8000-000000000005',
    kind: 'llm_request_completed',
    model: 'gpt-4o',
    agent_id: 'agent_5',
    input_tokens: 50,
    error_message: 'ünï "quoted"\n\u2028🜚',
  })
  expect(records[7]?.position).toEqual({ segment: 2, offset: 245 })
})

test('the files of format 1 open, are mended as a crash is, and written on', async () => {
  const journal = await openJournal({ dir, keepMs: Number.POSITIVE_INFINITY })
  expect(journal.stats()).toMatchObject({
    records: 16,
    oldestOrdinal: 1,
    quarantinedLines: 1,
    tornBytes: 77,
    state: 'ok',
  })
  expect(journal.cursors().get('store')).toEqual({ position: { segment: 3, offset: 384 }, ordinal: 11 })
  expect(journal.end().position.segment).toBe(5)
  // The torn line may have been a record: its ordinal is left out.
  const { firstOrdinal, durable } = journal.append([{ type: 'event', body: '"e":{}' }])
  expect(firstOrdinal).toBe(18)
  await durable
  await journal.prune()
  await journal.close()
  expect(readdirSync(join(dir, 'quarantine')).sort()).toEqual(['0000000004-145-1.lines', '0000000004-627-1.tail'])
  expect(readdirSync(dir)).toContain('0000000003.jsonl.gz')
  const { records } = await read()
  expect(records.map(({ ordinal }) => ordinal)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18])
})

test('verification finds the same as reading', async () => {
  const { records, damage, segments, firstOrdinal, lastOrdinal } = await verifyJournal({ dir })
  expect({ records, segments, firstOrdinal, lastOrdinal }).toEqual({
    records: DAMAGED,
    segments: 4,
    firstOrdinal: 1,
    lastOrdinal: 16,
  })
  expect(damage).toEqual((await read()).damage)
})
