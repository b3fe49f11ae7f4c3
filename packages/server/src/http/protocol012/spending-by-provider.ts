import { periodMembers, protocolQuery, UNKNOWN_PROVIDER } from './asked.ts'
import { completedBy, type GroupFigures, sumOf } from './completed.ts'
import { amount, integer, perRequest } from './money.ts'
import { oneOf } from './one-of.ts'
import { PER_PAGE, pageOf } from './pages.ts'

/**
 * `GET /api/v1/analytics/spending/by-provider`: providers by what was spent there, the greatest first. `provider_id` is the
 * credential used, null where there were several; `agent_count` counts agents with a name.
 */
export const spendingByProvider = protocolQuery(async (asked) => {
  const parts = await completedBy(asked, ['provider', 'provider_id', 'agent_id'])
  const providers = new Map<string, GroupFigures[]>()
  for (const part of parts) {
    const provider = part.values[0] ?? UNKNOWN_PROVIDER
    const known = providers.get(provider)
    if (known === undefined) providers.set(provider, [part])
    else known.push(part)
  }
  const sum = sumOf(parts)
  return {
    ...pageOf(
      asked,
      [...providers].map(([provider, own]) => {
        const { requests, spendNanoUsd, unpriced } = sumOf(own)
        return {
          rank: spendNanoUsd,
          names: [provider],
          row: () => ({
            provider_id: oneOf(own.map(({ values }) => values[1] ?? null)),
            provider_name: provider,
            provider,
            ...amount('spending', spendNanoUsd),
            request_count: integer(requests),
            ...perRequest('avg_cost_per_request', spendNanoUsd, requests),
            agent_count: agentsOf(own),
            unpriced_requests: integer(unpriced),
          }),
        }
      }),
    ),
    summary: {
      ...amount('total_spend', sum.spendNanoUsd),
      total_requests: integer(sum.requests),
      ...perRequest('average_cost_per_request', sum.spendNanoUsd, sum.requests),
      providers_count: providers.size,
      unpriced_requests: integer(sum.unpriced),
    },
    ...periodMembers(asked.period),
    filters: asked.shown,
  }
}, PER_PAGE)

function agentsOf(parts: readonly GroupFigures[]): number {
  const agents = new Set(parts.map(({ values }) => values[2] ?? null))
  agents.delete(null)
  return agents.size
}
