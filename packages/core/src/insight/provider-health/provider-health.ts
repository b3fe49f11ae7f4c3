import type { UsageEvent } from '../../event/index.ts'
import { type Evidence, nextStanding, type ProviderState, type Standing, toldBy } from './judgement.ts'
import { Outcomes } from './outcomes.ts'
import { fittedHealth, type HealthSettings } from './settings.ts'
import { providerVerdict } from './verdict.ts'

/** Changes of state that are kept. */
export const KEPT_CHANGES = 20
/** Clocks of senders may be ahead of ours by so much. */
const AHEAD_MS = 60_000

/** Requests that told of a provider, and of these what spoke against it. */
export interface ProviderCounts {
  readonly requests: number
  /** Failed, and not for what was asked. */
  readonly failures: number
  /** Refused for load. */
  readonly overloads: number
}

/** One change of a provider's state, and what it was judged by. */
export interface StateChange extends ProviderCounts {
  readonly atMs: number
  readonly from: ProviderState
  readonly to: ProviderState
}

/** What is known of a provider at an instant; the counts are of the window. */
export interface ProviderReport extends ProviderCounts {
  readonly state: ProviderState
  readonly sinceMs: number
  /** When the last request that told of it ended; undefined where none did. */
  readonly heardMs: number | undefined
  /** p95 of the durations of what was answered within the window, ms. */
  readonly p95Ms: number | undefined
  /** Oldest first. */
  readonly changes: readonly StateChange[]
}

/**
 * Health of one provider, from what became of requests to it. Fed with events in any order; judged whenever it is asked,
 * which changes nothing unless there is something new. Only requests that ended within the window count, by their own
 * instant: history that is sent today says nothing of today.
 *
 * @example
 * const nowMs = 1_795_262_400_000
 * const health = new ProviderHealth(nowMs)
 * health.add({ eventId: 'a', timestampMs: nowMs - 900, kind: 'llm_request_completed', success: true }, nowMs)
 * health.report(nowMs).state // 'available'
 */
export class ProviderHealth {
  readonly #settings: HealthSettings
  readonly #outcomes: Outcomes
  #standing: Standing
  /** What came before has been judged, and is past. */
  #freshMs = Number.NEGATIVE_INFINITY
  #heardMs: number | undefined
  #changes: readonly StateChange[] = []

  constructor(nowMs: number, settings: Partial<HealthSettings> = {}) {
    this.#settings = fittedHealth(settings)
    this.#outcomes = new Outcomes(this.#settings.windowMs)
    this.#standing = { state: 'unknown', sinceMs: nowMs }
  }

  /** When the last request that told of it ended. */
  get heardMs(): number | undefined {
    return this.#heardMs
  }

  get state(): ProviderState {
    return this.#standing.state
  }

  /** Counts a request, if it tells of the provider and ended lately. */
  add(event: UsageEvent, nowMs: number): void {
    const endedMs = endOf(event)
    if (!isLately(endedMs, nowMs, this.#settings.windowMs)) return
    const verdict = providerVerdict(event)
    if (verdict === undefined) return
    const at = Math.min(endedMs, nowMs)
    this.#outcomes.add(verdict, at, event.durationMs)
    this.#heardMs = Math.max(this.#heardMs ?? at, at)
  }

  /** Judges what is there at `nowMs`; the change that it led to, if any. */
  judge(nowMs: number): StateChange | undefined {
    this.#holdTo(nowMs)
    const { windowMs, recentMs, minRequests, silenceMs } = this.#settings
    const within = (ms: number): Evidence => this.#outcomes.since(Math.max(nowMs - ms, this.#freshMs), nowMs)
    const before = this.#standing
    const recent = within(recentMs)
    const evidence = toldBy(recent) >= minRequests ? recent : within(windowMs)
    const silent = this.#heardMs === undefined || nowMs - this.#heardMs >= silenceMs
    const standing = nextStanding(before, evidence, this.#settings, nowMs, silent)
    if (standing.state === before.state) return undefined
    this.#standing = standing
    // What is over must not bring the state back once there is less traffic to outweigh it.
    if (standing.went === 'up') this.#freshMs = nowMs - recentMs
    const change = changeOf(before, standing, evidence)
    this.#changes = [...this.#changes, change].slice(-KEPT_CHANGES)
    return change
  }

  /** Judges what is there at `nowMs`, and tells all of it. */
  report(nowMs: number): ProviderReport {
    this.judge(nowMs)
    const fromMs = nowMs - this.#settings.windowMs
    return {
      state: this.#standing.state,
      sinceMs: this.#standing.sinceMs,
      heardMs: this.#heardMs,
      ...countsOf(this.#outcomes.since(fromMs, nowMs)),
      p95Ms: this.#outcomes.p95(fromMs, nowMs),
      changes: this.#changes,
    }
  }

  /** A clock that has been set back must not freeze a state until it has caught up. */
  #holdTo(nowMs: number): void {
    if (this.#standing.sinceMs > nowMs) this.#standing = { ...this.#standing, sinceMs: nowMs }
    if (this.#freshMs > nowMs) this.#freshMs = Number.NEGATIVE_INFINITY
    if (this.#heardMs !== undefined) this.#heardMs = Math.min(this.#heardMs, nowMs)
  }
}

/** Does an event say anything of how its provider does at `nowMs`? */
export function tellsOfNow(event: UsageEvent, nowMs: number, windowMs: number): boolean {
  return isLately(endOf(event), nowMs, windowMs) && providerVerdict(event) !== undefined
}

const endOf = ({ timestampMs, durationMs = 0 }: UsageEvent): number => timestampMs + durationMs
const isLately = (endedMs: number, nowMs: number, windowMs: number): boolean =>
  endedMs > nowMs - windowMs && endedMs <= nowMs + AHEAD_MS

function changeOf(before: Standing, { state, sinceMs }: Standing, evidence: Evidence): StateChange {
  return { atMs: sinceMs, from: before.state, to: state, ...countsOf(evidence) }
}

function countsOf(evidence: Evidence): ProviderCounts {
  return { requests: toldBy(evidence), failures: evidence.faults, overloads: evidence.overloads }
}
