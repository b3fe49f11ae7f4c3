import { TallystickError } from '../../errors.ts'
import { type Exact, normalizeExact } from '../../event/index.ts'
import { nearest, quoted } from '../../nearest.ts'
import type { PriceBook, Resolution } from '../../pricing/index.ts'
import { project } from '../projection.ts'
import { groupsOf, type QueryFilter, type SavingContext, type SavingQuery } from '../savings/saving.ts'
import { countOf, less, mapRange, namesOf, sumOf, type TargetAnswer, type WhatIfTarget } from './comparison.ts'
import { Target } from './target.ts'
import {
  promptSizesOf,
  SIZE_MEASURES,
  TRAFFIC_DIMENSIONS,
  TRAFFIC_MEASURES,
  type Traffic,
  trafficOf,
} from './traffic.ts'

/** What is asked. */
export interface WhatIfQuestion extends Pick<SavingContext, 'ask' | 'fromMs' | 'toMs'> {
  readonly nowMs: number
  readonly filters: Readonly<Record<string, QueryFilter>>
  readonly targets: readonly WhatIfTarget[]
  /** Share of the input that would be read from a cache, in millionths; absent: as it is. */
  readonly cacheShare?: number
  readonly prices: Pick<PriceBook, 'resolve' | 'models'>
  /** Of the oldest event there is: what came before says nothing of a year. */
  readonly oldestMs?: number
}

/** The answer. */
export interface WhatIf {
  readonly fromMs: number
  readonly toMs: number
  /** Of requests. */
  readonly requests: number
  readonly nowNanoUsd: Exact
  readonly unpricedRequests: number
  readonly yearlyNow: Exact
  /** How long the traffic took that a year is made of, ms, and what that is worth. */
  readonly observedMs: number
  readonly confidence: 'low' | 'medium' | 'high'
  /** Single events before this instant are gone, and with them their part in the figures. */
  readonly rawFromMs: number | null
  readonly targets: readonly TargetAnswer[]
  /** By which the traffic can be looked at again. */
  readonly query: SavingQuery
}

/** Groups that are told apart, by model and by agent. */
const MOST_GROUPS = 2_000
const YEAR_DAYS = 365
const REQUESTS = ['llm_request_completed', 'llm_request_failed']

/**
 * What traffic would cost on other models, at their prices of now.
 *
 * The likely amount takes the same tokens, as many cache reads, as much reasoning and prompts of the same lengths. The range
 * is what comes of all that is uncertain at once: how the other tokenizer counts, caches that are lost, reasoning that is
 * not there, prompts that cross a threshold. Requests without a known cost are told apart and are in no difference.
 *
 * @throws TallystickError `unpriced_model` with the nearest names; what `ask` throws
 */
export async function whatIf(question: WhatIfQuestion): Promise<WhatIf> {
  const { ask, fromMs, toMs, nowMs } = question
  const priced = question.targets.map((target) => ({ target, price: priceOf(target, question) }))
  const filters = { kind: REQUESTS, ...question.filters }
  const common = { from: fromMs, to: toMs, filters, limit: MOST_GROUPS }
  const query = {
    ...common,
    measures: TRAFFIC_MEASURES,
    group_by: [...TRAFFIC_DIMENSIONS],
    order_by: '-requests',
  }
  const answer = await ask(query)
  const byModel = answer.rows.map(trafficOf)
  const byAgent = (await ask({ ...query, group_by: ['agent_id', ...TRAFFIC_DIMENSIONS] })).rows.map(trafficOf)
  const sizes = groupsOf(
    await ask({ ...common, measures: SIZE_MEASURES, group_by: ['provider', 'model'], order_by: '-input_tokens' }),
  ).map((row) => ({ ...namesOf(trafficOf(row)), sizes: promptSizesOf(row) }))

  const now = sumOf(byModel.filter(({ priced: known }) => known).map(({ costNanoUsd }) => costNanoUsd))
  const requests = byModel.reduce((sum, traffic) => sum + Number(traffic.requests), 0)
  const begun = Math.max(fromMs, answer.raw_from_ms ?? fromMs, question.oldestMs ?? fromMs)
  const observedMs = Math.max(0, Math.min(toMs, nowMs) - begun)
  const year = (nanoUsd: Exact): Exact => project(nanoUsd, observedMs, requests, YEAR_DAYS).nanoUsd
  return {
    fromMs,
    toMs,
    requests,
    nowNanoUsd: normalizeExact(now),
    unpricedRequests: countOf(byModel.filter(({ priced: known }) => !known)),
    yearlyNow: year(normalizeExact(now)),
    observedMs,
    confidence: project(0, observedMs, requests, YEAR_DAYS).confidence,
    rawFromMs: answer.raw_from_ms ?? null,
    targets: priced.map(({ target, price }) => {
      const on = new Target(price, sizes, question.cacheShare)
      const whole = on.compare(byModel)
      return {
        target,
        price,
        ...whole,
        difference: less(whole.there, whole.nowNanoUsd),
        yearlyThere: mapRange(whole.there, year),
        uncertainties: on.uncertainties(byModel.filter(({ priced: known }) => known)),
        assumptions: on.assumptions(byModel),
        tooLong: on.tooLong(),
        byModel: grouped(byModel, ({ provider, model }) => [provider, model]).map((group) => ({
          ...namesOf(group[0] as Traffic),
          ...on.compare(group),
        })),
        byAgent: grouped(byAgent, ({ agent }) => [agent]).map((group) => ({
          agent: (group[0] as Traffic).agent,
          ...on.compare(group),
        })),
      }
    }),
    query,
  }
}

function priceOf({ provider, model }: WhatIfTarget, { prices, nowMs }: WhatIfQuestion): Resolution {
  const found = prices.resolve(provider, model, nowMs)
  if (found !== undefined && found.row.prices.input !== undefined && found.row.prices.output !== undefined) return found
  const names = [...new Set(prices.models().map((one) => one.model))]
  const at = provider === undefined ? '' : ` at ${quoted(provider)}`
  const message =
    found === undefined
      ? `no price is known for the model ${quoted(model)}${at}; ${nearest(model, names)}`
      : `${quoted(model)}${at} has no price of its own for input and output`
  throw new TallystickError('unpriced_model', message, { issues: [{ path: 'targets', message }] })
}

/** Those of the same names together, the dearest first. */
function grouped(
  traffic: readonly Traffic[],
  names: (one: Traffic) => readonly (string | null)[],
): readonly (readonly Traffic[])[] {
  const groups = new Map<string, Traffic[]>()
  for (const one of traffic) {
    const key = JSON.stringify(names(one))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  const cost = (group: readonly Traffic[]): bigint => sumOf(group.map(({ costNanoUsd }) => costNanoUsd))
  return [...groups.values()].sort((a, b) => (cost(a) > cost(b) ? -1 : cost(a) < cost(b) ? 1 : 0))
}
