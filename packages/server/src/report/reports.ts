import { systemTimers, TallystickError, type Timers } from '@tallystick/core'
import { type Random, systemRandom, uuidv7Generator } from '@tallystick/core/event'
import { reportRange } from '@tallystick/core/insight'
import { parseQuery } from '@tallystick/core/query'
import { createSender, type SendOptions } from '../alert/delivery/send.ts'
import type { Principal } from '../identity/principal.ts'
import type { Ingest } from '../ingest/ingest.ts'
import type { Logger } from '../logger.ts'
import type { ReportFormat } from '../state/report-format.ts'
import type { ReportRun, ReportSchedule } from '../state/report-schedule.ts'
import type { Change, ControlState } from '../state/state.ts'
import { contentOf, type ReportContent } from './content.ts'
import { makeReport, type ReportParts, type ReportRequest } from './make.ts'
import { createPdf, type PdfOptions } from './pdf.ts'
import { timetable } from './schedule/cron.ts'
import { deliver } from './schedule/deliver.ts'
import { readSchedule } from './schedule/input.ts'
import { Runner } from './schedule/runner.ts'

const MAX_SCHEDULES = 200
/** How long a scheduled report waits for what was acknowledged before it. */
const APPLIED_WITHIN_MS = 10_000

/** How reports are made and sent, as configured. */
export interface ReportSettings extends PdfOptions {
  /** Below which scheduled reports are written; absent: to no file. */
  readonly dir?: string
}

export interface ReportsOptions extends ReportParts, ReportSettings {
  readonly state: ControlState
  readonly ingest: ReportParts['ingest'] & Pick<Ingest, 'applied'>
  readonly send?: SendOptions
  readonly random?: Random
  readonly timers?: Timers
  readonly logger?: Logger
}

/** A schedule as it stands. */
export interface StandingSchedule {
  readonly schedule: ReportSchedule
  /** When it is due next; absent while it is paused. */
  readonly nextMs?: number
  /** The newest first. */
  readonly runs: readonly ReportRun[]
}

/** The reports of a server. Whoever asks sees and changes what the principal may see. */
export interface Reports {
  /** @throws TallystickError `pdf_unavailable`, `query_cancelled`, `store_unavailable`, `overloaded` */
  make(
    principal: Principal,
    request: ReportRequest,
    format: ReportFormat,
    signal: AbortSignal,
    inTurn?: <T>(job: () => Promise<T>) => Promise<T>,
  ): Promise<ReportContent>
  /** What schedules can deliver to here. */
  readonly can: { readonly file: boolean; readonly mail: boolean }
  schedules(principal: Principal): Promise<readonly StandingSchedule[]>
  /** @throws TallystickError `not_found` */
  schedule(id: string, principal: Principal): Promise<StandingSchedule>
  /** `beside` is written with it, all or none. @throws TallystickError `invalid_schedule`, or what writing the state throws */
  create(
    input: unknown,
    principal: Principal,
    beside?: (row: ReportSchedule) => readonly Change[],
  ): Promise<StandingSchedule>
  /** Replaces all of it but whose figures it tells. @throws as `create`, and `not_found` */
  replace(
    id: string,
    input: unknown,
    principal: Principal,
    beside?: (row: ReportSchedule) => readonly Change[],
  ): Promise<StandingSchedule>
  /** @throws TallystickError `not_found` */
  remove(id: string, principal: Principal, beside?: readonly Change[]): Promise<void>
  /** Makes one now, or answers with the one that is under way. @throws TallystickError `not_found` */
  run(id: string, principal: Principal, beside?: readonly Change[]): Promise<ReportRun>
  /** Runs schedules from now on. */
  start(): void
  /** Does what is due now; for tests and for whoever has a clock of their own. */
  round(): Promise<void>
  /** Resolves once nothing is due and no report is under way. */
  idle(): Promise<void>
  /** What was not delivered stands in the state. May be called twice. */
  close(): Promise<void>
}

