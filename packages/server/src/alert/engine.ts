import { isTallystickError, TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import type { Logger } from '../logger.ts'
import type { AlertRule, Firing } from '../state/alert.ts'
import type { ControlState } from '../state/state.ts'
import { type BudgetCrossing, concerns, crossingKey, crossingTold, isPast } from './crossing.ts'
import type { Queue } from './delivery/queue.ts'
import { evaluate, type Verdict } from './evaluate.ts'
import { Firings, keyText } from './firings.ts'
import { deliveriesOf, rowsOf } from './outbox.ts'
import type { Figures } from './read.ts'
import type { RuleHealth } from './shown.ts'
import { Track } from './track.ts'

/** A question that takes longer is called off. */
const RULE_MS = 10_000
/** A round that takes longer is left; the next one begins where it stopped. */
const ROUND_MS = 45_000

/** Told of each firing that begins or is over, once it is durable. Must not throw. */
export type FiringListener = (firing: Firing, event: 'fired' | 'resolved') => void

export interface EngineOptions {
  readonly state: ControlState
  readonly figures: Figures
  readonly queue: Pick<Queue, 'add' | 'open'>
  readonly clock: Clock
  readonly logger: Logger
  readonly newId: () => string
}

/** Evaluates rules and writes what comes of it. */
export class AlertEngine {
  readonly #options: EngineOptions
  readonly #firings: Firings
  readonly #tracks = new Map<string, Track>()
  readonly #health = new Map<string, RuleHealth>()
  readonly #listeners = new Set<FiringListener>()
  readonly #stop = new AbortController()
  /** Where a round that ran out of time stopped. */
  #nextRule: string | undefined

  constructor(options: EngineOptions) {
    this.#options = options
    this.#firings = new Firings(options.state)
  }

  onFiring(listener: FiringListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  health(ruleId: string): RuleHealth {
    return this.#health.get(ruleId) ?? {}
  }

  openOf(ruleId: string): readonly Firing[] {
    return this.#firings.openOf(ruleId)
  }

  /** One round over all rules, up to `toMs`. Never rejects: a rule that fails says so in its health and costs the others nothing. */
  async round(toMs: number): Promise<void> {
    const { state, clock } = this.#options
    const startedMs = clock.monotonic()
    await this.#endBudgets()
    for (const rule of inTurn([...state.rows('rules').values()], this.#nextRule)) {
      if (this.#stop.signal.aborted) return
      if (clock.monotonic() - startedMs > ROUND_MS) {
        this.#nextRule = rule.id
        return
      }
      if (rule.enabled) await this.#one(rule, toMs)
    }
    this.#nextRule = undefined
  }

  async #one(rule: AlertRule, toMs: number): Promise<void> {
    const { figures, logger, newId } = this.#options
    const track = this.#tracks.get(rule.id) ?? new Track()
    this.#tracks.set(rule.id, track)
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(RULE_MS)])
      const verdict = await within(
        signal,
        evaluate(rule, { toMs, figures, firings: this.#firings, track, newId, signal }),
      )
      // Changed or removed meanwhile: what was found out is about another rule.
      if (this.#options.state.rows('rules').get(rule.id) !== rule) return
      await this.#publish(rule, verdict)
      this.#health.set(rule.id, { evaluatedMs: toMs })
    } catch (error) {
      if (this.#stop.signal.aborted) return
      logger.error({ err: error, rule_id: rule.id }, 'an alert rule could not be evaluated; it is tried again')
      const { evaluatedMs } = this.health(rule.id)
      // What others than we have written may hold paths and queries.
      const reason = isTallystickError(error) ? error.message : 'It failed; the server log says why.'
      this.#health.set(rule.id, { ...(evaluatedMs === undefined ? {} : { evaluatedMs }), error: reason })
    }
  }

  /** Rejects where it could not be made durable; then it is to be told again. */
  async crossed(crossing: BudgetCrossing): Promise<void> {
    const { state, clock, newId } = this.#options
    const failures: unknown[] = []
    for (const rule of state.rows('rules').values()) {
      if (!concerns(rule, crossing)) continue
      const key = crossingKey(rule, crossing)
      if (this.#firings.latest(keyText(key)) !== undefined) continue
      const firing: Firing = {
        id: newId(),
        key,
        ruleId: rule.id,
        kind: 'budget',
        ...(rule.tenantId === undefined ? {} : { tenantId: rule.tenantId }),
        ...crossingTold(rule, crossing),
        firedMs: clock.now(),
      }
      await this.#publish(rule, { fired: [firing], resolved: [], changed: [] }).catch((error) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }

  /** Ends what is open of a rule that was changed, switched off or removed; nobody is told, for somebody did it. */
  async end(ruleId: string): Promise<void> {
    this.#tracks.delete(ruleId)
    this.#health.delete(ruleId)
    await this.#close(this.openOf(ruleId))
  }

  stop(): void {
    this.#stop.abort()
  }

  async acknowledge(firing: Firing, by: string): Promise<Firing> {
    const acknowledged = { ...firing, acknowledgedMs: this.#options.clock.now(), acknowledgedBy: by }
    await this.#firings.write([acknowledged], [])
    return acknowledged
  }

  async #endBudgets(): Promise<void> {
    const { state, clock, logger } = this.#options
    const budgets = state.rows('budgets')
    const past = this.#firings
      .allOpen()
      .filter(({ kind }) => kind === 'budget')
      .filter((firing) => isPast(firing, budgets.get(String(firing.key[1])), clock.now()))
    await this.#close(past).catch((error: unknown) =>
      logger.error({ err: error }, 'alerts of past budget windows could not be ended; it is tried again'),
    )
  }

  async #close(firings: readonly Firing[]): Promise<void> {
    if (firings.length === 0) return
    const resolvedMs = this.#options.clock.now()
    const over = firings.map((firing) => ({ ...firing, resolvedMs: Math.max(resolvedMs, firing.firedMs) }))
    await this.#firings.write(over, [])
    for (const firing of over) this.#tell(firing, 'resolved')
  }

  async #publish(rule: AlertRule, { fired, resolved, changed }: Verdict): Promise<void> {
    const { clock, newId, queue } = this.#options
    if (fired.length + resolved.length + changed.length === 0) return
    const context = { nowMs: clock.now(), newId, open: queue.open() }
    const deliveries = [
      ...deliveriesOf(fired, 'fired', rule, context),
      ...deliveriesOf(resolved, 'resolved', rule, context),
    ]
    const rows = this.#options.state.rows('firings')
    // Somebody may have acknowledged them since they were read.
    const known = [...resolved, ...changed].map((firing) => ({ ...rows.get(firing.id), ...firing }))
    await this.#firings.write([...fired, ...known], rowsOf(deliveries))
    queue.add(deliveries.map(({ id }) => id))
    for (const firing of fired) this.#tell(firing, 'fired')
    for (const firing of resolved) this.#tell(firing, 'resolved')
  }

  #tell(firing: Firing, event: 'fired' | 'resolved'): void {
    for (const listener of this.#listeners) listener(firing, event)
  }
}

/** Beginning with the one that is next. */
function inTurn(rules: readonly AlertRule[], next: string | undefined): readonly AlertRule[] {
  const start = Math.max(
    0,
    rules.findIndex(({ id }) => id === next),
  )
  return [...rules.slice(start), ...rules.slice(0, start)]
}

/** A store that does not heed the signal holds up nobody. */
function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = new TallystickError('store_unavailable', 'The store did not answer in time.')
    signal.addEventListener('abort', () => reject(late), { once: true })
    work.then(resolve, reject)
  })
}
