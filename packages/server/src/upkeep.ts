import type { Clock, EventKind } from '@tallystick/core/event'
import type { Journal } from '@tallystick/core/journal'
import type { Ingest } from './ingest/ingest.ts'
import type { Logger } from './logger.ts'
import type { PruneRequest, UsageStore } from './store/store.ts'

const UPKEEP_INTERVAL_MS = 60_000
const FIRST_ROUND_MS = 1_000
/** The wall clock may be set; beyond this it is not believed when it says that data is old. */
const MAX_CLOCK_JUMP_MS = 3_600_000

export interface UpkeepOptions {
  readonly store: Pick<UsageStore, 'prune'>
  readonly ingest: Pick<Ingest, 'prune'>
  readonly journal: Pick<Journal, 'prune'> | undefined
  readonly clock: Clock
  readonly logger: Logger
  /** Absent: events are kept. */
  readonly retainEventsMs?: number
  /** Absent: totals are kept. */
  readonly retainCellsMs?: number
  /** Single events of these kinds are kept no longer than this. */
  readonly retainKindsMs?: ReadonlyMap<EventKind, number>
  /** What legal holds leave of what has expired. All of it unless given. */
  readonly allowed?: (request: PruneRequest) => PruneRequest
}

/** What became of one round. */
export interface UpkeepRound {
  readonly atMs: number
  readonly eventsDropped: number
  /** Why it failed, where it did. */
  readonly problem?: string
}

export interface Upkeep {
  /** One round now; rounds never overlap. */
  run(): Promise<void>
  /** What became of the last round that ended; undefined before the first. */
  last(): UpkeepRound | undefined
  /**
   * No further rounds. Waits for the one under way, but not for what the store or the journal does in it: that ends when they are closed,
   * and one that has much to seal or to compress before it can drop something would keep the process from ending.
   */
  stop(): Promise<void>
}

/** Drops what retention says is too old, once a minute: from the store, then ids, then sealed segments of the journal. */
export function startUpkeep(options: UpkeepOptions): Upkeep {
  const { store, ingest, journal, clock, logger, retainEventsMs, retainCellsMs } = options
  const { allowed = (request) => request, retainKindsMs = new Map() } = options
  const wallAhead = clock.now() - clock.monotonic()
  let running: Promise<void> | undefined
  let stopped = false
  /** In something that ends when it is closed. */
  let within = false
  let last: UpkeepRound | undefined

  const round = async (): Promise<void> => {
    const now = clock.now()
    const jump = now - clock.monotonic() - wallAhead
    if (Math.abs(jump) > MAX_CLOCK_JUMP_MS) {
      logger.warn({ jump_ms: Math.round(jump) }, 'the wall clock was set; nothing is dropped until a restart')
      return
    }
    let dropped = 0
    try {
      if (retainEventsMs !== undefined || retainCellsMs !== undefined || retainKindsMs.size > 0) {
        const kindsBeforeMs = new Map([...retainKindsMs].map(([kind, ms]) => [kind, Math.max(0, now - ms)]))
        within = true
        const { eventsDropped } = await store.prune(
          allowed({
            ...(retainEventsMs === undefined ? {} : { eventsBeforeMs: Math.max(0, now - retainEventsMs) }),
            ...(retainCellsMs === undefined ? {} : { cellsBeforeMs: Math.max(0, now - retainCellsMs) }),
            ...(kindsBeforeMs.size === 0 ? {} : { kindsBeforeMs }),
          }),
        )
        within = false
        if (stopped) return
        dropped = eventsDropped
        if (eventsDropped > 0) logger.info({ events: eventsDropped }, 'events dropped by retention')
      }
      await ingest.prune()
      within = true
      await journal?.prune()
      last = { atMs: now, eventsDropped: dropped }
    } catch (error) {
      // Cut short by the closing: the next start does it.
      if (stopped && within) return
      last = { atMs: now, eventsDropped: dropped, problem: error instanceof Error ? error.message : String(error) }
      logger.error({ err: error }, 'upkeep failed; it is tried again')
    } finally {
      within = false
    }
  }
  const run = (): Promise<void> => {
    running ??= round().finally(() => {
      running = undefined
    })
    return running
  }

  const timer = setInterval(() => void run(), UPKEEP_INTERVAL_MS)
  timer.unref()
  // Where a process never lives for long, work that is put off until later is never done.
  const first = setTimeout(() => void run(), FIRST_ROUND_MS)
  first.unref()
  return {
    last: () => last,
    run: () => (stopped ? Promise.resolve() : run()),
    async stop() {
      stopped = true
      clearInterval(timer)
      clearTimeout(first)
      if (!within) await running
    },
  }
}
