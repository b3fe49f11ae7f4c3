import type { Clock } from '@tallystick/core/event'
import type { JournalStats } from '@tallystick/core/journal'
import { type FamilySamples, Histogram, type MetricFamily, type ValueSample } from '@tallystick/core/metrics'
import type { Ingest } from '../ingest/ingest.ts'
import type { Invariants } from '../ingest/invariants.ts'
import type { ControlState } from '../state/state.ts'
import type { StoreStats, UsageStore } from '../store/store.ts'
import { OPERATION_FAMILIES as FAMILIES } from './families.ts'
import { freshest } from './freshest.ts'
import type { RequestCounts } from './request-counts.ts'
import { sourceSamples } from './sources.ts'

/** Where the figures of the operation come from. */
export interface OperationSources {
  readonly version: string
  readonly clock: Clock
  readonly ingest: Ingest
  readonly store: UsageStore
  readonly state: Pick<ControlState, 'rows'>
  /** Absent where there is no journal. */
  readonly journal?: (() => JournalState) | undefined
  readonly ready: () => boolean
  readonly requests: RequestCounts
  /** What became of the events of requests that went through the proxy; absent where there is none. */
  readonly proxied?: (() => ProxiedEvents) | undefined
  readonly times: WorkTimes
  readonly streams: () => { readonly sse: number; readonly websocket: number }
}

/** Events of requests that went through the proxy, by what became of them. */
export interface ProxiedEvents {
  readonly recorded: number
  readonly known: number
  readonly rejected: number
  readonly failed: number
  readonly dropped: number
}

/** Of a journal's stats, what is told. */
export interface JournalState extends Pick<JournalStats, 'bytes' | 'pending'> {
  /** `ok`, or why nothing can be written. */
  readonly state: string
}

/** How long work took, in microseconds. */
export interface WorkTimes {
  readonly query: Histogram
  readonly commit: Histogram
}

/** Nothing has been worked on yet. */
export function newWorkTimes(): WorkTimes {
  return {
    query: Histogram.of(FAMILIES.queryDuration, MICROS_PER_SECOND),
    commit: Histogram.of(FAMILIES.journalFsync, MICROS_PER_SECOND),
  }
}

/** A store that does not answer for so long is told of as it was at the last scrape. */
const STORE_WITHIN_MS = 1_000
const MICROS_PER_SECOND = 1_000_000
/** Codes of errors there are now stand well below; a scrape must not grow with the table. */
const MAX_CODES = 30

/** Reads how the server does, for one scrape after another. */
export function createOperation(sources: OperationSources): () => Promise<readonly FamilySamples[]> {
  const held = freshest(async () => {
    const [invariants, stats] = await Promise.all([sources.ingest.invariants(), sources.store.stats()])
    return { invariants, stats }
  }, STORE_WITHIN_MS)
  let loop = performance.eventLoopUtilization()
  return async () => {
    const stored = await held()
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, loop)
    loop = now
    return [
      ...aboutSamples(sources),
      ...ingestSamples(sources.ingest),
      ...proxySamples(sources.proxied),
      requestSamples(sources.requests),
      { family: FAMILIES.queryDuration, samples: [sources.times.query.sample()], per: MICROS_PER_SECOND },
      ...journalSamples(sources),
      ...storeSamples(stored, sources.ingest),
      ...gapSamples(sources.ingest),
      streamSamples(sources.streams()),
      firingSamples(sources.state),
      ...processSamples(),
      millionths(FAMILIES.eventLoopUtilization, utilization),
    ]
  }
}

const one = (family: MetricFamily, value: number): FamilySamples => ({ family, samples: [{ labels: {}, value }] })
const flag = (family: MetricFamily, holds: boolean): FamilySamples => one(family, holds ? 1 : 0)

const millionths = (family: MetricFamily, ratio: number): FamilySamples => ({
  family,
  samples: [{ labels: {}, value: Math.round(ratio * 1e6) }],
  per: 1_000_000,
})

function aboutSamples({ version, store, ready }: OperationSources): readonly FamilySamples[] {
  const labels = { version, store: store.capabilities.backendType }
  return [{ family: FAMILIES.buildInfo, samples: [{ labels, value: 1 }] }, flag(FAMILIES.ready, ready())]
}

function ingestSamples(ingest: Ingest): readonly FamilySamples[] {
  const { accepted, duplicate, conflict, rejected, failed } = ingest.counts()
  const codes = [...rejected]
  const sum = (counts: readonly (readonly [unknown, number])[]): number =>
    counts.reduce((total, [, count]) => total + count, 0)
  const outcomes = { accepted, duplicate, conflict, rejected: sum(codes), failed }
  const beyond = sum(codes.slice(MAX_CODES))
  return [
    {
      family: FAMILIES.ingestEvents,
      samples: Object.entries(outcomes).map(([outcome, value]) => ({ labels: { outcome }, value })),
    },
    {
      family: FAMILIES.ingestRejected,
      samples: [...codes.slice(0, MAX_CODES), ...(beyond > 0 ? [['other', beyond] as const] : [])].map(
        ([code, value]) => ({ labels: { code }, value }),
      ),
    },
  ]
}