export function createReports(options: ReportsOptions): Reports {
  const { state, clock, dir, ingest, random = systemRandom, timers = systemTimers } = options
  const newId = uuidv7Generator(clock, random)
  const sender = createSender(options.send ?? {}, clock)
  const pdf = createPdf(options)
  const runner = new Runner({
    state,
    clock,
    random,
    timers,
    newId,
    onError: (error) => options.logger?.error({ err: error }, 'a scheduled report failed; it is tried again'),
    async attempt(schedule, run, signal) {
      await ingest.applied(APPLIED_WITHIN_MS)
      const { cron: _, format, range, timeZone } = schedule
      const { filters } = parseQuery({ filters: schedule.filters ?? {} }, { nowMs: run.dueMs })
      const request = { ...reportRange(range, run.dueMs, timeZone), range, timeZone, filters }
      const report = await makeReport(options, principalOf(schedule), request, signal)
      const content = await contentOf(report, format, pdf, signal)
      const outcome = await deliver(
        { sender, ...(dir === undefined ? {} : { dir }) },
        { schedule, run, report, content },
      )
      return { ...outcome, bytes: content.bytes.byteLength }
    },
  })
  let closed: Promise<void> | undefined

  const seen = (id: string, principal: Principal): ReportSchedule => {
    const schedule = state.rows('reportSchedules').get(id)
    if (schedule === undefined || !seesSchedule(principal, schedule))
      throw new TallystickError('not_found', 'There is no such schedule.')
    return schedule
  }
  const standing = async (schedule: ReportSchedule): Promise<StandingSchedule> => {
    const { id, enabled, cron, timeZone } = schedule
    const nextMs = enabled ? (await timetable(cron, timeZone)).next(clock.now()) : undefined
    const runs = [...state.rows('reportRuns').values()].filter((run) => run.scheduleId === id).reverse()
    return { schedule, runs, ...(nextMs === undefined ? {} : { nextMs }) }
  }
  const read = (input: unknown, principal: Principal, id: string, before?: ReportSchedule): Promise<ReportSchedule> =>
    readSchedule(input, {
      principal,
      sender,
      files: dir !== undefined,
      nowMs: clock.now(),
      id,
      taken: (name) =>
        [...state.rows('reportSchedules').values()].some(
          (other) => other.id !== id && other.target.kind === 'file' && other.target.name === name,
        ),
      ...(before === undefined ? {} : { before }),
    })
  const write = async (row: ReportSchedule, beside: readonly Change[]): Promise<StandingSchedule> => {
    await state.write([{ table: 'reportSchedules', id: row.id, row }, ...beside])
    runner.wake()
    return standing(row)
  }

  return {
    can: { file: dir !== undefined, mail: sender.mails },
    async make(principal, request, format, signal, inTurn) {
      return contentOf(await makeReport(options, principal, request, signal, inTurn), format, pdf, signal)
    },
    schedules: (principal) =>
      Promise.all(
        [...state.rows('reportSchedules').values()].filter((row) => seesSchedule(principal, row)).map(standing),
      ),
    schedule: async (id, principal) => standing(seen(id, principal)),
    async create(input, principal, beside = () => []) {
      if (state.rows('reportSchedules').size >= MAX_SCHEDULES)
        throw new TallystickError('invalid_schedule', `There are ${MAX_SCHEDULES} schedules already; remove some.`)
      const row = await read(input, principal, newId())
      return write(row, beside(row))
    },
    async replace(id, input, principal, beside = () => []) {
      const row = await read(input, principal, id, seen(id, principal))
      return write(row, beside(row))
    },
    async remove(id, principal, beside = []) {
      seen(id, principal)
      const runs = [...state.rows('reportRuns').values()].filter((run) => run.scheduleId === id)
      await state.write([
        { table: 'reportSchedules', id, row: undefined },
        ...runs.map((run): Change => ({ table: 'reportRuns', id: run.id, row: undefined })),
        ...beside,
      ])
    },
    run: async (id, principal, beside = []) => runner.ask(seen(id, principal), beside),
    start: () => runner.start(),
    round: () => runner.round(),
    idle: () => runner.idle(),
    close() {
      closed ??= (async () => {
        // A receiver that does not answer holds up no stop: what it may have taken comes again under the same id.
        sender.close()
        await runner.stop()
      })()
      return closed
    },
  }
}

/** What a schedule may see: no more than whoever made it. */
function principalOf({ id, tenantId, agentIds }: ReportSchedule): Principal {
  return {
    kind: 'key',
    name: `schedule ${id}`,
    scopes: new Set(['read']),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(agentIds === undefined ? {} : { agentIds: new Set(agentIds) }),
  }
}

/** Whoever belongs to a tenant, or is bound to agents, sees the schedules that tell of nothing else. */
function seesSchedule({ tenantId, agentIds }: Principal, schedule: ReportSchedule): boolean {
  if (agentIds !== undefined)
    return schedule.tenantId === tenantId && schedule.agentIds?.every((agent) => agentIds.has(agent)) === true
  return tenantId === undefined || schedule.tenantId === tenantId
}
