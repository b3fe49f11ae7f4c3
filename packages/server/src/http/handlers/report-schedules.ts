import { shownTarget } from '../../alert/targets.ts'
import type { StandingSchedule } from '../../report/reports.ts'
import type { AuditEntry } from '../../state/audit.ts'
import type { ReportRun, ReportSchedule, ReportTarget } from '../../state/report-schedule.ts'
import type { Change } from '../../state/state.ts'
import { type Call, type Handler, json } from '../route.ts'
import { readJson } from './query.ts'

/** `GET /api/v1/reports/schedules`: those that may be seen, and what can be delivered to. */
export const listSchedules: Handler = async ({ app, principal }) =>
  json({ schedules: (await app.reports.schedules(principal)).map(shown), can: app.reports.can })

/** `POST /api/v1/reports/schedules` */
export const createSchedule: Handler = async (call) => {
  const { app, principal, request } = call
  const input = await readJson(request, app)
  return json(
    { schedule: shown(await app.reports.create(input, principal, audited(call, 'report_schedule.create'))) },
    201,
  )
}

/** `PUT /api/v1/reports/schedules/:id`: all of it anew; the target may come back as it was shown. */
export const replaceSchedule: Handler = async (call) => {
  const { app, principal, params, request } = call
  const input = await readJson(request, app)
  const beside = audited(call, 'report_schedule.update')
  return json({ schedule: shown(await app.reports.replace(params['id'] ?? '', input, principal, beside)) })
}

/** `DELETE /api/v1/reports/schedules/:id` */
export const removeSchedule: Handler = async ({ app, principal, params }) => {
  const id = params['id'] ?? ''
  await app.reports.remove(id, principal, app.audit.record(principal, 'report_schedule.delete', id))
  return json({ removed: id })
}

/** `POST /api/v1/reports/schedules/:id/run` */
export const runSchedule: Handler = async ({ app, principal, params }) => {
  const id = params['id'] ?? ''
  return json(
    { run: shownRun(await app.reports.run(id, principal, app.audit.record(principal, 'report_schedule.run', id))) },
    202,
  )
}

function audited({ app, principal }: Call, action: string): (row: ReportSchedule) => readonly Change[] {
  return (row) => app.audit.record(principal, action, row.id, factsOf(row))
}

/** Where it goes is left out: addresses of webhooks are secrets. */
function factsOf({ name, cron, format, enabled, target }: ReportSchedule): NonNullable<AuditEntry['facts']> {
  return { name, cron, format, enabled, target: target.kind }
}

function shown({ schedule, nextMs, runs }: StandingSchedule): object {
  const { id, name, enabled, cron, timeZone, range, format, filters, target, tenantId, agentIds } = schedule
  return {
    id,
    name,
    enabled,
    cron,
    time_zone: timeZone,
    range,
    format,
    filters: filters ?? null,
    target: targetJson(target),
    tenant_id: tenantId ?? null,
    agent_ids: agentIds ?? null,
    created_ms: schedule.createdMs,
    updated_ms: schedule.updatedMs,
    next_ms: nextMs ?? null,
    runs: runs.map(shownRun),
  }
}

const targetJson = (target: ReportTarget): object => (target.kind === 'file' ? target : shownTarget(target))

function shownRun(run: ReportRun): object {
  const { id, scheduleId, dueMs, by, attempts, nextMs, deliveredMs, givenUpMs } = run
  const state = deliveredMs !== undefined ? 'delivered' : givenUpMs !== undefined ? 'failed' : 'waiting'
  return {
    id,
    schedule_id: scheduleId,
    due_ms: dueMs,
    by,
    state,
    attempts,
    next_ms: state === 'waiting' ? nextMs : null,
    ended_ms: deliveredMs ?? givenUpMs ?? null,
    detail: run.detail ?? run.lastError ?? null,
    bytes: run.bytes ?? null,
  }
}
