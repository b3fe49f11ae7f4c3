import type { RegisterCommand } from '../../command.ts'
import { count, extent, number, percent } from '../../figures.ts'
import { registerReport } from '../../report.ts'

/** `tallystick analytics usage requests`: how many requests completed and failed. */
export const registerUsageRequests: RegisterCommand = (program, terminal) =>
  registerReport(program, terminal, {
    name: 'requests',
    description: 'how many requests completed, and how many failed',
    path: 'usage/requests',
    single: true,
    columns: [
      number('requests', 'total_requests'),
      number('successful', 'successful_requests'),
      number('failed', 'failed_requests'),
      percent('success rate', 'success_rate'),
    ],
    summary: (answer) =>
      `${count(answer, 'total_requests')} requests, ${answer['success_rate']} % successful (${extent(answer)})`,
    examples: [
      'tallystick analytics usage requests --period today',
      'tallystick analytics usage requests --provider anthropic --json',
    ],
  })
