import { systemTimers, type Timers } from '@tallystick/core'
import type { Clock, FieldName } from '@tallystick/core/event'
import { fittedHealth, type HealthSettings } from '@tallystick/core/insight'
import type { Ingest } from '../ingest/ingest.ts'
import type { StoredEvent, UsageStore } from '../store/store.ts'
import { ProviderRoll, type ProviderRow } from './roll.ts'

/** Tenants, and the providers of all of them together, are no more trusted than the providers of one to be few. */
const MAX_TENANTS = 500
const MAX_OF_TENANTS = 1_000
/** How often states are judged while nobody asks. */
const JUDGE_MS = 5_000
/** Of the time before a start, and of what somebody may see a part of, so many of the latest requests are looked at. */
const LOOKED_BACK = 10_000

const FIELDS: readonly FieldName[] = [
  'timestampMs',
  'kind',
  'tenantId',
  'provider',
  'success',
  'statusCode',
  'errorType',
  'errorCode',
  'aborted',
  'cacheHit',
  'durationMs',
]

export interface ProviderList {
  readonly providers: readonly ProviderRow[]
  /** False when more providers were named of late than are watched. */
  readonly whole: boolean
}

/** How the providers do, by what became of the requests to them. In memory: each life of the server begins anew. */
export interface ProviderWatch {
  /** The thresholds in force. */
  readonly settings: HealthSettings
  /** Providers of a tenant, by name; with undefined those of all requests, whosever. */
  list(tenantId: string | undefined): ProviderList
  /** The same of some requests only, as of now: nothing is remembered, so that each state has only just begun. */
  of(store: Pick<UsageStore, 'scan'>): Promise<ProviderList>
  /** Resolves once the requests of the minutes before the start have been looked at, or could not be. */
  readonly caughtUp: Promise<void>
  close(): void
}

export interface ProviderWatchOptions {
  readonly ingest: Pick<Ingest, 'onAccepted' | 'onCleared' | 'progress'>
  readonly store: Pick<UsageStore, 'scan'>
  readonly clock: Clock
  readonly settings?: Partial<HealthSettings>
  readonly timers?: Timers
  readonly onError?: (error: unknown) => void
}

/**
 * Watches the accepted events from now on. What the store holds of the minutes before is read first, in the background, so
 * that a restart does not forget what is down.
 */
export function watchProviders(options: ProviderWatchOptions): ProviderWatch {
  const { ingest, store, clock, timers = systemTimers, onError = () => undefined } = options
  const settings = fittedHealth(options.settings)
  let all = new ProviderRoll(settings)
  const ofTenants = new Map<string, ProviderRoll>()
  let cancel: () => void = () => undefined
  let closed = false

  const isRoom = (): boolean => {
    let size = 0
    for (const roll of ofTenants.values()) size += roll.size
    return size < MAX_OF_TENANTS
  }
  const rollOf = (tenantId: string): ProviderRoll | undefined => {
    const known = ofTenants.get(tenantId)
    if (known !== undefined || ofTenants.size >= MAX_TENANTS) return known
    const roll = new ProviderRoll(settings, isRoom)
    ofTenants.set(tenantId, roll)
    return roll
  }
  const add = (events: readonly StoredEvent[], nowMs: number): void => {
    for (const { event } of events) {
      all.add(event, nowMs)
      if (event.tenantId !== undefined) rollOf(event.tenantId)?.add(event, nowMs)
    }
  }
  const judge = (): void => {
    const nowMs = clock.now()
    all.judge(nowMs)
    const crowded = ofTenants.size >= MAX_TENANTS || !isRoom()
    for (const [tenantId, roll] of ofTenants) {
      roll.judge(nowMs, crowded)
      if (roll.size === 0) ofTenants.delete(tenantId)
    }
    cancel = timers.after(JUDGE_MS, judge)
  }

  const beforeOrdinal = ingest.progress().targetOrdinal
  const stopHearing = ingest.onAccepted((events) => add(events, clock.now()))
  const stopClearing = ingest.onCleared(() => {
    all = new ProviderRoll(settings)
    ofTenants.clear()
  })
  const lookBack = async (): Promise<void> => {
    const events = await lately(store, clock.now(), settings)
    // What has been accepted meanwhile has been counted.
    const earlier = events.filter(({ ordinal }) => ordinal <= beforeOrdinal)
    if (!closed) add(earlier, clock.now())
  }
  cancel = timers.after(JUDGE_MS, judge)

  return {
    settings,
    list(tenantId) {
      const nowMs = clock.now()
      const roll = tenantId === undefined ? all : ofTenants.get(tenantId)
      return {
        providers: roll?.report(nowMs) ?? [],
        whole: roll?.whole(nowMs) ?? ofTenants.size < MAX_TENANTS,
      }
    },
    async of(part) {
      const nowMs = clock.now()
      const roll = new ProviderRoll(settings)
      for (const { event } of await lately(part, nowMs, settings)) roll.add(event, nowMs)
      return { providers: roll.report(nowMs), whole: roll.whole(nowMs) }
    },
    // A store that is closed meanwhile has nothing to tell, and that is no error.
    caughtUp: lookBack().catch((error: unknown) => (closed ? undefined : onError(error))),
    close() {
      closed = true
      cancel()
      stopHearing()
      stopClearing()
    },
  }
}

/** The latest requests that may have ended within the window: none that took longer than another window. */
async function lately(
  store: Pick<UsageStore, 'scan'>,
  nowMs: number,
  { windowMs }: HealthSettings,
): Promise<readonly StoredEvent[]> {
  const range = { fromMs: nowMs - 2 * windowMs, toMs: nowMs + 1 }
  return (await store.scan({ ...range, filters: [], limit: LOOKED_BACK, fields: FIELDS })).events
}
