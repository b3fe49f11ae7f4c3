import type { RegisterCommand } from '../../command.ts'
import { amount, count, extent, money, number, unpriced } from '../../figures.ts'
import { registerReport } from '../../report.ts'

/** `tallystick analytics spending avg-per-request`: what a request costs. */
export const registerAvgPerRequest: RegisterCommand = (program, terminal) =>
  registerReport(program, terminal, {
    name: 'avg-per-request',
    description: 'mean, median, least and greatest cost of a request',
    path: 'spending/avg-per-request',
    single: true,
    columns: [
      amount('mean', 'average_cost_per_request'),
      amount('median', 'median_cost_per_request'),
      amount('least', 'min_cost_per_request'),
      amount('greatest', 'max_cost_per_request'),
      number('requests', 'total_requests'),
    ],
    summary: (answer) =>
      `${money(answer, 'average_cost_per_request')} a request: ${money(answer, 'total_spend')} for ${count(answer, 'total_requests')} requests${unpriced(answer)} (${extent(answer)})`,
    examples: [
      'tallystick analytics spending avg-per-request --period yesterday',
      'tallystick analytics spending avg-per-request --model gpt-4o --json',
    ],
  })
