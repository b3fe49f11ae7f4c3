import { TallystickError } from '@tallystick/core'
import { type Clock, type Random, systemClock, systemRandom, uuidv7Generator } from '@tallystick/core/event'
import type { Journal } from '@tallystick/core/journal'
import type { PriceBook } from '@tallystick/core/pricing'
import type { StoredEvent, UsageStore } from '../store/store.ts'
import type { Applier } from './apply/applier.ts'
import { openFeeding } from './apply/feeding.ts'
import { openFollowing } from './apply/following.ts'
import { openingStats } from './apply/opening-stats.ts'
import { clearAll } from './clear.ts'
import { openDedup } from './dedup/open-dedup.ts'
import { eraseInStore, markErased } from './erase.ts'
import { journalLog, volatileLog } from './event-log.ts'
import { SourceGaps } from './gaps.ts'
import type { Ingest, IngestAnswer, IngestRequest } from './ingest.ts'
import { invariantsOf, unaccountedFor } from './law.ts'
import { OrdinalLedger } from './ledger.ts'
import { Pipeline } from './pipeline.ts'
import { journalRepricing } from './reprice.ts'
import { Tally } from './tally.ts'
import { within } from './within.ts'

export interface IngestOptions {
  readonly store: UsageStore
  readonly prices: Pick<PriceBook, 'price'>
  /** What acknowledgements depend on. Absent (memory store): nothing survives the process and every ack is `received`. */
  readonly journal?: { readonly log: Journal; readonly dir: string }
  /** Where ids that no longer fit in memory, and the sidecar that spares a full read of the journal, are kept. Only with a journal. */
  readonly dedupDir?: string
  /** How long events are retained, ms; ids are remembered at least as long. Absent: for ever. */
  readonly retainMs?: number
  /** Bytes of memory for ids; 64 MiB when absent. */
  readonly dedupMemoryBytes?: number
  readonly clock?: Clock
  readonly random?: Random
  /** Asked before a clear; what it throws refuses that. */
  readonly mayClear?: () => void
  /** Told of what was survived: an unusable sidecar, a failed apply, a listener that threw. */
  readonly onError?: (error: unknown) => void
}

/**
 * Recovers the ids from sidecar and journal, starts to feed the store, and opens the doors. The store may still be catching
 * up when it resolves; `progress()` tells.
 *
 * @example
 * const ingest = await openIngest({ store: openMemoryStore(), prices: createPriceBook() })
 * await ingest.submit({ items: [{ model: 'gpt-4o', input_tokens: 12, output_tokens: 3 }], door: 'native' })
 */
