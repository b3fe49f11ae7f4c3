import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, Random } from '@tallystick/core/event'
import { type Journal, type JournalOptions, openJournal } from '@tallystick/core/journal'
import { createPriceBook } from '@tallystick/core/pricing'
import { afterEach } from 'vitest'
import { openMemoryStore } from '../../store/memory.ts'
import type { UsageStore } from '../../store/store.ts'
import type { Ingest } from '../ingest.ts'
import { type IngestOptions, openIngest } from '../open-ingest.ts'

export const NOON = Date.UTC(2026, 10, 21, 12)
export const DAY_MS = 86_400_000

export interface TestClock extends Clock {
  set(ms: number): void
}

export function testClock(startMs = NOON): TestClock {
  let ms = startMs
  return {
    now: () => ms,
    monotonic: () => ms,
    set: (next) => {
      ms = next
    },
  }
}

/** Repeats itself from the same seed. */
export function testRandom(seed = 1): Random {
  let state = seed
  return {
    fill(bytes) {
      for (let at = 0; at < bytes.length; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        bytes[at] = state >>> 24
      }
      return bytes
    },
  }
}

/** A UUIDv7 minted at `ms`, told apart by `n`. */
export function uuidAt(ms: number, n: number): string {
  const time = ms.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`
}

/** A directory that is removed after the test. */
export async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tallystick-ingest-'))
  afterwards.push(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const afterwards: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of afterwards.splice(0).reverse()) await step()
})

export const prices = createPriceBook()

export interface Bench {
  readonly ingest: Ingest
  readonly journal: Journal
  readonly store: UsageStore
  readonly clock: TestClock
  readonly errors: unknown[]
  readonly dir: string
  /** Closes ingest and journal in order. */
  close(): Promise<void>
}

export type BenchOptions = Partial<Omit<IngestOptions, 'journal' | 'clock'>> & {
  readonly dir?: string
  readonly clock?: TestClock
  readonly journal?: Partial<JournalOptions>
  /** Stands between the pipeline and the journal. */
  readonly wrap?: (journal: Journal) => Journal
}

/** A real journal, a memory store and the pipeline between them. */
export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const {
    dir = await temporaryDir(),
    clock = testClock(),
    wrap = (journal) => journal,
    journal: journalOptions,
    ...rest
  } = options
  const store = options.store ?? openMemoryStore({ maxEvents: 1_000_000, clock })
  const errors: unknown[] = []
  const journalDir = join(dir, 'journal')
  const journal = await openJournal({ dir: journalDir, clock, commitDelayMs: 0, ...journalOptions })
  const ingest = await openIngest({
    prices,
    dedupDir: join(dir, 'dedup'),
    onError: (error) => errors.push(error),
    ...rest,
    store,
    journal: { log: wrap(journal), dir: journalDir },
    clock,
  })
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await ingest.close()
    await journal.close()
  }
  const once = (): Promise<void> => {
    closing ??= close()
    return closing
  }
  afterwards.push(once)
  return { ingest, journal, store, clock, errors, dir, close: once }
}

/** Everything in a store, oldest first, by id. */
export async function idsIn(store: UsageStore): Promise<readonly string[]> {
  const { events } = await store.scan({
    fromMs: 0,
    toMs: Number.MAX_SAFE_INTEGER,
    filters: [],
    limit: 10_000,
    ascending: true,
  })
  return events.map(({ event }) => event.eventId)
}
