import type { RegisterCommand } from '../../command.ts'
import { amount, count, extent, money, number, percent, summaryOf, unpriced, words } from '../../figures.ts'
import { registerReport } from '../../report.ts'

/** `tallystick analytics spending by-agent`: what each agent has spent. */
export const registerSpendingByAgent: RegisterCommand = (program, terminal) =>
  registerReport(program, terminal, {
    name: 'by-agent',
    description: 'what each agent has spent, beside its budget',
    path: 'spending/by-agent',
    columns: [
      words('agent', 'agent_id'),
      words('name', 'agent_name'),
      amount('spend', 'spending'),
      amount('budget', 'budget'),
      percent('used', 'percent_used'),
      number('requests', 'request_count'),
    ],
    summary: (answer) => {
      const summary = summaryOf(answer)
      return `${count(summary, 'total_agents')} agents spent ${money(summary, 'total_spend')} of budgets of ${money(summary, 'total_budget')}${unpriced(summary)} (${extent(answer)})`
    },
    examples: [
      'tallystick analytics spending by-agent --period this-month',
      'tallystick analytics spending by-agent --provider openai --page 2 --per-page 20',
    ],
  })