export async function openIngest(options: IngestOptions): Promise<Ingest> {
  const { store, prices, journal, dedupDir, clock = systemClock, random = systemRandom, onError = () => {} } = options
  const ledger = new OrdinalLedger()
  const gaps = new SourceGaps()
  const tally = new Tally()
  const opening = await openingStats(store, journal?.log)
  const { appliedOrdinal } = opening
  // An empty store has nothing to say of the ids: it is filled while the journal is looked through for them.
  const filling = store.follower && appliedOrdinal === 0 ? await openApplier(options, onError) : undefined
  const { dedup, keeper } = await openDedup({
    ...(journal && dedupDir !== undefined
      ? {
          disk: {
            dir: dedupDir,
            journal: journal.log,
            journalDir: journal.dir,
            appliedOrdinal,
            held: (range, limit) => store.held(range, limit),
            unaccounted: () => unaccountedFor(opening, ledger) ?? 0,
          },
        }
      : {}),
    companions: [ledger, gaps],
    retainMs: options.retainMs ?? Number.POSITIVE_INFINITY,
    ...(options.dedupMemoryBytes === undefined ? {} : { memoryBytes: options.dedupMemoryBytes }),
    random,
    onError,
  }).catch(async (error: unknown) => {
    await filling?.close()
    throw error
  })
  if (journal) ledger.journalBegins(journal.log.stats().oldestOrdinal)
  const log = journal ? journalLog(journal.log) : volatileLog(appliedOrdinal)
  const applier = filling ?? (await openApplier(options, onError))
  const listeners = new Set<(events: readonly StoredEvent[]) => void>()
  const tell = <T>(told: ReadonlySet<(about: T) => void>, about: T): void => {
    for (const listener of told) {
      try {
        listener(about)
      } catch (error) {
        onError(error)
      }
    }
  }
  const pipeline = new Pipeline({
    dedup,
    keeper,
    log,
    applier,
    prices,
    ledger,
    gaps,
    tally,
    clock,
    mintId: uuidv7Generator(clock, random),
    publish: (events) => tell(listeners, events),
    onError,
  })

  const cleared = new Set<() => void>()
  const inFlight = new Set<Promise<unknown>>()
  const under = <T>(work: Promise<T>): Promise<T> => {
    inFlight.add(work)
    const leave = (): void => void inFlight.delete(work)
    work.then(leave, leave)
    return work
  }
  let closing: Promise<void> | undefined
  const submit = (request: IngestRequest): Promise<IngestAnswer> => {
    if (closing) return Promise.reject(new TallystickError('shutting_down'))
    return under(pipeline.submit(request))
  }
  const clear = async (): Promise<void> => {
    options.mayClear?.()
    await clearAll({ log, applier, nowMs: clock.now() })
    tell(cleared, undefined)
  }
  const applied = (withinMs?: number): Promise<void> => within(applier.applied(log.end().ordinal), withinMs)
  const drain = async (): Promise<void> => {
    while (inFlight.size > 0) await Promise.allSettled(inFlight)
    await dedup.settled()
    await applied()
  }
  const close = async (): Promise<void> => {
    while (inFlight.size > 0) await Promise.allSettled(inFlight)
    await dedup.settled()
    await keeper.close()
    await applier.close()
  }

  return {
    submit,
    onAccepted(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    onCleared(listener) {
      cleared.add(listener)
      return () => void cleared.delete(listener)
    },
    clear: (withinMs) =>
      closing ? Promise.reject(new TallystickError('shutting_down')) : under(within(clear(), withinMs)),
    reprice: (record) =>
      closing
        ? Promise.reject(new TallystickError('shutting_down'))
        : under(journalRepricing({ log, applier, record })),
    erase: (request) =>
      closing
        ? Promise.reject(new TallystickError('shutting_down'))
        : eraseInStore({ store, applier, log, journal: journal?.log }, request),
    markErased: (mark, segment) =>
      journal === undefined
        ? Promise.resolve()
        : markErased({ applier, log, journal: journal.log, keeper }, mark, segment, () => closing !== undefined),
    counts: () => tally.counts(),
    async invariants() {
      const stats = await store.stats()
      return invariantsOf({
        atMs: clock.now(),
        counts: tally.counts(),
        stats,
        ledger,
        durableOrdinal: log.end().ordinal,
        damagedLines: Math.max(journal?.log.stats().quarantinedLines ?? 0, keeper.lost),
        gaps: gaps.report(),
      })
    },
    gaps: (selection) => gaps.report(selection),
    conflicts: () => pipeline.conflicts.list(),
    acceptedUpTo: (ordinal) => (ledger.complete ? ledger.countUpTo(ordinal) : undefined),
    progress: () => ({ ...applier.progress(), targetOrdinal: log.end().ordinal, inFlight: inFlight.size }),
    applied,
    prune: () => keeper.prune(clock.now()),
    drain,
    close() {
      closing ??= close()
      return closing
    },
  }
}

async function openApplier({ store, journal }: IngestOptions, onError: (error: unknown) => void): Promise<Applier> {
  if (!journal) return openFeeding({ store, onError })
  if (store.follower) return openFollowing(store.follower, journal.log, journal.dir, onError)
  return openFeeding({ store, journal, onError })
}
