import type { RegisterCommand } from '../../command.ts'
import { amount, count, extent, money, number, summaryOf, unpriced, words } from '../../figures.ts'
import { registerReport } from '../../report.ts'

/** `tallystick analytics spending by-provider`: what was spent at each provider. */
export const registerSpendingByProvider: RegisterCommand = (program, terminal) =>
  registerReport(program, terminal, {
    name: 'by-provider',
    description: 'what was spent at each provider',
    path: 'spending/by-provider',
    columns: [
      words('provider', 'provider'),
      amount('spend', 'spending'),
      number('requests', 'request_count'),
      amount('per request', 'avg_cost_per_request'),
      number('agents', 'agent_count'),
    ],
    summary: (answer) => {
      const summary = summaryOf(answer)
      return `${count(summary, 'providers_count')} providers, ${money(summary, 'total_spend')} for ${count(summary, 'total_requests')} requests${unpriced(summary)} (${extent(answer)})`
    },
    examples: [
      'tallystick analytics spending by-provider --period last-30-days',
      'tallystick analytics spending by-provider --agent 42 --format yaml',
    ],
  })
