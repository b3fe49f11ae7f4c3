import type { Timers } from '@tallystick/core'
import type { Clock, UsageEvent } from '@tallystick/core/event'
import { LOCAL } from '../../identity/principal.ts'
import { isSelected } from '../../ingest/gaps.ts'
import type { IngestRequest } from '../../ingest/ingest.ts'
import type { GapReport, SourceGap, SourceSelection } from '../../ingest/invariants.ts'
import type { AlertRule, Firing } from '../../state/alert.ts'
import { openMemoryState } from '../../state/memory.ts'
import type { ControlState } from '../../state/state.ts'
import { openMemoryStore } from '../../store/memory.ts'
import type { UsageStore } from '../../store/store.ts'
import { type Alerts, type AlertsOptions, createAlerts } from '../alerts.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
/** A full minute, so that what happens at it lies in the minute that begins. */
export const START_MS = Date.UTC(2026, 10, 21, 12)

/** Time that stands still until it is moved, and jobs that wait for it. */
export class FakeTime implements Clock, Timers {
  nowMs: number
  readonly #jobs = new Map<object, { readonly atMs: number; readonly job: () => void }>()

  constructor(nowMs = START_MS) {
    this.nowMs = nowMs
  }

  now = (): number => this.nowMs
  monotonic = (): number => this.nowMs

  after = (ms: number, job: () => void): (() => void) => {
    const token = {}
    this.#jobs.set(token, { atMs: this.nowMs + ms, job })
    return () => this.#jobs.delete(token)
  }

  /** Instants at which something waits. */
  get waiting(): readonly number[] {
    return [...this.#jobs.values()].map(({ atMs }) => atMs).sort((a, b) => a - b)
  }

  /** Moves on, one job at a time; what a job starts has settled before the next one. */
  async advance(ms: number): Promise<void> {
    const toMs = this.nowMs + ms
    for (;;) {
      await settle()
      const next = [...this.#jobs].filter(([, { atMs }]) => atMs <= toMs).sort(([, a], [, b]) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      const [token, { atMs, job }] = next
      this.#jobs.delete(token)
      this.nowMs = Math.max(this.nowMs, atMs)
      job()
    }
    this.nowMs = toMs
    await settle()
  }
}

/** Lets everything go as far as it can without time or sockets. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export interface Scene {
  readonly time: FakeTime
  readonly state: ControlState
  readonly store: UsageStore
  readonly alerts: Alerts
  /** What the sources' ledgers say from now on. */
  gaps: readonly Partial<SourceGap>[]
  /** Events that the alerts themselves have recorded. */
  readonly recorded: unknown[]
  /** Puts `count` requests into the minute that begins now, and moves on to its end. */
  minute(...traffic: readonly Traffic[]): Promise<void>
  /** The same over several minutes. */
  minutes(count: number, ...traffic: readonly Traffic[]): Promise<void>
  rule(input: object): Promise<AlertRule>
  /** Firings that are open, by title. */
  firing(): readonly string[]
  all(): readonly Firing[]
}

export type Traffic = Partial<UsageEvent> & { readonly count?: number }

export const NO_GAPS: GapReport = {
  sources: 0,
  missing: 0,
  told: 0,
  untold: 0,
  outstanding: 0,
  forgotten: 0,
  reasons: {},
  worst: [],
}

export function scene(options: Partial<AlertsOptions> = {}): Scene {
  const time = new FakeTime()
  const store = options.store ?? openMemoryStore({ clock: time, maxEvents: 1_000_000 })
  const state = options.state ?? openMemoryState()
  let ordinal = 0
  const ingest = {
    submit: async ({ items }: IngestRequest) => {
      stage.recorded.push(...items)
      return { received: 1, accepted: 1, duplicate: 0, conflict: 0, conflicts: [], rejected: [] }
    },
    gaps: (selection: SourceSelection = {}): GapReport => {
      const worst = stage.gaps.map((gap) => ({
        source_id: 'gateway-1',
        epoch: 1,
        max_seq: 0,
        seen: 0,
        missing: 0,
        told: 0,
        untold: 0,
        outstanding: 0,
        ...gap,
      }))
      return {
        ...NO_GAPS,
        worst: worst.filter(({ tenant_id: tenantId, source_id: sourceId }) =>
          isSelected({ tenantId, sourceId }, selection),
        ),
      }
    },
  }
  const alerts = createAlerts({ state, store, ingest, clock: time, timers: time, ...options })
  const stage: Scene = {
    time,
    state,
    store: store as UsageStore,
    alerts,
    gaps: [],
    recorded: [],
    async minute(...traffic) {
      const events = traffic.flatMap(({ count = 1, ...event }) =>
        Array.from({ length: count }, () => {
          ordinal++
          const full = {
            eventId: `e-${ordinal}`,
            timestampMs: time.nowMs,
            kind: 'llm_request_completed',
            requestModel: 'gpt-4o',
            provider: 'openai',
            success: true,
            usageBasis: 'measured',
            ...event,
          } as UsageEvent
          return { ordinal, receivedMs: time.nowMs, event: full }
        }),
      )
      await (store as UsageStore).append(events)
      await time.advance(MINUTE_MS)
      await alerts.run(time.nowMs)
    },
    async minutes(count, ...traffic) {
      for (let minute = 0; minute < count; minute++) await stage.minute(...traffic)
    },
    rule: (input) => alerts.create(input, LOCAL),
    firing: () => stage.all().flatMap(({ title, resolvedMs }) => (resolvedMs === undefined ? [title] : [])),
    all: () => [...state.rows('firings').values()],
  }
  return stage
}

export const FAILED: Traffic = { kind: 'llm_request_failed', success: false }
