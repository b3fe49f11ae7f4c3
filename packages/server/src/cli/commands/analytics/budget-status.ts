import { EXIT, Exit, type RegisterCommand } from '../../command.ts'
import { amount, count, extent, percent, summaryOf, words } from '../../figures.ts'
import { type Members, registerReport } from '../../report.ts'

/** `tallystick analytics budget status`: how much of each budget is gone; exit code 3 when one listed is used up. */
export const registerBudgetStatus: RegisterCommand = (program, terminal) =>
  registerReport(program, terminal, {
    name: 'status',
    description: 'how much of each budget is gone (exit code 3 when one of those listed is used up)',
    path: 'budget/status',
    timeless: true,
    options: [
      {
        flag: '--threshold <percent>',
        parameter: 'threshold',
        description: 'only those strictly above so many percent',
      },
      { flag: '--status <status>', parameter: 'status', description: 'active or exhausted' },
    ],
    columns: [
      words('agent', 'agent_id'),
      words('name', 'agent_name'),
      amount('budget', 'budget'),
      amount('spent', 'spent'),
      amount('remaining', 'remaining'),
      percent('used', 'percent_used'),
      words('status', 'status'),
      words('risk', 'risk_level'),
    ],
    summary: (answer) => {
      const summary = summaryOf(answer)
      const levels = ['exhausted', 'critical', 'high', 'medium', 'low'].map((name) => `${count(summary, name)} ${name}`)
      const where = extent(answer)
      return `${count(summary, 'total_agents')} agents: ${levels.join(', ')}${where === '' ? '' : ` (${where})`}`
    },
    examples: [
      'tallystick analytics budget status',
      'tallystick analytics budget status --threshold 80 --format yaml',
      'tallystick analytics budget status --agent 42 || echo "over budget"',
    ],
    after: exitWhenExhausted,
  })

function exitWhenExhausted(answer: Members): void {
  if (Number(summaryOf(answer)['exhausted']) > 0) throw new Exit(EXIT.budget)
}
