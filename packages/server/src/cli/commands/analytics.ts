import type { Command } from 'commander'
import { examples, type RegisterCommand } from '../command.ts'
import { registerAvgPerRequest } from './analytics/avg-per-request.ts'
import { registerBudgetStatus } from './analytics/budget-status.ts'
import { registerSpendingByAgent } from './analytics/spending-by-agent.ts'
import { registerSpendingByProvider } from './analytics/spending-by-provider.ts'
import { registerSpendingTotal } from './analytics/spending-total.ts'
import { registerTokensByAgent } from './analytics/tokens-by-agent.ts'
import { registerUsageModels } from './analytics/usage-models.ts'
import { registerUsageRequests } from './analytics/usage-requests.ts'

/** `tallystick analytics`: the answers of Protocol 012, as its command line has them. */
export const registerAnalytics: RegisterCommand = (program, terminal) => {
  const group = (parent: Command, name: string, description: string, lines: readonly string[]): Command =>
    examples(parent.command(name).description(description), lines)
  const analytics = group(program, 'analytics', 'spending, usage and budgets of agents', [
    'tallystick analytics spending total --period this-month',
    'tallystick analytics usage models --agent 42',
    'tallystick analytics budget status --threshold 80',
  ])
  const spending = group(analytics, 'spending', 'what was spent', ['tallystick analytics spending by-agent'])
  for (const register of [
    registerSpendingTotal,
    registerSpendingByAgent,
    registerSpendingByProvider,
    registerAvgPerRequest,
  ])
    register(spending, terminal)
  const usage = group(analytics, 'usage', 'requests, tokens and models', ['tallystick analytics usage requests'])
  registerUsageRequests(usage, terminal)
  registerTokensByAgent(group(usage, 'tokens', 'tokens', ['tallystick analytics usage tokens by-agent']), terminal)
  registerUsageModels(usage, terminal)
  registerBudgetStatus(
    group(analytics, 'budget', 'budgets of agents', ['tallystick analytics budget status']),
    terminal,
  )
}
