import { isTallystickError } from '../errors.ts'
import { parseRfc3339 } from '../event/rfc3339.ts'
import { quoted } from '../nearest.ts'
import { MEASURE_OF, MEASURES, type Measure } from './measures.ts'
import { DIMENSION_NAMES, groupByOf } from './names.ts'
import { parseFilters } from './parse-filters.ts'
import { Problems } from './problems.ts'
import type { GroupBy, Interval, Query } from './query.ts'
import { bucketStarts, INTERVALS, unknownZone } from './time.ts'
import { isTimeZone } from './zone.ts'

/** What a query may leave to whoever reads it. */
export interface ParseContext {
  /** What "now" is for the default range, ms since 1970 UTC. */
  readonly nowMs: number
  /** Zone of a query that names none; UTC unless given. */
  readonly timeZone?: string
}

/** Most measures of a query. */
export const MAX_MEASURES = 64
/** Most dimensions that a query groups by. */
export const MAX_GROUP_BY = 8
/** Most groups that a query answers with. */
export const MAX_LIMIT = 10_000
const DEFAULT_LIMIT = 100
const DEFAULT_MEASURES: readonly string[] = ['requests', 'cost_nano_usd']
const DAY_MS = 86_400_000
/** 10000-01-01: as far as RFC 3339 can say. */
const MAX_INSTANT_MS = 253_402_300_800_000

const MEMBERS: readonly string[] = [
  'from',
  'to',
  'measures',
  'group_by',
  'interval',
  'time_zone',
  'filters',
  'order_by',
  'limit',
]
const MEASURE_NAMES: readonly string[] = MEASURES.map(({ name }) => name)

/**
 * A query as it came in, validated and with every default filled. A member that is null counts as left out.
 *
 * | member | default | takes |
 * |---|---|---|
 * | `from`, `to` | the 24 hours that end with this ms | integer ms or RFC 3339; `[from, to)` |
 * | `measures` | `requests`, `cost_nano_usd` | 1 to 64 names; with any figure of money `unpriced_requests` is added |
 * | `group_by` | none | up to 8 dimensions, aliases or `tags.<key>` |
 * | `interval` | none: one row per group | `1m` to `1mo`, at most 20,000 buckets |
 * | `time_zone` | the context's, else UTC | an IANA name |
 * | `filters` | none | see `parse-filters.ts` |
 * | `order_by` | the first measure, descending | a measure, with `-` in front for descending |
 * | `limit` | 100 | 1 to 10,000 groups |
 *
 * @throws TallystickError with every problem in `issues`: `unknown_measure` or `unknown_dimension` if that is all that is
 *   wrong (the nearest names are in the message), otherwise `invalid_query`. Nothing else, whatever `input` is.
 */
export function parseQuery(input: unknown, context: ParseContext): Query {
  const problems = new Problems()
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    problems.add('', 'expected a JSON object such as {"measures":["requests"],"group_by":["model"]}')
    problems.throwIfAny()
  }
  const members = new Map<string, unknown>(Object.entries(input as object).filter(([, value]) => value !== null))
  for (const name of members.keys()) {
    if (!MEMBERS.includes(name)) problems.add(name.slice(0, 64), `no such member; a query has ${MEMBERS.join(', ')}`)
  }

  const range = parseRange(members.get('from'), members.get('to'), context.nowMs, problems)
  const timeZone = parseTimeZone(members.get('time_zone'), context.timeZone ?? 'UTC', problems)
  const interval = parseInterval(members.get('interval'), problems)
  if (range && timeZone !== undefined && interval !== undefined) checkBuckets(range, interval, timeZone, problems)
  const measures = parseMeasures(members.get('measures'), problems)
  const groupBy = parseGroupBy(members.get('group_by'), problems)
  const filters = parseFilters(members.get('filters'), problems)
  const orderBy = parseOrderBy(members.get('order_by'), problems)
  const limit = parseLimit(members.get('limit'), problems)
  problems.throwIfAny()
  return { ...(range as Range), measures, groupBy, interval, timeZone: timeZone as string, filters, orderBy, limit }
}

interface Range {
  readonly fromMs: number
  readonly toMs: number
}

function parseRange(from: unknown, to: unknown, nowMs: number, problems: Problems): Range | undefined {
  // One ms past now, so that what happened in this very ms is inside.
  const toMs = to === undefined ? Math.floor(nowMs) + 1 : parseInstant('to', to, problems)
  if (from === undefined) return toMs === undefined ? undefined : checkRange(Math.max(0, toMs - DAY_MS), toMs, problems)
  const fromMs = parseInstant('from', from, problems)
  return fromMs === undefined || toMs === undefined ? undefined : checkRange(fromMs, toMs, problems)
}

