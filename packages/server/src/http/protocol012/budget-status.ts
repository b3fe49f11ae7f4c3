import { TallystickError } from '@tallystick/core'
import { type Exact, MAX_AHEAD_MS, MIN_TIMESTAMP_MS } from '@tallystick/core/event'
import { MAX_CELLS, parseQuery } from '@tallystick/core/query'
import { agentName, isVisible } from './agents.ts'
import { type Asked, given, protocolQuery } from './asked.ts'
import { type BudgetRisk, budgetRisk } from './budget-risk.ts'
import { amount, percentOf } from './money.ts'
import { PER_PAGE, pageOf } from './pages.ts'

/** `inactive` is documented, and what it would mean is not: no agent is. */
const STATUSES: readonly string[] = ['active', 'exhausted', 'inactive']

interface AgentStatus extends BudgetRisk {
  readonly agentId: string
  readonly allowed: bigint
  readonly spent: bigint
}

/**
 * `GET /api/v1/analytics/budget/status`: every agent there is, whether or not it has a budget, by how much of it is gone.
 * `threshold` keeps those strictly above so many percent, `status` those that are `active` or `exhausted`; rows and summary
 * are of what both leave. Without a budget an agent is active, low and at 0.
 */
export const budgetStatus = protocolQuery(async (asked) => {
  const { app, parameters, principal, shown } = asked
  const threshold = thresholdOf(parameters)
  const status = statusOf(parameters)
  const agents: AgentStatus[] = []
  for (const agentId of await agentsOf(asked)) {
    const budget = app.budgetsOf?.(agentId, principal.tenantId)
    const [allowed, spent] = [exact(budget?.amountNanoUsd), exact(budget?.spentNanoUsd)]
    const risk = budgetRisk(spent, allowed)
    if (threshold !== undefined && !isAbove(threshold, spent, allowed)) continue
    if (status !== undefined && risk.status !== status) continue
    agents.push({ agentId, allowed, spent, ...risk })
  }
  const counted = (test: (agent: AgentStatus) => boolean): number => agents.filter(test).length
  return {
    ...pageOf(
      asked,
      agents.map(({ agentId, allowed, riskLevel, spent, status: state }) => ({
        // Finer than the percentage shown, so that the order is that of the exact shares.
        rank: allowed > 0n ? (spent * 10n ** 18n) / allowed : 0n,
        names: [agentId],
        row: () => ({
          agent_id: agentId,
          agent_name: agentName(app.state, principal, agentId),
          ...amount('budget', allowed),
          ...amount('spent', spent),
          ...amount('remaining', allowed > spent ? allowed - spent : 0n),
          percent_used: percentOf(spent, allowed),
          status: state,
          risk_level: riskLevel,
        }),
      })),
    ),
    summary: {
      total_agents: agents.length,
      active: counted((agent) => agent.status === 'active'),
      exhausted: counted((agent) => agent.status === 'exhausted'),
      critical: counted((agent) => agent.riskLevel === 'critical'),
      high: counted((agent) => agent.riskLevel === 'high'),
      medium: counted((agent) => agent.riskLevel === 'medium'),
      low: counted((agent) => agent.riskLevel === 'low'),
    },
    filters: { agent_id: shown['agent_id'], threshold: parameters.get('threshold') || null, status: status ?? null },
  }
}, PER_PAGE)

const exact = (value: Exact | undefined): bigint => BigInt(value ?? 0)

/** Agents that somebody told us of, that have a budget, or that have sent something: those the principal may see. */
async function agentsOf(asked: Asked): Promise<ReadonlySet<string>> {
  const { app, nowMs, principal, shown, signal, store } = asked
  const found = new Set<string>()
  const wanted = shown['agent_id']
  const take = (id: string, tenantId: string | undefined): void => {
    const visible = isVisible({ id, ...(tenantId === undefined ? {} : { tenantId }) }, principal)
    if (visible && (wanted === null || id === wanted)) found.add(id)
  }
  for (const { id, tenantId } of app.state.rows('agents').values()) take(id, tenantId)
  for (const { subject, tenantId } of app.state.rows('budgets').values())
    if (subject?.dimension === 'agent_id') take(subject.value, tenantId)
  const range = { from: MIN_TIMESTAMP_MS, to: nowMs + MAX_AHEAD_MS + 1 }
  const query = parseQuery({ ...range, measures: ['events'], group_by: ['agent_id'] }, { nowMs })
  const { rows } = await store.query({ ...query, filters: asked.filters, limit: MAX_CELLS }, { signal })
  for (const { agent_id: id } of rows) if (typeof id === 'string') found.add(id)
  return found
}

interface Threshold {
  readonly scaled: bigint
  readonly scale: bigint
}

/** A decimal number of percent, kept as it is written. */
function thresholdOf(parameters: URLSearchParams): Threshold | undefined {
  const text = given(parameters, 'threshold')
  if (text === undefined) return undefined
  const [, whole, decimals = ''] = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (whole === undefined) throw invalid('threshold', 'must be a number of percent such as 80 or 99.5')
  return { scaled: BigInt(whole + decimals), scale: 10n ** BigInt(decimals.length) }
}

/** Nothing of no amount is above anything. */
function isAbove({ scale, scaled }: Threshold, spent: bigint, allowed: bigint): boolean {
  return allowed > 0n && spent * 100n * scale > scaled * allowed
}

function statusOf(parameters: URLSearchParams): string | undefined {
  const text = given(parameters, 'status')
  if (text === undefined || STATUSES.includes(text)) return text
  throw invalid('status', `must be one of ${STATUSES.join(', ')}`)
}

function invalid(path: string, message: string): TallystickError {
  return new TallystickError('invalid_query', `${path} ${message}.`, { issues: [{ path, message }] })
}
