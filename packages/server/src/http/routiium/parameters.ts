import { type Issue, isTallystickError, TallystickError } from '@tallystick/core'
import { NO_MODEL } from '@tallystick/core/event'
import { type Filter, filterValueFromText, parseQuery } from '@tallystick/core/query'
import type { ScanCursor } from '../../store/store.ts'
import type { AppContext } from '../app-context.ts'
import { cursorOf } from '../handlers/events.ts'

/** A stretch of time as this dialect says it: seconds, both ends included. */
export interface Period {
  readonly start: number
  readonly end: number
  /** The same as `[fromMs, toMs)`; empty when the end lies before the start. */
  readonly fromMs: number
  readonly toMs: number
}

/** Which events, in which order, from where. */
export interface Selection {
  readonly period: Period
  readonly filters: readonly Filter[]
  /** Undefined: all. */
  readonly limit: number | undefined
  readonly ascending: boolean
  readonly after: ScanCursor | undefined
}

/** Parameters that filter, and the dimension each means. */
export const FILTER_PARAMETERS: readonly string[] = ['model', 'provider', 'endpoint', 'key', 'status']

/** 10000-01-01: no event is as late, and queries go no further. */
const END_OF_TIME_MS = 253_402_300_800_000
/** What an unsigned integer of 64 bits holds, as clients of the dialect may send it for "no end". */
const GREATEST = 2n ** 64n - 1n

/**
 * The period of `start` and `end`; by default the last `seconds`.
 *
 * @throws TallystickError `invalid_query`
 */
export function periodOf(parameters: URLSearchParams, nowMs: number, seconds: number): Period {
  const issues: Issue[] = []
  const period = readPeriod(parameters, nowMs, seconds, issues)
  refuse(issues)
  return period
}

/**
 * Everything that `/analytics/events` and `/analytics/export` read. Unknown names are ignored, as clients of the dialect
 * expect; unknown values are not.
 *
 * @throws TallystickError `invalid_query`, `invalid_cursor`
 */
export function selectionOf(parameters: URLSearchParams, nowMs: number, seconds: number): Selection {
  const issues: Issue[] = []
  const period = readPeriod(parameters, nowMs, seconds, issues)
  const limit = wholeNumber(parameters, 'limit', issues)
  const order = single(parameters, 'order', issues) ?? 'asc'
  if (order !== 'asc' && order !== 'desc') issues.push({ path: 'order', message: 'must be asc or desc' })
  const cursor = single(parameters, 'cursor', issues)
  const filters = readFilters(parameters, issues)
  refuse(issues)
  return {
    period,
    filters,
    limit,
    ascending: order === 'asc',
    after: cursor === undefined ? undefined : cursorOf(cursor),
  }
}

/**
 * `model=gpt-4o`; repeated means any of them, empty means absent.
 *
 * @throws TallystickError `invalid_query`
 */
export function filtersOf(parameters: URLSearchParams): readonly Filter[] {
  const issues: Issue[] = []
  const filters = readFilters(parameters, issues)
  refuse(issues)
  return filters
}

/**
 * With `consistency=applied`, waits until everything acknowledged so far is visible.
 *
 * @throws TallystickError `invalid_query`, `store_unavailable`
 */
export async function settled({ searchParams }: URL, app: AppContext): Promise<void> {
  const issues: Issue[] = []
  const consistency = single(searchParams, 'consistency', issues)
  if (consistency !== undefined && consistency !== 'applied')
    issues.push({ path: 'consistency', message: `must be applied, or absent, not ${quoted(consistency)}` })
  refuse(issues)
  if (consistency !== undefined) await app.ingest.applied(app.limits.appliedWaitMs)
}

function readPeriod(parameters: URLSearchParams, nowMs: number, seconds: number, issues: Issue[]): Period {
  const now = Math.floor(nowMs / 1000)
  const start = wholeNumber(parameters, 'start', issues) ?? now - seconds
  const end = wholeNumber(parameters, 'end', issues) ?? now
  return {
    start,
    end,
    fromMs: Math.min(start * 1000, END_OF_TIME_MS),
    toMs: Math.min((end + 1) * 1000, END_OF_TIME_MS),
  }
}

function readFilters(parameters: URLSearchParams, issues: Issue[]): readonly Filter[] {
  const given = FILTER_PARAMETERS.filter((name) => parameters.has(name))
  const texts = given.map((name) => [name, parameters.getAll(name).map((text) => filterValue(name, text))])
  try {
    const question = { from: 0, to: 1, measures: ['events'], filters: Object.fromEntries(texts) }
    return parseQuery(question, { nowMs: 0 }).filters
  } catch (error) {
    if (!isTallystickError(error)) throw error
    for (const { path, message } of error.issues) issues.push({ path: path.replace(/^filters\./, ''), message })
    return []
  }
}

/** A request always has a model inside; the one that stands for none is none here. */
const filterValue = (name: string, text: string): unknown =>
  name === 'model' && text === '' ? NO_MODEL : filterValueFromText(name, text)

function wholeNumber(parameters: URLSearchParams, name: string, issues: Issue[]): number | undefined {
  const text = single(parameters, name, issues)
  if (text === undefined) return undefined
  if (/^\d{1,20}$/.test(text) && BigInt(text) <= GREATEST) return Number(text)
  issues.push({ path: name, message: `must be a whole number that is not negative, not ${quoted(text)}` })
  return undefined
}

function single(parameters: URLSearchParams, name: string, issues: Issue[]): string | undefined {
  const values = parameters.getAll(name)
  if (values.length > 1) issues.push({ path: name, message: 'may be given once' })
  return values[0]
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 64))

function refuse(issues: readonly Issue[]): void {
  if (issues.length === 0) return
  const text = issues.map(({ path, message }) => `${path} ${message}`).join('; ')
  throw new TallystickError('invalid_query', `${text}.`, { issues })
}
