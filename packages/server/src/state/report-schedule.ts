import type { ReportFormat } from './report-format.ts'

/** Where a report goes. The secret of a webhook signs what is sent. */
export type ReportTarget =
  /** Below the directory of the configuration, with so many of its files kept. */
  | { readonly kind: 'file'; readonly name: string; readonly keep: number }
  | { readonly kind: 'webhook'; readonly url: string; readonly secret?: string }
  | { readonly kind: 'mail'; readonly to: string }

/** A report that is made again and again. */
export interface ReportSchedule {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  /** Five fields, by the clock of the zone. */
  readonly cron: string
  /** IANA name. */
  readonly timeZone: string
  /** `7d`, `last_month` and so on, as of the instant at which it is due. */
  readonly range: string
  readonly format: ReportFormat
  /** As a query has them. */
  readonly filters?: Readonly<Record<string, unknown>>
  readonly target: ReportTarget
  /** Whose figures; absent: those of all. */
  readonly tenantId?: string
  readonly agentIds?: readonly string[]
  /** What was due up to this instant has been begun, or passed over. */
  readonly doneMs: number
  readonly createdMs: number
  readonly updatedMs: number
}

/** One report of a schedule, on its way or arrived. */
export interface ReportRun {
  /** Names it to whoever receives it: what comes again under it is a repeat. */
  readonly id: string
  readonly scheduleId: string
  /** When it was due; of one that somebody asked for, when. Its range ends by this instant. */
  readonly dueMs: number
  readonly by: 'schedule' | 'person'
  readonly attempts: number
  readonly nextMs: number
  /** It is given up after this instant. */
  readonly untilMs: number
  readonly deliveredMs?: number
  readonly givenUpMs?: number
  readonly lastError?: string
  /** What the receiver said, or where the file is. */
  readonly detail?: string
  readonly bytes?: number
}
