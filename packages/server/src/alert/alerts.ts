import { systemTimers, TallystickError, type Timers } from '@tallystick/core'
import { type Clock, type Random, systemClock, systemRandom, uuidv7Generator } from '@tallystick/core/event'
import type { Principal } from '../identity/principal.ts'
import type { Ingest } from '../ingest/ingest.ts'
import type { Logger } from '../logger.ts'
import type { AlertRule, AlertTarget, Firing } from '../state/alert.ts'
import type { Change, ControlState } from '../state/state.ts'
import type { UsageStore } from '../store/store.ts'
import type { BudgetCrossing, BudgetCrossings } from './crossing.ts'
import { CrossingEvents } from './crossing-event.ts'
import type { Message } from './delivery/message.ts'
import type { Outcome } from './delivery/outcome.ts'
import { createQueue } from './delivery/queue.ts'
import { createSender, type SendOptions } from './delivery/send.ts'
import { AlertEngine, type FiringListener } from './engine.ts'
import { letterOf } from './outbox.ts'
import { readRule } from './rule-input.ts'
import { everyMinute, type Schedule } from './schedule.ts'
import { settingsOf } from './settings.ts'
import type { RuleHealth } from './shown.ts'
import { seesRule } from './visible.ts'

const MAX_RULES = 1_000
const CROSSING_RETRY_MS = 5_000

export interface AlertsOptions {
  readonly state: ControlState
  readonly store: Pick<UsageStore, 'query'>
  readonly ingest: Pick<Ingest, 'gaps' | 'submit'>
  /** Who tells of budgets; absent: whoever calls `crossed`. */
  readonly budgets?: BudgetCrossings
  readonly send?: SendOptions
  /** Address of the dashboard, once it is known. */
  readonly address?: () => string | undefined
  readonly clock?: Clock
  readonly random?: Random
  readonly timers?: Timers
  readonly logger?: Logger
}

/** What a test told, and what the target said. */
export interface TestResult {
  readonly target: AlertTarget
  readonly outcome: Outcome
  readonly tookMs: number
}

/** Which firings to list, newest first. */
export interface Listing {
  readonly state: 'all' | 'firing' | 'resolved'
  readonly ruleId?: string
  readonly limit: number
  /** Only those before this one. */
  readonly after?: string
}

/**
 * The alerts of a server: rules, their evaluation and what is told of it. Whoever asks sees and changes what the principal may
 * see; that the principal may change anything at all is for the caller to know.
 */
export interface Alerts {
  /** Evaluates each minute from now on, and sends what waits. Before that rules are kept and shown only. */
  start(): void
  /** One round now, over the time up to `toMs`; for tests and for whoever has a schedule of their own. */
  run(toMs: number): Promise<void>
  /**
   * Spend has crossed a threshold of a budget. Resolves once its alerts and its event are durable; told twice it is one alert
   * and one event. Rejects where they could not be made so; then it is to be told again.
   */
  crossed(crossing: BudgetCrossing): Promise<void>
  /** Told of each firing that begins or is over. Must not throw; returns how to stop. */
  onFiring(listener: FiringListener): () => void
  rules(principal: Principal): readonly AlertRule[]
  health(rule: AlertRule): RuleHealth & { readonly firing: number }
  /** `beside` is written with the rule, all or none. @throws TallystickError `invalid_rule`, or what writing the state throws */
  create(input: unknown, principal: Principal, beside?: (rule: AlertRule) => readonly Change[]): Promise<AlertRule>
  /** Replaces all of a rule. What is firing by it is over if it would now measure something else. @throws as `create`, and `not_found` */
  replace(
    id: string,
    input: unknown,
    principal: Principal,
    beside?: (rule: AlertRule) => readonly Change[],
  ): Promise<AlertRule>
  /** @throws TallystickError `not_found` */
  remove(id: string, principal: Principal, beside?: readonly Change[]): Promise<void>
  /** Sends a message that is marked as a test to every target of a rule, once, now. @throws TallystickError `not_found` */
  test(id: string, principal: Principal): Promise<readonly TestResult[]>
  firings(listing: Listing, principal: Principal): { readonly firings: readonly Firing[]; readonly next?: string }
  /** Notes that somebody has seen to it. @throws TallystickError `not_found` */
  acknowledge(id: string, principal: Principal): Promise<Firing>
  /** Resolves once no delivery is under way. */
  idle(): Promise<void>
  /** Stops evaluating, and cuts off what is being sent. What was not sent stands in the state. May be called twice. */
  close(): Promise<void>
}

const SILENT: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

