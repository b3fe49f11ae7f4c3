import { isTallystickError, type Timers } from '@tallystick/core'
import type { Clock, Random } from '@tallystick/core/event'
import { backoffMs } from '../../alert/delivery/backoff.ts'
import type { Outcome } from '../../alert/delivery/outcome.ts'
import type { ReportRun, ReportSchedule } from '../../state/report-schedule.ts'
import type { Change, ControlState } from '../../state/state.ts'
import { timetable } from './cron.ts'

/** What is kept of a schedule's runs. */
const HISTORY = 20
/** A run is tried for this long. */
const GIVE_UP_MS = 24 * 3_600_000
/** Timers of the runtime hold no more than 2^31 ms; also, a wall clock that was set is noticed after this time. */
const LONGEST_SLEEP_MS = 60_000
const DAY_MS = 86_400_000

export interface RunnerOptions {
  readonly state: ControlState
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  readonly newId: () => string
  /** Makes the report and hands it over, once. May reject. */
  readonly attempt: (
    schedule: ReportSchedule,
    run: ReportRun,
    signal: AbortSignal,
  ) => Promise<Outcome & { readonly bytes?: number }>
  readonly onError: (error: unknown) => void
}

export const isOpen = ({ deliveredMs, givenUpMs }: ReportRun): boolean =>
  deliveredMs === undefined && givenUpMs === undefined

/**
 * Begins what is due and goes on with what was begun, one report at a time. A run is written down before its first attempt and
 * settled after it: a process that dies in between makes it again, under the same id. Of several instants that have passed, in
 * sleep or while nothing ran, the latest is due and the others are passed over.
 */
export class Runner {
  readonly #options: RunnerOptions
  readonly #stop = new AbortController()
  #started = false
  #working: Promise<void> | undefined
  /** Somebody asked while it worked. */
  #again = false
  #cancelWake: () => void = () => undefined

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  start(): void {
    this.#started = true
    this.wake()
  }

