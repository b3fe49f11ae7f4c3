import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type UsageEvent, wireJson } from '@tallystick/core/event'
import { type Journal, openJournal } from '@tallystick/core/journal'
import { describe, expect, test } from 'vitest'
import type { StoredEvent } from '../../store/store.ts'
import { NOON, temporaryDir, testRandom } from '../testing/harness.ts'
import { contentHash } from './identity.ts'
import { type DedupDisk, type OpenDedup, openDedup } from './open-dedup.ts'

const HASH = contentHash(Buffer.from('same'))
const OTHER = contentHash(Buffer.from('other'))
const EVENTS = 10
const LOST = 5

const event = (number: number): UsageEvent => ({
  eventId: `id-${number}`,
  timestampMs: NOON,
  kind: 'router_started',
})
const stored = (ordinal: number): StoredEvent => ({ ordinal, receivedMs: NOON, event: event(ordinal) })

/** Gives the dedup of a directory to `look`, and closes it. */
async function opened<Found>(
  dir: string,
  disk: Partial<DedupDisk>,
  look: (dedup: OpenDedup, journal: Journal) => Found | Promise<Found>,
): Promise<Found> {
  const journalDir = join(dir, 'journal')
  const witness = async () => ({ ordinal: disk.appliedOrdinal ?? 0 })
  const journal = await openJournal({ dir: journalDir, commitDelayMs: 0, witness })
  const dedup = await openDedup({
    disk: { dir: join(dir, 'dedup'), journal, journalDir, ...disk },
    random: testRandom(),
  })
  try {
    return await look(dedup, journal)
  } finally {
    await dedup.keeper.close()
    await journal.close()
  }
}

/** Events in the journal and, if asked for, among the saved ids; then the line of one of them is damaged. */
async function harmed(ids: boolean): Promise<string> {
  const dir = await temporaryDir()
  await opened(dir, {}, async ({ dedup }, journal) => {
    for (let number = 1; number <= EVENTS; number++) {
      const reservation = dedup.reserve(1)
      dedup.claim(reservation, { event: event(number), contentHash: HASH, receivedMs: NOON, minted: false })
      await journal.append([{ type: 'event', body: `"r":${NOON},"h":"${HASH}","e":${wireJson(event(number))}` }])
        .durable
      reservation.settle()
    }
  })
  if (!ids) await rm(join(dir, 'dedup'), { recursive: true })
  const file = join(dir, 'journal', '0000000001.jsonl')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace(`"id-${LOST}"`, '"id-X"'))
  return dir
}

function statusOf({ dedup }: OpenDedup, number: number, hash = HASH): unknown {
  const reservation = dedup.reserve(1)
  const status = dedup.claim(reservation, { event: event(number), contentHash: hash, receivedMs: NOON, minted: false })
  reservation.release()
  return status
}

const all = { appliedOrdinal: EVENTS }
const heldNone = async () => []

describe('of a record that the journal has lost', () => {
  test('the event is known if the store holds it, whatever its content, and also after the next start', async () => {
    const dir = await harmed(false)
    const asked: unknown[] = []
    const held: DedupDisk['held'] = async (range) => {
      asked.push(range)
      return [stored(LOST)]
    }
    const look = (found: OpenDedup): unknown[] => [
      statusOf(found, LOST),
      statusOf(found, LOST, OTHER),
      statusOf(found, LOST + 1),
      statusOf(found, LOST + 1, OTHER),
      found.keeper.lost,
    ]
    const expected = ['duplicate', 'duplicate', 'duplicate', 'conflict', 0]
    expect(await opened(dir, { ...all, held }, look)).toEqual(expected)
    expect(asked).toEqual([{ first: LOST, last: LOST }])
    expect(await opened(dir, { ...all, held }, look)).toEqual(expected)
    expect(asked).toHaveLength(1)
  })

  test('the store is asked again if it fails once', async () => {
    let asked = 0
    const held = async () => {
      if (asked++ === 0) throw new Error('its file turned out to be damaged')
      return [stored(LOST)]
    }
    const status = await opened(await harmed(false), { ...all, held }, (found) => statusOf(found, LOST))
    expect(status).toBe('duplicate')
  })

  test('the event is not known if the store had yet to read it, although its id was', async () => {
    const found = await opened(await harmed(true), { appliedOrdinal: 0, held: heldNone }, (dedup) => ({
      lost: dedup.keeper.lost,
      fresh: Array.from({ length: EVENTS }, (_, at) => at + 1).filter((number) => statusOf(dedup, number) === 'fresh'),
    }))
    expect(found).toEqual({ lost: 1, fresh: [LOST] })
  })

  test('nor if the store lacks it by its own count; and that costs one full read, not one a start', async () => {
    const dir = await harmed(true)
    const whole = await opened(dir, { ...all, held: heldNone }, (found) => [found.replayed, statusOf(found, LOST)])
    expect(whole).toEqual([0, 'duplicate'])
    const disk = { ...all, held: heldNone, unaccounted: () => 1 }
    const look = (found: OpenDedup) => [
      found.replayed,
      found.keeper.lost,
      statusOf(found, LOST),
      statusOf(found, LOST + 1),
    ]
    expect(await opened(dir, disk, look)).toEqual([EVENTS - 1, 1, 'fresh', 'duplicate'])
    expect(await opened(dir, disk, look)).toEqual([0, 1, 'fresh', 'duplicate'])
  })
})