function checkRange(fromMs: number, toMs: number, problems: Problems): Range | undefined {
  return fromMs < toMs ? { fromMs, toMs } : problems.add('from', 'must be before `to` (which is now unless given)')
}

function parseInstant(path: string, value: unknown, problems: Problems): number | undefined {
  const ms =
    typeof value === 'string' ? parseRfc3339(value) : Number.isSafeInteger(value) ? (value as number) + 0 : undefined
  if (ms === undefined)
    return problems.add(
      path,
      'expected integer ms since 1970 UTC, or RFC 3339 with a zone such as "2026-11-21T00:00:00Z"',
    )
  if (ms < 0 || ms > MAX_INSTANT_MS) return problems.add(path, 'must be from 1970 to the end of the year 9999')
  return ms
}

function parseTimeZone(value: unknown, fallback: string, problems: Problems): string | undefined {
  const name = value === undefined ? fallback : value
  if (typeof name !== 'string') return problems.add('time_zone', 'expected an IANA name such as "Europe/Berlin"')
  // No zone has a longer name, and the runtime would put all of it into its own error.
  if (name.length > 64 || !isTimeZone(name)) return problems.add('time_zone', unknownZone(name.slice(0, 64)))
  return name
}

function parseInterval(value: unknown, problems: Problems): Interval | undefined {
  if (value === undefined) return undefined
  const interval = INTERVALS.find((name) => name === value)
  return interval ?? problems.add('interval', `expected one of ${INTERVALS.join(', ')}`)
}

function checkBuckets(range: Range, interval: Interval, timeZone: string, problems: Problems): void {
  try {
    bucketStarts(range.fromMs, range.toMs, interval, timeZone)
  } catch (error) {
    if (!isTallystickError(error)) throw error
    for (const issue of error.issues) problems.add(issue.path, issue.message)
  }
}

function parseMeasures(value: unknown, problems: Problems): Measure[] {
  const names = value === undefined ? DEFAULT_MEASURES : parseNames('measures', value, MAX_MEASURES, problems)
  if (names.length === 0 && Array.isArray(value) && value.length === 0)
    problems.add('measures', 'name at least one measure')
  const measures = new Set<Measure>()
  names.forEach((name, index) => {
    const measure = MEASURE_OF.get(name)
    if (measure) measures.add(measure)
    else problems.addUnknown(`measures[${index}]`, 'unknown_measure', name, MEASURE_NAMES)
  })
  // A sum of money says nothing about what has no price; the count of that goes with it.
  if ([...measures].some(({ unit }) => unit === 'nano_usd'))
    measures.add(MEASURE_OF.get('unpriced_requests') as Measure)
  return [...measures]
}

function parseGroupBy(value: unknown, problems: Problems): GroupBy[] {
  if (value === undefined) return []
  const groups = new Map<string, GroupBy>()
  parseNames('group_by', value, MAX_GROUP_BY, problems).forEach((name, index) => {
    const group = groupByOf(name)
    if (group) groups.set(group.name, group)
    else problems.addUnknown(`group_by[${index}]`, 'unknown_dimension', name, [...DIMENSION_NAMES, 'tags.<key>'])
  })
  return [...groups.values()]
}

/** The strings of a list; what is none of them is a problem, and so is a list that is too long. */
function parseNames(path: string, value: unknown, max: number, problems: Problems): string[] {
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) {
    problems.add(path, 'expected a list of names')
    return []
  }
  if (value.length <= max) return value
  problems.add(path, `${value.length} names; at most ${max} are read`)
  return []
}

function parseOrderBy(value: unknown, problems: Problems): Query['orderBy'] {
  if (value === undefined) return undefined
  if (typeof value !== 'string') return problems.add('order_by', 'expected a measure, with "-" in front for descending')
  const descending = value.startsWith('-')
  const name = descending ? value.slice(1) : value
  const measure = MEASURE_OF.get(name)
  return measure ? { measure, descending } : problems.addUnknown('order_by', 'unknown_measure', name, MEASURE_NAMES)
}

function parseLimit(value: unknown, problems: Problems): number {
  if (value === undefined) return DEFAULT_LIMIT
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_LIMIT) return value as number
  problems.add(
    'limit',
    `expected an integer from 1 to ${MAX_LIMIT}${typeof value === 'string' ? `, got the string ${quoted(value)}` : ''}`,
  )
  return DEFAULT_LIMIT
}
