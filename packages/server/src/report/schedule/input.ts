import { type Issue, inlineIssues, isTallystickError, nearest, quoted, TallystickError } from '@tallystick/core'
import { reportRange } from '@tallystick/core/insight'
import { parseQuery } from '@tallystick/core/query'
import type { Sender } from '../../alert/delivery/send.ts'
import { unmasked } from '../../alert/targets.ts'
import { type Principal, seesAll } from '../../identity/principal.ts'
import { REPORT_FORMATS, type ReportFormat } from '../../state/report-format.ts'
import type { ReportSchedule, ReportTarget } from '../../state/report-schedule.ts'
import { timetable } from './cron.ts'
import { FILE_NAME } from './file.ts'

/** What a schedule is read with. */
export interface ScheduleContext {
  readonly principal: Principal
  readonly sender: Pick<Sender, 'hosts' | 'mails'>
  /** Can files be written? */
  readonly files: boolean
  /** Is the name of a file another schedule's? */
  readonly taken: (name: string) => boolean
  readonly nowMs: number
  readonly id: string
  /** The schedule that it replaces. */
  readonly before?: ReportSchedule
}

const MEMBERS = ['name', 'enabled', 'cron', 'time_zone', 'range', 'format', 'filters', 'target', 'tenant_id'] as const
/** What an answer holds beside those; sent back with them they change nothing. */
const ANSWERED: readonly string[] = ['id', 'agent_ids', 'created_ms', 'updated_ms', 'next_ms', 'runs']
const MAX_NAME = 200
const MAX_CRON = 200
const MAX_FILTERS = 8_192
const KEEP = 30
const MAX_KEEP = 1_000
const MIN_SECRET = 16
const MAX_SECRET = 256

/**
 * A schedule as it came in.
 *
 * @throws TallystickError `invalid_schedule` with every problem found
 */
export async function readSchedule(input: unknown, context: ScheduleContext): Promise<ReportSchedule> {
  const issues: Issue[] = []
  const wrong = (path: string, message: string): void => void issues.push({ path, message })
  const members = membersOf(input, wrong)
  const { before, principal, nowMs, id } = context
  const name = line(members.get('name') ?? 'Usage report', MAX_NAME)
  if (name === undefined) wrong('name', `expected a line of 1 to ${MAX_NAME} characters`)
  const enabled = members.get('enabled') ?? true
  if (typeof enabled !== 'boolean') wrong('enabled', 'expected true or false')
  const timeZone = zoneOf(members.get('time_zone') ?? 'UTC', nowMs, wrong)
  const cron = await cronOf(members.get('cron'), timeZone, nowMs, wrong)
  const range = rangeOf(members.get('range') ?? '7d', timeZone, nowMs, wrong)
  const format = members.get('format') ?? 'html'
  if (!REPORT_FORMATS.includes(format as ReportFormat)) wrong('format', `expected one of ${REPORT_FORMATS.join(', ')}`)
  const filters = filtersOf(members.get('filters'), nowMs, wrong)
  const target = targetOf(members.get('target'), context, wrong)
  const tenantId = tenantOf(members.get('tenant_id'), principal, before, wrong)
  if (issues.length > 0 || cron === undefined || target === undefined)
    throw new TallystickError('invalid_schedule', `${inlineIssues(issues)}.`, { issues })
  const agentIds = before === undefined ? principal.agentIds && [...principal.agentIds] : before.agentIds
  // Changed, it begins anew: what it missed while it was something else is not made up for.
  const same = before?.enabled === true && before.cron === cron && before.timeZone === timeZone
  return {
    id,
    name: name as string,
    enabled: enabled as boolean,
    cron,
    timeZone,
    range,
    format: format as ReportFormat,
    ...(filters === undefined ? {} : { filters }),
    target,
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(agentIds === undefined ? {} : { agentIds }),
    doneMs: same ? before.doneMs : nowMs,
    createdMs: before?.createdMs ?? nowMs,
    updatedMs: nowMs,
  }
}

type Wrong = (path: string, message: string) => void

function membersOf(input: unknown, wrong: Wrong): ReadonlyMap<string, unknown> {
  if (!isObject(input)) {
    wrong('', 'expected a JSON object such as {"cron":"0 8 * * MON","target":{"kind":"mail","to":"team@example.com"}}')
    return new Map()
  }
  const members = new Map(Object.entries(input).filter(([, value]) => value !== null))
  for (const name of members.keys())
    if (!(MEMBERS as readonly string[]).includes(name) && !ANSWERED.includes(name))
      wrong(quoted(name).slice(1, -1), `no such member; ${nearest(name.slice(0, 64), MEMBERS)}`)
  return members
}

function zoneOf(value: unknown, nowMs: number, wrong: Wrong): string {
  try {
    return parseQuery({ time_zone: value }, { nowMs }).timeZone
  } catch (error) {
    for (const { path, message } of issuesOf(error)) wrong(path, message)
    return 'UTC'
  }
}

