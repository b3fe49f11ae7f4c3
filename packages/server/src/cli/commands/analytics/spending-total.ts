import type { RegisterCommand } from '../../command.ts'
import { amount, count, extent, money, number, unpriced, words } from '../../figures.ts'
import { registerReport } from '../../report.ts'

/** `tallystick analytics spending total`: what was spent. */
export const registerSpendingTotal: RegisterCommand = (program, terminal) =>
  registerReport(program, terminal, {
    name: 'total',
    description: 'what was spent',
    path: 'spending/total',
    single: true,
    columns: [words('period', 'period'), amount('spend', 'total_spend'), number('requests', 'total_requests')],
    summary: (answer) =>
      `Total ${money(answer, 'total_spend')} for ${count(answer, 'total_requests')} requests${unpriced(answer)} (${extent(answer)})`,
    examples: [
      'tallystick analytics spending total --period last-7-days',
      'tallystick analytics spending total --agent 42 --start 2026-11-01 --end 2026-11-15 --json',
    ],
  })
