import type { RegisterCommand } from '../../command.ts'
import { amount, count, extent, money, number, summaryOf, unpriced, words } from '../../figures.ts'
import { registerReport } from '../../report.ts'

/** `tallystick analytics usage models`: the requests to each model. */
export const registerUsageModels: RegisterCommand = (program, terminal) =>
  registerReport(program, terminal, {
    name: 'models',
    description: 'requests, tokens and spend of each model',
    path: 'usage/models',
    columns: [
      words('model', 'model'),
      words('provider', 'provider'),
      number('requests', 'request_count'),
      number('input', 'input_tokens'),
      number('output', 'output_tokens'),
      amount('spend', 'spending'),
      amount('per request', 'avg_cost_per_request'),
    ],
    summary: (answer) => {
      const summary = summaryOf(answer)
      return `${count(summary, 'unique_models')} models, ${count(summary, 'total_requests')} requests, ${count(summary, 'total_tokens')} tokens, ${money(summary, 'total_spend')}${unpriced(summary)} (${extent(answer)})`
    },
    examples: [
      'tallystick analytics usage models --period this-month',
      'tallystick analytics usage models --agent agent_42 --per-page 100 --json',
    ],
  })
