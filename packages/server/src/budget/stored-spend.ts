import { type Filter, type GroupBy, groupByOf, MEASURE_OF, type Measure, type Query } from '@tallystick/core/query'
import type { Budget } from '../state/budget.ts'
import type { UsageStore } from '../store/store.ts'
import { noSpend, type Spend, UNIT_MEASURE } from './spend.ts'
import type { SpendCounter, StoredSpend } from './spend-counter.ts'
import { keysOfValue, subjectKey } from './subject-value.ts'

/**
 * Events may be dated up to 24 hours ahead of a clock that has been set back since; they count once their window comes. In
 * slots of a minute a week more makes half as many buckets as a query may have.
 */
const AHEAD_MS = 7 * 86_400_000
/** 10000-01-01: later than any event. */
const END_OF_TIME_MS = 253_402_300_800_000
/** Between two looks at how far the store has come. */
const TOGETHER = 16
const ATTEMPTS = 100

/** More than any store tells apart. */
const MAX_MODELS = 100_000

const TENANT = groupByOf('tenant_id') as GroupBy
const MODEL = groupByOf('model') as GroupBy
const measure = (name: string): Measure => MEASURE_OF.get(name) as Measure

/**
 * Asks the store what budgets have spent, and up to which event that is. A store says how far it has come, not how far an
 * answer reaches; so it is asked before and after, and again until nothing was applied in between.
 *
 * @throws TallystickError `store_unavailable` and whatever else a query may
 */
export async function askStore(
  store: Pick<UsageStore, 'query' | 'stats'>,
  counters: readonly SpendCounter[],
  nowMs: number,
  /** Takes a moment, so that a busy store comes to an end of what it applies. */
  pause: () => Promise<void>,
): Promise<ReadonlyMap<SpendCounter, StoredSpend>> {
  const found = new Map<SpendCounter, StoredSpend>()
  for (let first = 0; first < counters.length; first += TOGETHER) {
    const some = counters.slice(first, first + TOGETHER)
    for (const [counter, spend] of await askTogether(store, some, nowMs, pause)) found.set(counter, spend)
  }
  return found
}

async function askTogether(
  store: Pick<UsageStore, 'query' | 'stats'>,
  counters: readonly SpendCounter[],
  nowMs: number,
  pause: () => Promise<void>,
): Promise<readonly (readonly [SpendCounter, StoredSpend])[]> {
  // One at a time when it is busy: a shorter look is less often overtaken.
  for (let attempt = 0, size = counters.length; ; attempt++) {
    const some = counters.slice(0, size)
    const before = (await store.stats()).appliedOrdinal
    const answers: (readonly [SpendCounter, StoredSpend])[] = []
    for (const counter of some) answers.push([counter, await ask(store, counter, nowMs, before)])
    const after = (await store.stats()).appliedOrdinal
    if (before === after) {
      if (some.length === counters.length) return answers
      return [...answers, ...(await askTogether(store, counters.slice(size), nowMs, pause))]
    }
    if (attempt >= ATTEMPTS) throw new Error('The store never stood still for long enough to be asked.')
    size = Math.max(1, Math.floor(size / 2))
    await pause()
  }
}

async function ask(
  store: Pick<UsageStore, 'query'>,
  { budget, window }: SpendCounter,
  nowMs: number,
  ordinal: number,
): Promise<StoredSpend> {
  const { fromMs, toMs } = window.at(nowMs)
  const query: Query = {
    fromMs: Math.max(0, fromMs, budget.countedFromMs ?? 0),
    toMs: window.interval === undefined ? END_OF_TIME_MS : Math.max(toMs, nowMs) + AHEAD_MS,
    measures: [measure(UNIT_MEASURE[budget.unit]), measure('requests'), measure('unpriced_requests')],
    groupBy: [],
    interval: window.interval,
    timeZone: window.timeZone,
    filters: [],
    orderBy: undefined,
    limit: 1,
  }
  const slots = new Map<number, Spend>()
  // A budget that was reset in the future has spent nothing.
  if (query.fromMs >= query.toMs) return { ordinal, fromMs, slots }
  const filters = await filtersOf(budget, (all) => modelsOf(store, { ...query, filters: all }))
  const { rows } = await store.query({ ...query, filters })
  for (const row of rows) {
    const spend = noSpend()
    spend.amount = BigInt((row[UNIT_MEASURE[budget.unit]] as number | string | null) ?? 0)
    spend.requests = row['requests'] as number
    spend.unpriced = row['unpriced_requests'] as number
    slots.set(window.interval === undefined ? 0 : (row['time_ms'] as number), spend)
  }
  return { ordinal, fromMs, slots }
}

/**
 * Which events a budget is about.
 *
 * @param models the models of all events that pass these filters
 */
export async function filtersOf(
  { tenantId, subject }: Pick<Budget, 'tenantId' | 'subject'>,
  models: (filters: readonly Filter[]) => Promise<readonly string[]>,
): Promise<readonly Filter[]> {
  const filters: Filter[] = []
  if (tenantId !== undefined) filters.push({ by: TENANT, values: [tenantId], negate: false })
  if (subject === undefined) return filters
  const { dimension, value } = subject
  const key = subjectKey(subject)
  // A store compares names as they stand. With none to look for, the one that stands there finds nothing.
  const values =
    dimension === 'model'
      ? [
          value,
          ...(await models(filters)).filter((model) => model !== value && keysOfValue(dimension, model).includes(key)),
        ]
      : [value]
  return [...filters, { by: groupByOf(dimension) as GroupBy, values, negate: false }]
}

async function modelsOf(store: Pick<UsageStore, 'query'>, query: Query): Promise<readonly string[]> {
  const { rows } = await store.query({
    ...query,
    measures: [measure('requests')],
    groupBy: [MODEL],
    interval: undefined,
    limit: MAX_MODELS,
  })
  return rows.map((row) => row[MODEL.name]).filter((model) => typeof model === 'string')
}
