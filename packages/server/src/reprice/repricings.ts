import { isTallystickError, TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import type { PriceBook } from '@tallystick/core/pricing'
import type { Query } from '@tallystick/core/query'
import type { Ingest } from '../ingest/ingest.ts'
import type { RepricingRun } from '../state/repricing-run.ts'
import type { Change, ControlState } from '../state/state.ts'
import type { RepricedEvent } from '../store/repriced.ts'
import type { ScanCursor, StoredEvent, UsageStore } from '../store/store.ts'
import { Comparison } from './comparison.ts'
import { PRICED_BY, type PricedAnew, priceAnew } from './price-anew.ts'
import type { RepriceRequest } from './request.ts'

export interface RepricingParts {
  readonly store: Pick<UsageStore, 'query' | 'scan' | 'ownOrdinal'>
  readonly ingest: Pick<Ingest, 'applied' | 'reprice'>
  readonly state: ControlState
  readonly prices: Pick<PriceBook, 'price' | 'version'>
  readonly clock: Clock
  readonly newId: () => string
  /** Told of an error that no answer carries. */
  readonly onError: (error: unknown) => void
}

/** Re-pricings: one at a time, each goes on whether or not somebody waits for it. */
export interface Repricings {
  /**
   * Begins one and says what it is. `audit` is written with it.
   *
   * @throws TallystickError `reprice_running`; what writing to the control state throws
   */
  start(request: RepriceRequest, audit: (id: string, version: string) => readonly Change[]): Promise<object>
  /** How it does, and at its end what it came to. Of a run before the last start: what is kept of it. */
  show(id: string): object | undefined
  /** Those that were applied, newest first, without what they came to; dry runs leave nothing. */
  list(): readonly object[]
  /** Ends after the page under way. */
  close(): Promise<void>
}

/** Rows read at once. */
const PAGE_EVENTS = 4_000
/** Events of one record of the journal: some 200 KB. */
const RECORD_EVENTS = 8_192
/** Reports are kept of so many of the last runs. */
const KEPT_REPORTS = 8

interface Live {
  run: RepricingRun
  readonly request: RepriceRequest
  readonly comparison: Comparison
  expected: number
  scanned: number
  readonly outcomes: { [outcome in PricedAnew['outcome']]: number }
}

const newOutcomes = (): Live['outcomes'] => ({ priced: 0, reported: 0, kept: 0, foreign: 0 })

export function createRepricings(parts: RepricingParts): Repricings {
  const { clock, newId, onError, prices, state } = parts
  const live = new Map<string, Live>()
  const ending = new AbortController()
  let busy = false
  let working: Promise<void> = Promise.resolve()
  const rowOf = (run: RepricingRun): Change => ({ table: 'repricings', id: run.id, row: run })
  // A process that was killed wrote what it had journaled; the rest is done by running it again.
  for (const run of [...state.rows('repricings').values()])
    if (run.state === 'running') state.write([rowOf({ ...run, state: 'interrupted' })]).catch(onError)

  const work = async (begun: Live): Promise<void> => {
    const { request, comparison } = begun
    const end = async (as: Pick<RepricingRun, 'state' | 'error'>): Promise<void> => {
      const run = { ...begun.run, ...as, endedMs: clock.now(), changed: comparison.changed }
      if (!request.dryRun) await state.write([rowOf(run)])
      begun.run = run
    }
    try {
      await priceRange(begun, parts, ending.signal)
      if (!request.dryRun) await parts.ingest.applied()
      await end({ state: 'done' })
    } catch (error) {
      const interrupted = ending.signal.aborted || (isTallystickError(error) && error.code === 'shutting_down')
      if (!interrupted) onError(error)
      await end(
        interrupted
          ? { state: 'interrupted' }
          : { state: 'failed', error: error instanceof Error ? error.message : String(error) },
      ).catch(onError)
    }
  }

  return {
    async start(request, audit) {
      if (busy) throw new TallystickError('reprice_running')
      // Before anything is waited for: two that are asked for at once must not both begin.
      busy = true
      const id = newId()
      const { fromMs, toMs } = request.query
      const run: RepricingRun = {
        id,
        state: 'running',
        version: `${prices.version}/${id}`,
        fromMs,
        toMs,
        ...(request.model === undefined ? {} : { model: request.model }),
        ...(request.provider === undefined ? {} : { provider: request.provider }),
        startedMs: clock.now(),
      }
      const comparison = new Comparison(request.query.timeZone)
      const begun: Live = { run, request, comparison, expected: 0, scanned: 0, outcomes: newOutcomes() }
      try {
        if (!request.dryRun) await state.write([rowOf(run), ...audit(id, run.version)])
      } catch (error) {
        busy = false
        throw error
      }
      live.set(id, begun)
      for (const [old] of live) if (live.size > KEPT_REPORTS) live.delete(old)
      working = work(begun).finally(() => {
        busy = false
      })
      return told(run, begun)
    },
    show(id) {
      const of = live.get(id)
      const run = of?.run ?? state.rows('repricings').get(id)
      return run && told(run, of)
    },
    list: () => [...state.rows('repricings').values()].reverse().map((run) => told(run, undefined)),
    async close() {
      ending.abort()
      await working
    },
  }
}

/** Prices the events of a range anew, in the order of their instants, and journals what changes unless it is a dry run. */
async function priceRange(live: Live, parts: RepricingParts, signal: AbortSignal): Promise<void> {
  const { ingest, prices, clock } = parts
  const { comparison, request, run } = live
  let changes: RepricedEvent[] = []
  let fromMs = Number.POSITIVE_INFINITY
  let toMs = 0
  const write = async (): Promise<void> => {
    if (changes.length === 0) return
    await ingest.reprice({ writtenMs: clock.now(), version: run.version, fromMs, toMs, events: changes })
    changes = []
    fromMs = Number.POSITIVE_INFINITY
    toMs = 0
  }
  const pricesVersion = prices.version
  await ingest.applied()
  const { rows } = await parts.store.query(request.query, { signal })
  const days = rows.map((row) => ({ startMs: row['time_ms'] as number, requests: Number(row['requests']) }))
  live.expected = days.reduce((sum, { requests }) => sum + requests, 0)
  for (const [index, { startMs, requests }] of days.entries()) {
    if (requests === 0) continue
    const endMs = days[index + 1]?.startMs ?? request.query.toMs
    for await (const events of pagesOf(parts.store, request.query, startMs, endMs)) {
      signal.throwIfAborted()
      if (prices.version !== pricesVersion)
        throw new TallystickError(
          'invalid_prices',
          'The prices were replaced meanwhile; run it again with those there are now.',
        )
      for (const stored of events) {
        const ordinal = parts.store.ownOrdinal ? parts.store.ownOrdinal(stored.ordinal) : stored.ordinal
        const { change, outcome, ...compared } = priceAnew(stored.event, ordinal, prices)
        live.scanned++
        live.outcomes[outcome]++
        comparison.add(startMs, stored.event.requestModel ?? null, compared)
        if (change === undefined || request.dryRun) continue
        const { timestampMs } = stored.event
        fromMs = Math.min(fromMs, timestampMs)
        toMs = Math.max(toMs, timestampMs + 1)
        if (changes.push(change) >= RECORD_EVENTS) await write()
      }
    }
  }
  await write()
}

/** A day at a time: what a page costs depends on what lies behind it. */
async function* pagesOf(
  store: Pick<UsageStore, 'scan'>,
  { fromMs, toMs, filters }: Query,
  startMs: number,
  endMs: number,
): AsyncGenerator<readonly StoredEvent[]> {
  const range = { fromMs: Math.max(fromMs, startMs), toMs: Math.min(toMs, endMs) }
  let after: ScanCursor | undefined
  do {
    const page = await store.scan({
      ...range,
      filters,
      limit: PAGE_EVENTS,
      ascending: true,
      fields: PRICED_BY,
      ...(after ? { after } : {}),
    })
    yield page.events
    after = page.next
  } while (after)
}

/** As it goes over the wire. */
function told(run: RepricingRun, live: Live | undefined): object {
  const { endedMs = null, model = null, provider = null, changed = null, error } = run
  return {
    id: run.id,
    state: run.state,
    dry_run: live?.request.dryRun ?? false,
    version: run.version,
    from_ms: run.fromMs,
    to_ms: run.toMs,
    model,
    provider,
    started_ms: run.startedMs,
    ended_ms: endedMs,
    ...(error === undefined ? {} : { error }),
    changed: live?.comparison.changed ?? changed,
    ...(live ? { progress: { events: live.scanned, of: live.expected } } : {}),
    ...(live && run.state === 'done' ? { report: report(live) } : {}),
  }
}

function report({ comparison, request, expected, scanned, outcomes }: Live): object {
  const { foreign, kept, reported } = outcomes
  return {
    time_zone: request.query.timeZone,
    totals: comparison.totals(),
    reported,
    kept,
    foreign,
    expired: Math.max(0, expected - scanned),
    rows: comparison.rows(),
  }
}
