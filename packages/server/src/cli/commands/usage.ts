import type { RegisterCommand } from '../command.ts'
import { BLOCKS } from '../usage/blocks-report.ts'
import { GROUP_REPORTS } from '../usage/group-reports.ts'
import { PERIOD_REPORTS } from '../usage/period-reports.ts'
import { registerUsageReport, type UsageReport } from '../usage/usage-report.ts'

const REPORTS: readonly UsageReport[] = [...PERIOD_REPORTS, ...GROUP_REPORTS, BLOCKS]

/** `daily`, `weekly`, `monthly`, `session`, `models`, `agents`, `blocks`. */
export function registerUsage(name: string): RegisterCommand {
  return (program, terminal) => {
    const report = REPORTS.find((known) => known.name === name)
    if (report !== undefined) registerUsageReport(program, terminal, report)
  }
}