export function createAlerts(options: AlertsOptions): Alerts {
  const { state, store, ingest, clock = systemClock, random = systemRandom } = options
  const { timers = systemTimers, logger = SILENT, address = () => undefined } = options
  const newId = uuidv7Generator(clock, random)
  const sender = createSender(options.send ?? {}, clock)
  const queue = createQueue({
    state,
    clock,
    random,
    timers,
    send: sender.send,
    letterOf: (delivery) => letterOf(state, delivery, address()),
    onError: (error) =>
      logger.error({ err: error }, 'the outcome of a delivery could not be written; it is tried again'),
  })
  const engine = new AlertEngine({
    state,
    figures: { store, gaps: (selection) => ingest.gaps(selection) },
    queue,
    clock,
    logger,
    newId,
  })
  const events = new CrossingEvents(ingest)
  const crossed = async (crossing: BudgetCrossing): Promise<void> => {
    await engine.crossed(crossing)
    await events.record(crossing)
  }
  /** Tells itself again: whoever keeps budgets need not know that a disk is full. */
  const crossedInTheEnd = async (crossing: BudgetCrossing): Promise<void> => {
    while (closed === undefined) {
      try {
        // Its event is recorded by whoever keeps budgets.
        return await engine.crossed(crossing)
      } catch (error) {
        logger.error({ err: error }, 'that a budget was crossed could not be written; it is tried again')
        await new Promise<void>((resolve) => timers.after(CROSSING_RETRY_MS, resolve))
      }
    }
  }
  const stopHearing = options.budgets?.onCrossing(crossedInTheEnd)
  let schedule: Schedule | undefined
  let closed: Promise<void> | undefined

  const seen = (id: string, principal: Principal): AlertRule => {
    const rule = state.rows('rules').get(id)
    if (rule === undefined || !seesRule(principal, rule))
      throw new TallystickError('not_found', 'There is no such alert rule.')
    return rule
  }
  const seesFiring = (principal: Principal, firing: Firing): boolean => {
    const rule = state.rows('rules').get(firing.ruleId)
    if (rule !== undefined) return seesRule(principal, rule)
    // The rule is gone, and with it what is known of agents.
    return (
      principal.agentIds === undefined && (principal.tenantId === undefined || principal.tenantId === firing.tenantId)
    )
  }
  const write = async (rule: AlertRule, beside: readonly Change[]): Promise<AlertRule> => {
    await state.write([{ table: 'rules', id: rule.id, row: rule }, ...beside])
    return rule
  }

  return {
    start() {
      if (schedule !== undefined || closed !== undefined) return
      schedule = everyMinute({ clock, timers, run: (toMs) => engine.round(toMs) })
      queue.start()
    },
    run: (toMs) => engine.round(toMs),
    crossed,
    onFiring: (listener) => engine.onFiring(listener),
    rules: (principal) => [...state.rows('rules').values()].filter((rule) => seesRule(principal, rule)),
    health: (rule) => ({ ...engine.health(rule.id), firing: engine.openOf(rule.id).length }),

    async create(input, principal, beside = () => []) {
      if (state.rows('rules').size >= MAX_RULES)
        throw new TallystickError('invalid_rule', `There are ${MAX_RULES} rules already; remove some.`)
      const rule = readRule(input, { principal, sender, nowMs: clock.now(), id: newId() })
      return write(rule, beside(rule))
    },
    async replace(id, input, principal, beside = () => []) {
      const before = seen(id, principal)
      const rule = readRule(input, { principal, sender, nowMs: clock.now(), id, before })
      await write(rule, beside(rule))
      if (!rule.enabled || watched(rule) !== watched(before)) await engine.end(id)
      return rule
    },
    async remove(id, principal, beside = []) {
      seen(id, principal)
      await state.write([{ table: 'rules', id, row: undefined }, ...beside])
      await engine.end(id)
    },
    async test(id, principal) {
      const rule = seen(id, principal)
      const message = testMessage(rule, newId(), clock.now(), address())
      return Promise.all(
        rule.targets.map(async (target) => {
          const startMs = clock.monotonic()
          const outcome = await sender.send(target, message)
          return { target, outcome, tookMs: Math.round(clock.monotonic() - startMs) }
        }),
      )
    },
    firings(listing, principal) {
      const page = [...state.rows('firings').values()]
        .filter(
          ({ resolvedMs }) => listing.state === 'all' || (listing.state === 'resolved') === (resolvedMs !== undefined),
        )
        .filter(({ ruleId }) => listing.ruleId === undefined || ruleId === listing.ruleId)
        .filter((firing) => seesFiring(principal, firing))
        // Ids rise with time.
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .filter(({ id }) => listing.after === undefined || id < listing.after)
      const firings = page.slice(0, listing.limit)
      const last = firings.at(-1)
      return { firings, ...(page.length > firings.length && last !== undefined ? { next: last.id } : {}) }
    },
    async acknowledge(id, principal) {
      const firing = state.rows('firings').get(id)
      if (firing === undefined || !seesFiring(principal, firing))
        throw new TallystickError('not_found', 'There is no such alert.')
      return engine.acknowledge(firing, principal.name)
    },
    idle: () => queue.idle(),
    close() {
      closed ??= (async () => {
        stopHearing?.()
        engine.stop()
        // A receiver that does not answer holds up no stop: what it may have taken comes again under the same id.
        sender.close()
        await Promise.all([schedule?.stop(), queue.stop()])
      })()
      return closed
    },
  }
}

/** What two rules must share to be about the same. */
function watched(rule: AlertRule): string {
  const { threshold, windowMs, minRequests } = settingsOf(rule)
  return JSON.stringify([rule.kind, rule.tenantId ?? null, threshold, windowMs, minRequests, rule.filters ?? {}])
}

function testMessage(rule: AlertRule, id: string, nowMs: number, url: string | undefined): Message {
  return {
    id,
    type: 'alert.test',
    ruleName: rule.name,
    firing: {
      id,
      key: [rule.id, 'test', nowMs],
      ruleId: rule.id,
      kind: rule.kind,
      severity: 'info',
      title: `This is a test of the rule "${rule.name}". Nothing is wrong.`,
      facts: { test: 1 },
      firedMs: nowMs,
      ...(rule.tenantId === undefined ? {} : { tenantId: rule.tenantId }),
    },
    ...(url === undefined ? {} : { url }),
  }
}
