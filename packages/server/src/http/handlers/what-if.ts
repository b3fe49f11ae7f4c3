import { type Exact, exactToJson } from '@tallystick/core/event'
import { type Comparison, type QueryFilter, type Range, whatIf } from '@tallystick/core/insight'
import { parseQuery } from '@tallystick/core/query'
import { Members } from '../members.ts'
import { type Handler, json } from '../route.ts'
import { priceJson } from './prices.ts'
import { readJson, waitsForApplied } from './query.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 30
const MOST_TARGETS = 8
const NAME_BYTES = 256
const MILLIONTHS = 1_000_000

/** `POST /api/v1/what-if`: what the traffic of a range would cost on other models, at their prices of now. */
export const whatIfHandler: Handler = async ({ app, store, request, url }) => {
  const nowMs = app.clock.now()
  const body = await readJson(request, app)
  const members = new Members(body, ['from', 'to', 'filters', 'targets', 'cache_share'])
  const { from, to, filters, targets, cache_share: share } = body as Record<string, unknown>
  const wanted = targetsOf(targets, members)
  const hasShare = share !== undefined && share !== null
  if (hasShare && !(typeof share === 'number' && share >= 0 && share <= 1))
    members.wrong('cache_share', 'must be a number from 0 to 1')
  members.assertRight()
  // The parser of queries says what is wrong with a range and filters.
  const range = parseQuery(
    { from: from ?? nowMs - DEFAULT_DAYS * DAY_MS, to: to ?? nowMs + 1, ...(filters == null ? {} : { filters }) },
    { nowMs },
  )
  if (waitsForApplied(url)) await app.ingest.applied(app.limits.appliedWaitMs)
  const { oldestMs } = await store.stats()
  const { signal } = request
  const answer = await whatIf({
    fromMs: range.fromMs,
    toMs: range.toMs,
    nowMs,
    filters: (filters ?? {}) as Readonly<Record<string, QueryFilter>>,
    targets: wanted,
    prices: app.prices,
    ...(hasShare ? { cacheShare: Math.round((share as number) * MILLIONTHS) } : {}),
    ...(oldestMs === null ? {} : { oldestMs }),
    ask: (query) => app.queries.run(() => store.query(parseQuery(query, { nowMs }), { signal }), signal),
  })
  return json({
    from_ms: answer.fromMs,
    to_ms: answer.toMs,
    requests: answer.requests,
    unpriced_requests: answer.unpricedRequests,
    now_nano_usd: wire(answer.nowNanoUsd),
    now_nano_usd_yearly: wire(answer.yearlyNow),
    observed_ms: answer.observedMs,
    confidence: answer.confidence,
    raw_from_ms: answer.rawFromMs,
    query: answer.query,
    targets: answer.targets.map((one) => ({
      provider: one.target.provider ?? one.price.provider ?? null,
      model: one.target.model,
      price: priceJson(one.price),
      ...comparisonJson(one),
      difference_nano_usd: rangeJson(one.difference),
      there_nano_usd_yearly: rangeJson(one.yearlyThere),
      uncertainties: one.uncertainties.map(({ about, low, high, because }) => ({
        about,
        low_nano_usd: wire(low),
        high_nano_usd: wire(high),
        because,
      })),
      assumptions: one.assumptions,
      context:
        one.tooLong === null
          ? null
          : {
              tokens: one.tooLong.contextTokens,
              too_long_at_least: one.tooLong.atLeast,
              too_long_at_most: one.tooLong.atMost,
            },
      by_model: one.byModel.map((part) => ({
        provider: part.provider,
        model: part.model,
        ...comparisonJson(part),
      })),
      by_agent: one.byAgent.map((part) => ({ agent_id: part.agent, ...comparisonJson(part) })),
    })),
  })
}

function targetsOf(
  targets: unknown,
  members: Members,
): readonly { readonly model: string; readonly provider?: string }[] {
  if (!Array.isArray(targets) || targets.length === 0 || targets.length > MOST_TARGETS) {
    members.wrong('targets', `must be a list of 1 to ${MOST_TARGETS} models, such as [{"model":"gpt-4o-mini"}]`)
    return []
  }
  return targets.flatMap((target: unknown, index) => {
    const { model, provider, ...more } = (typeof target === 'object' && target !== null ? target : {}) as Record<
      string,
      unknown
    >
    const path = `targets[${index}]`
    const isName = (value: unknown): value is string =>
      typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= NAME_BYTES
    if (!isName(model)) members.wrong(`${path}.model`, `must be the name of a model, of 1 to ${NAME_BYTES} bytes`)
    if (provider != null && !isName(provider))
      members.wrong(`${path}.provider`, `must be the name of a provider, of 1 to ${NAME_BYTES} bytes`)
    if (Object.keys(more).length > 0) members.wrong(path, 'has a model and, if you like, a provider; nothing else')
    return isName(model) ? [{ model, ...(isName(provider) ? { provider } : {}) }] : []
  })
}

const comparisonJson = ({ requests, nowNanoUsd, there, unpricedRequests, unpricedThere }: Comparison): object => ({
  requests,
  now_nano_usd: wire(nowNanoUsd),
  there_nano_usd: rangeJson(there),
  unpriced_requests: unpricedRequests,
  unpriced_there_nano_usd: unpricedThere === null ? null : rangeJson(unpricedThere),
})

const rangeJson = ({ low, likely, high }: Range): object => ({
  low: wire(low),
  likely: wire(likely),
  high: wire(high),
})

/** An integer past 2^53 is text. */
const wire = (value: Exact): number | string => exactToJson(value)
