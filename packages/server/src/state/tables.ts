import type { Agent, Tenant } from './agent.ts'
import type { AlertRule, Delivery, Firing } from './alert.ts'
import type { AuditEntry } from './audit.ts'
import type { BillRow } from './bill.ts'
import type { Budget } from './budget.ts'
import type { Dismissal } from './dismissal.ts'
import type { HeldGeneration, HeldTrace } from './generation.ts'
import type { LegalHold } from './hold.ts'
import type { ApiKey, Session } from './key.ts'
import type { Lease } from './lease.ts'
import type { ReportRun, ReportSchedule } from './report-schedule.ts'
import type { RepricingRun } from './repricing-run.ts'
import type { TelemetryCourse, TelemetryStanding } from './telemetry.ts'

/** THE table of tables of the control state, and what a row of each is. Rows are plain JSON. */
export interface Tables {
  readonly tenants: Tenant
  readonly agents: Agent
  readonly keys: ApiKey
  readonly sessions: Session
  readonly budgets: Budget
  readonly leases: Lease
  readonly bills: BillRow
  readonly rules: AlertRule
  readonly firings: Firing
  readonly deliveries: Delivery
  readonly dismissals: Dismissal
  readonly audit: AuditEntry
  readonly repricings: RepricingRun
  readonly telemetryCourses: TelemetryCourse
  readonly telemetryStandings: TelemetryStanding
  readonly generations: HeldGeneration
  readonly traces: HeldTrace
  readonly holds: LegalHold
  readonly reportSchedules: ReportSchedule
  readonly reportRuns: ReportRun
}