/** A request goes on whatever becomes of its event, so only here does it show. */
function proxySamples(proxied: OperationSources['proxied']): readonly FamilySamples[] {
  if (proxied === undefined) return []
  const { recorded, known, rejected, failed, dropped } = proxied()
  const outcomes = { recorded, known, rejected, failed, dropped }
  return [
    {
      family: FAMILIES.proxyEvents,
      samples: Object.entries(outcomes).map(([outcome, value]) => ({ labels: { outcome }, value })),
    },
  ]
}

function requestSamples(requests: RequestCounts): FamilySamples {
  const samples = requests.list().map(({ route, status, count }) => ({ labels: { route, status }, value: count }))
  return { family: FAMILIES.httpRequests, samples }
}

function journalSamples({ journal, times }: OperationSources): readonly FamilySamples[] {
  if (journal === undefined) return []
  const { state, bytes, pending } = journal()
  return [
    { family: FAMILIES.journalFsync, samples: [times.commit.sample()], per: MICROS_PER_SECOND },
    one(FAMILIES.journalWaiting, pending),
    flag(FAMILIES.journalWritable, state === 'ok'),
    one(FAMILIES.journalBytes, bytes),
  ]
}

/** Nothing while the store has never answered: unknown is not zero. */
function storeSamples(
  stored: { readonly invariants: Invariants; readonly stats: StoreStats } | undefined,
  ingest: Ingest,
): readonly FamilySamples[] {
  const behind = one(FAMILIES.applyLag, lagOf(ingest))
  if (stored === undefined) return [behind]
  const { invariants, stats } = stored
  return [
    behind,
    one(FAMILIES.quarantined, invariants.store.quarantined),
    one(FAMILIES.storeEvents, stats.events),
    one(FAMILIES.storeBytes, stats.bytes),
    flag(FAMILIES.balanced, invariants.balanced),
  ]
}

/** Records that are no events have ordinals too; they count where it is not known which those are. */
function lagOf(ingest: Ingest): number {
  const { appliedOrdinal, targetOrdinal } = ingest.progress()
  const [accepted, applied] = [ingest.acceptedUpTo(targetOrdinal), ingest.acceptedUpTo(appliedOrdinal)]
  const lag = accepted === undefined || applied === undefined ? targetOrdinal - appliedOrdinal : accepted - applied
  return Math.max(0, lag)
}

function gapSamples(ingest: Ingest): readonly FamilySamples[] {
  const report = ingest.gaps()
  const { dropped, gaps } = sourceSamples(report)
  return [
    { family: FAMILIES.dropped, samples: dropped },
    {
      family: FAMILIES.droppedFor,
      samples: Object.entries(report.reasons).map(([reason, value]) => ({
        labels: { reason: reason.toWellFormed() },
        value,
      })),
    },
    { family: FAMILIES.gaps, samples: gaps },
  ]
}

function streamSamples(streams: Readonly<Record<string, number>>): FamilySamples {
  return {
    family: FAMILIES.streams,
    samples: Object.entries(streams).map(([kind, value]) => ({ labels: { kind }, value })),
  }
}

/** Kinds that have fired before stand at 0, so that one which is over does not look like one that is not told of. */
function firingSamples(state: OperationSources['state']): FamilySamples {
  const kinds = new Map<string, Map<string, number>>()
  for (const { kind, severity, resolvedMs } of state.rows('firings').values()) {
    const severities = kinds.get(kind) ?? new Map<string, number>()
    kinds.set(kind, severities.set(severity, (severities.get(severity) ?? 0) + (resolvedMs === undefined ? 1 : 0)))
  }
  const samples = [...kinds].flatMap(([kind, severities]) =>
    [...severities].map(([severity, value]): ValueSample => ({ labels: { kind, severity }, value })),
  )
  return { family: FAMILIES.alertsFiring, samples }
}

function processSamples(): readonly FamilySamples[] {
  const { user, system } = process.cpuUsage()
  return [
    one(FAMILIES.residentMemory, process.memoryUsage.rss()),
    { family: FAMILIES.cpu, samples: [{ labels: {}, value: user + system }], per: MICROS_PER_SECOND },
    { family: FAMILIES.started, samples: [{ labels: {}, value: Math.round(performance.timeOrigin) }], per: 1_000 },
  ]
}
