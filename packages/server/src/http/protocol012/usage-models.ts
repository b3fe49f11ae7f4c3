import { TupleMap } from '@tallystick/core/query'
import { periodMembers, protocolQuery, UNKNOWN_PROVIDER } from './asked.ts'
import { completedBy, type GroupFigures, sumOf } from './completed.ts'
import { amount, integer, perRequest } from './money.ts'
import { oneOf } from './one-of.ts'
import { PER_PAGE, pageOf } from './pages.ts'

interface Model {
  readonly model: string
  readonly provider: string
  readonly parts: GroupFigures[]
}

/**
 * `GET /api/v1/analytics/usage/models`: models by their completed requests, the most first. A model at two providers is two;
 * `provider_id` is the credential used, null where there were several.
 */
export const usageModels = protocolQuery(async (asked) => {
  const parts = await completedBy(asked, ['model', 'provider', 'provider_id'])
  const models: Model[] = []
  const known = new TupleMap<Model>(2)
  for (const part of parts) {
    const [model, provider] = [part.values[0] ?? '', part.values[1] ?? UNKNOWN_PROVIDER]
    known
      .getOrCreate([model, provider], () => {
        const made = { model, provider, parts: [] }
        models.push(made)
        return made
      })
      .parts.push(part)
  }
  const sum = sumOf(parts)
  return {
    ...pageOf(
      asked,
      models.map(({ model, parts: own, provider }) => {
        const figures = sumOf(own)
        return {
          rank: figures.requests,
          names: [model, provider],
          row: () => ({
            model,
            provider_id: oneOf(own.map(({ values }) => values[2] ?? null)),
            provider_name: provider,
            provider,
            request_count: integer(figures.requests),
            ...amount('spending', figures.spendNanoUsd),
            input_tokens: integer(figures.inputTokens),
            output_tokens: integer(figures.outputTokens),
            total_tokens: integer(figures.totalTokens),
            ...perRequest('avg_cost_per_request', figures.spendNanoUsd, figures.requests),
            unpriced_requests: integer(figures.unpriced),
          }),
        }
      }),
    ),
    summary: {
      total_requests: integer(sum.requests),
      ...amount('total_spend', sum.spendNanoUsd),
      total_tokens: integer(sum.totalTokens),
      unique_models: models.length,
      unpriced_requests: integer(sum.unpriced),
    },
    ...periodMembers(asked.period),
    filters: asked.shown,
  }
}, PER_PAGE)
