import { agentName } from './agents.ts'
import { periodMembers, protocolQuery } from './asked.ts'
import { completedBy, sumOf } from './completed.ts'
import { amount, integer, percentOf } from './money.ts'
import { PER_PAGE, pageOf } from './pages.ts'

/**
 * `GET /api/v1/analytics/spending/by-agent`: agents by what they have spent, the greatest first. `percent_used` is the spend
 * of the period in percent of the agent's budget, 0 without one; the summary's average is that of agents that have one.
 */
export const spendingByAgent = protocolQuery(async (asked) => {
  const { app, period, principal, shown } = asked
  const groups = await completedBy(asked, ['agent_id'])
  const agents = groups.map((figures) => {
    const agentId = figures.values[0] ?? null
    const budget = agentId === null ? undefined : app.budgetsOf?.(agentId, principal.tenantId)
    const allowed = BigInt(budget?.amountNanoUsd ?? 0)
    return { ...figures, agentId, allowed, percentUsed: percentOf(figures.spendNanoUsd, allowed) }
  })
  const budgeted = agents.filter(({ allowed }) => allowed > 0n)
  const sum = sumOf(agents)
  return {
    ...pageOf(
      asked,
      agents.map(({ agentId, allowed, percentUsed, requests, spendNanoUsd, unpriced }) => ({
        rank: spendNanoUsd,
        names: [agentId],
        row: () => ({
          agent_id: agentId,
          agent_name: agentName(app.state, principal, agentId),
          ...amount('spending', spendNanoUsd),
          ...amount('budget', allowed),
          percent_used: percentUsed,
          request_count: integer(requests),
          unpriced_requests: integer(unpriced),
        }),
      })),
    ),
    summary: {
      ...amount('total_spend', sum.spendNanoUsd),
      ...amount(
        'total_budget',
        budgeted.reduce((total, { allowed }) => total + allowed, 0n),
      ),
      average_percent_used: mean(budgeted.map(({ percentUsed }) => percentUsed)),
      total_agents: agents.filter(({ agentId }) => agentId !== null).length,
      total_requests: integer(sum.requests),
      unpriced_requests: integer(sum.unpriced),
    },
    ...periodMembers(period),
    filters: shown,
  }
}, PER_PAGE)

/** With two decimals; of hundredths, which doubles hold as integers exactly. */
function mean(percents: readonly number[]): number {
  if (percents.length === 0) return 0
  const hundredths = percents.reduce((sum, percent) => sum + Math.round(percent * 100), 0)
  return Math.round(hundredths / percents.length) / 100
}
