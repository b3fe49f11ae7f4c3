import { agentName } from './agents.ts'
import { periodMembers, protocolQuery } from './asked.ts'
import { completedBy, type Figures, sumOf } from './completed.ts'
import { integer } from './money.ts'
import { PER_PAGE, pageOf } from './pages.ts'

/** `GET /api/v1/analytics/usage/tokens/by-agent`: agents by the tokens of their completed requests, the greatest total first. */
export const tokensByAgent = protocolQuery(async (asked) => {
  const { app, period, principal, shown } = asked
  const agents = await completedBy(asked, ['agent_id'])
  const sum = sumOf(agents)
  return {
    ...pageOf(
      asked,
      agents.map((figures) => {
        const agentId = figures.values[0] ?? null
        return {
          rank: figures.totalTokens,
          names: [agentId],
          row: () => ({
            agent_id: agentId,
            agent_name: agentName(app.state, principal, agentId),
            input_tokens: integer(figures.inputTokens),
            output_tokens: integer(figures.outputTokens),
            total_tokens: integer(figures.totalTokens),
            request_count: integer(figures.requests),
            avg_tokens_per_request: meanTokens(figures),
          }),
        }
      }),
    ),
    summary: {
      total_input_tokens: integer(sum.inputTokens),
      total_output_tokens: integer(sum.outputTokens),
      total_tokens: integer(sum.totalTokens),
      total_requests: integer(sum.requests),
      average_tokens_per_request: meanTokens(sum),
      total_agents: agents.filter(({ values }) => values[0] !== null).length,
    },
    ...periodMembers(period),
    filters: shown,
  }
}, PER_PAGE)

/** Whole tokens, the rest cut off, as documented. */
function meanTokens({ requests, totalTokens }: Figures): number | string {
  return integer(requests === 0n ? 0n : totalTokens / requests)
}