async function cronOf(value: unknown, timeZone: string, nowMs: number, wrong: Wrong): Promise<string | undefined> {
  const cron = line(value, MAX_CRON)
  if (cron === undefined) {
    wrong('cron', 'expected five fields, minute hour day month weekday, such as "0 8 * * MON"')
    return undefined
  }
  try {
    if ((await timetable(cron, timeZone)).next(nowMs) !== undefined) return cron
    wrong('cron', `${quoted(cron)} is never due`)
  } catch (error) {
    wrong(
      'cron',
      `${quoted(cron)} cannot be read: ${(error as Error).message.replace(/^CronPattern: /, '').slice(0, 200)}`,
    )
  }
  return undefined
}

function rangeOf(value: unknown, timeZone: string, nowMs: number, wrong: Wrong): string {
  if (typeof value !== 'string') {
    wrong('range', 'expected text such as "7d" or "last_month"')
    return ''
  }
  try {
    reportRange(value, nowMs, timeZone)
  } catch (error) {
    for (const { path, message } of issuesOf(error)) wrong(path, message)
  }
  return value
}

function filtersOf(value: unknown, nowMs: number, wrong: Wrong): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined) return undefined
  try {
    parseQuery({ filters: value }, { nowMs })
    if (JSON.stringify(value).length > MAX_FILTERS) wrong('filters', `take more than ${MAX_FILTERS} characters`)
    return value as Readonly<Record<string, unknown>>
  } catch (error) {
    for (const { path, message } of issuesOf(error)) wrong(path, message)
    return undefined
  }
}

function tenantOf(
  value: unknown,
  { tenantId, agentIds }: Principal,
  before: ReportSchedule | undefined,
  wrong: Wrong,
): string | undefined {
  // Whose figures it tells is settled when it is made.
  if (before !== undefined) return before.tenantId
  if (tenantId !== undefined) return tenantId
  const named = value === undefined ? undefined : line(value, 128)
  if (value !== undefined && (named === undefined || agentIds !== undefined))
    wrong('tenant_id', 'expected the id of a tenant that these credentials see')
  return named
}

function targetOf(value: unknown, context: ScheduleContext, wrong: Wrong): ReportTarget | undefined {
  const { sender, files, taken, principal, before } = context
  const { kind, ...given } = isObject(value) ? value : {}
  const allowed = kind === 'file' ? ['name', 'keep'] : kind === 'mail' ? ['to'] : ['url', 'secret']
  if (kind !== 'file' && kind !== 'webhook' && kind !== 'mail') {
    wrong('target', 'expected {"kind":"file","name":…}, {"kind":"webhook","url":…} or {"kind":"mail","to":…}')
    return undefined
  }
  for (const name of Object.keys(given))
    if (!allowed.includes(name))
      wrong(`target.${quoted(name).slice(1, -1)}`, `no such member; ${nearest(name, allowed)}`)
  if (kind === 'mail') {
    const to = line(given['to'], 320)
    if (to === undefined || !/^[^\s@,;<>]+@[^\s@,;<>]+$/.test(to)) wrong('target.to', 'expected one mail address')
    if (!sender.mails) wrong('target.kind', 'mail needs alerts.smtp_url')
    return { kind, to: to ?? '' }
  }
  if (kind === 'file') {
    const { name, keep = KEEP } = given
    if (!files) wrong('target.kind', 'files need reports.dir')
    if (!seesAll(principal)) wrong('target.kind', 'files are for whoever sees the whole server')
    if (typeof name !== 'string' || !FILE_NAME.test(name))
      wrong('target.name', 'expected 1 to 64 letters, digits, - and _, beginning with a letter or digit')
    else if (taken(name)) wrong('target.name', `${quoted(name)} is the file of another schedule`)
    if (!Number.isInteger(keep) || (keep as number) < 1 || (keep as number) > MAX_KEEP)
      wrong('target.keep', `expected an integer from 1 to ${MAX_KEEP}`)
    return { kind, name: String(name), keep: Number(keep) }
  }
  const { url, secret } = given
  if (typeof url !== 'string' || (secret !== undefined && secret !== null && typeof secret !== 'string')) {
    wrong('target', 'expected {"kind":"webhook","url":"https://…","secret":"…"}')
    return undefined
  }
  const known = before === undefined || before.target.kind === 'file' ? [] : [before.target]
  const whole = unmasked({ kind, url, ...(typeof secret === 'string' ? { secret } : {}) }, 0, known)
  if ('problem' in whole || whole.target.kind !== 'webhook') {
    wrong('target', 'problem' in whole ? whole.problem : 'expected a webhook')
    return undefined
  }
  const problem = sender.hosts.urlProblem(whole.target.url)
  if (problem !== undefined) wrong('target.url', problem)
  const { secret: signed } = whole.target
  if (signed !== undefined && (signed.length < MIN_SECRET || signed.length > MAX_SECRET))
    wrong('target.secret', `expected ${MIN_SECRET} to ${MAX_SECRET} characters`)
  return whole.target
}

function line(value: unknown, characters: number): string | undefined {
  return typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= characters &&
    value.isWellFormed() &&
    !/\p{Cc}/u.test(value)
    ? value
    : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function issuesOf(error: unknown): readonly Issue[] {
  if (isTallystickError(error)) return error.issues
  throw error
}
