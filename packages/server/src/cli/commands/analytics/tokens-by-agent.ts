import type { RegisterCommand } from '../../command.ts'
import { count, extent, number, summaryOf, words } from '../../figures.ts'
import { registerReport } from '../../report.ts'

/** `tallystick analytics usage tokens by-agent`: the tokens of each agent. */
export const registerTokensByAgent: RegisterCommand = (program, terminal) =>
  registerReport(program, terminal, {
    name: 'by-agent',
    description: 'the tokens of each agent',
    path: 'usage/tokens/by-agent',
    columns: [
      words('agent', 'agent_id'),
      words('name', 'agent_name'),
      number('input', 'input_tokens'),
      number('output', 'output_tokens'),
      number('total', 'total_tokens'),
      number('requests', 'request_count'),
      number('per request', 'avg_tokens_per_request'),
    ],
    summary: (answer) => {
      const summary = summaryOf(answer)
      return `${count(summary, 'total_agents')} agents, ${count(summary, 'total_tokens')} tokens in ${count(summary, 'total_requests')} requests (${extent(answer)})`
    },
    examples: [
      'tallystick analytics usage tokens by-agent --period last-7-days',
      'tallystick analytics usage tokens by-agent --model gpt-4o --format yaml',
    ],
  })
