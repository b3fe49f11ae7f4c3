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
  const parts = await completedBy(asked, ['provider', 'provider_id'])
  // Apart, as both together would make a group of every agent at every credential.
  const agents = agentsOf(await completedBy(asked, ['provider', 'agent_id'], ['requests']))
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
            agent_count: agents.get(provider)?.size ?? 0,
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

/** The agents of each provider. */
function agentsOf(parts: readonly GroupFigures[]): ReadonlyMap<string, ReadonlySet<string>> {
  const agents = new Map<string, Set<string>>()
  for (const {
    values: [provider, agent],
  } of parts) {
    if (agent === null || agent === undefined) continue
    const name = provider ?? UNKNOWN_PROVIDER
    agents.set(name, (agents.get(name) ?? new Set()).add(agent))
  }
  return agents
}