  /** Looks again at once: a schedule or a run is new, or has changed. */
  wake(): void {
    if (!this.#started || this.#stop.signal.aborted) return
    this.#again = true
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
  }

  /** Resolves once nothing is due and no attempt is under way. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    this.#cancelWake()
    await this.#working
  }

  /** One round now, whether or not it was started; for tests and for whoever has a clock of their own. */
  async round(): Promise<void> {
    await this.#begin()
    for (let run = this.#due(); run !== undefined && !this.#stop.signal.aborted; run = this.#due()) await this.#one(run)
  }

  /** The run of a schedule that is not settled. */
  openOf(scheduleId: string): ReportRun | undefined {
    return [...this.#options.state.rows('reportRuns').values()].find(
      (run) => run.scheduleId === scheduleId && isOpen(run),
    )
  }

  /** A run that somebody asks for, or the one that is under way. */
  async ask(schedule: ReportSchedule, beside: readonly Change[]): Promise<ReportRun> {
    const open = this.openOf(schedule.id)
    if (open !== undefined) return open
    const run = this.#newRun(schedule.id, this.#options.clock.now(), 'person')
    await this.#options.state.write([{ table: 'reportRuns', id: run.id, row: run }, ...beside])
    this.wake()
    return run
  }

  async #work(): Promise<void> {
    this.#cancelWake()
    while (this.#again && !this.#stop.signal.aborted) {
      this.#again = false
      try {
        await this.round()
      } catch (error) {
        this.#options.onError(error)
      }
    }
    if (!this.#stop.signal.aborted) await this.#sleep().catch(this.#options.onError)
  }

  async #sleep(): Promise<void> {
    const { clock, state, timers } = this.#options
    const nowMs = clock.now()
    let nextMs = nowMs + LONGEST_SLEEP_MS
    for (const run of state.rows('reportRuns').values()) if (isOpen(run)) nextMs = Math.min(nextMs, run.nextMs)
    for (const schedule of state.rows('reportSchedules').values()) {
      if (!schedule.enabled) continue
      const next = (await timetable(schedule.cron, schedule.timeZone)).next(Math.min(schedule.doneMs, nowMs))
      if (next !== undefined) nextMs = Math.min(nextMs, next)
    }
    // A moment at the least: what could not be written down is not tried without a pause.
    this.#cancelWake = timers.after(Math.max(1_000, nextMs - nowMs), () => this.wake())
  }

  /** Writes down what has become due. */
  async #begin(): Promise<void> {
    const { state, clock } = this.#options
    for (const { id } of [...state.rows('reportSchedules').values()]) {
      const known = state.rows('reportSchedules').get(id)
      if (known === undefined || !known.enabled) continue
      const latest = (await timetable(known.cron, known.timeZone)).latest(clock.now())
      // What was changed meanwhile is looked at in the next round.
      const schedule = state.rows('reportSchedules').get(id)
      if (schedule !== known || latest === undefined) continue
      // A clock that stood far ahead once has left an instant that may be years away.
      const done = schedule.doneMs > clock.now() + DAY_MS ? clock.now() : schedule.doneMs
      if (latest <= done) continue
      const before = this.openOf(id)
      const run = this.#newRun(id, latest, 'schedule')
      await state.write([
        { table: 'reportSchedules', id, row: { ...schedule, doneMs: latest } },
        ...(before === undefined
          ? []
          : [
              this.#row({
                ...before,
                givenUpMs: clock.now(),
                lastError: before.lastError ?? 'the next report was due',
              }),
            ]),
        this.#row(run),
      ])
    }
  }

  #newRun(scheduleId: string, dueMs: number, by: ReportRun['by']): ReportRun {
    const nowMs = this.#options.clock.now()
    return { id: this.#options.newId(), scheduleId, dueMs, by, attempts: 0, nextMs: nowMs, untilMs: nowMs + GIVE_UP_MS }
  }

  #due(): ReportRun | undefined {
    const nowMs = this.#options.clock.now()
    // A wall clock that was set back leaves instants far ahead.
    return [...this.#options.state.rows('reportRuns').values()].find(
      (run) => isOpen(run) && Math.min(run.nextMs, nowMs + 2 * GIVE_UP_MS) <= nowMs,
    )
  }

  async #one(run: ReportRun): Promise<void> {
    const { state, attempt, clock, random } = this.#options
    const schedule = state.rows('reportSchedules').get(run.scheduleId)
    const outcome: Outcome & { readonly bytes?: number } =
      schedule === undefined
        ? { ok: false, final: true, detail: 'the schedule was removed' }
        : await attempt(schedule, run, this.#stop.signal).catch((error: unknown) => this.#failed(error))
    // Cut off by the stop: it stands as it was, and the next start makes it again.
    if (this.#stop.signal.aborted && !outcome.ok) return
    const attempts = run.attempts + 1
    const nowMs = clock.now()
    const { lastError: _, ...rest } = run
    const waitMs = outcome.ok ? 0 : backoffMs(attempts, outcome.retryAfterMs ?? 0, random)
    const over = !outcome.ok && (outcome.final === true || nowMs + waitMs > run.untilMs)
    const after: ReportRun = outcome.ok
      ? {
          ...rest,
          attempts,
          deliveredMs: nowMs,
          detail: outcome.detail,
          ...(outcome.bytes === undefined ? {} : { bytes: outcome.bytes }),
        }
      : { ...rest, attempts, lastError: outcome.detail, ...(over ? { givenUpMs: nowMs } : { nextMs: nowMs + waitMs }) }
    await state.write([this.#row(after), ...this.#forgotten(after)])
  }

  #failed(error: unknown): Outcome {
    this.#options.onError(error)
    // What others than we have written may hold paths and addresses.
    return { ok: false, detail: isTallystickError(error) ? error.message : 'it failed; the server log says why' }
  }

  /** Settled runs beyond those that are kept. */
  #forgotten({ scheduleId }: ReportRun): readonly Change[] {
    const settled = [...this.#options.state.rows('reportRuns').values()].filter(
      (run) => run.scheduleId === scheduleId && !isOpen(run),
    )
    return settled
      .slice(0, Math.max(0, settled.length - HISTORY + 1))
      .map(({ id }) => ({ table: 'reportRuns', id, row: undefined }))
  }

  #row(row: ReportRun): Change {
    return { table: 'reportRuns', id: row.id, row }
  }
}
