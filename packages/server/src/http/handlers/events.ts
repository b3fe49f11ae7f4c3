import { type Issue, TallystickError } from '@tallystick/core'
import { DIMENSION_OF, encodeWireEvent } from '@tallystick/core/event'
import { type Filter, parseQuery } from '@tallystick/core/query'
import type { ScanCursor, ScanRequest } from '../../store/store.ts'
import { type Handler, json } from '../route.ts'
import { waitsForApplied } from './query.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000
/** No event is older, and none lies further ahead than a day: the doors see to it. */
const EARLIEST_MS = Date.UTC(2000, 0, 1)
const DAY_MS = 86_400_000

/** Parameters that are not dimensions. */
const OWN: ReadonlySet<string> = new Set(['from', 'to', 'limit', 'cursor', 'order', 'consistency'])

/**
 * `GET /api/v1/events`: events of `[from, to)` (default: all), newest first unless `order=asc`.
 *
 * Every dimension and `tags.<key>` is a parameter: `provider=openai`; repeated means any of them; empty means absent;
 * a `!` before the equals sign turns it round (`model!=gpt-4o`). `next_cursor` is null on the last page.
 */
export const listEvents: Handler = async ({ url, app }) => {
  const nowMs = app.clock.now()
  const request = scanRequestOf(url.searchParams, nowMs)
  if (waitsForApplied(url)) await app.ingest.applied()
  const page = await app.store.scan(request)
  return json({
    events: page.events.map(({ event }) => encodeWireEvent(event)),
    next_cursor: page.next === undefined ? null : cursorText(page.next),
  })
}

/** @throws TallystickError `invalid_query`, `unknown_dimension`, `invalid_cursor` */
export function scanRequestOf(parameters: URLSearchParams, nowMs: number): ScanRequest {
  const issues: Issue[] = []
  const limit = limitOf(parameters.get('limit'), issues)
  const order = parameters.get('order') ?? 'desc'
  if (order !== 'asc' && order !== 'desc') issues.push({ path: 'order', message: 'must be asc or desc' })
  if (issues.length > 0) throw new TallystickError('invalid_query', undefined, { issues })

  const wanted = filtersOf(parameters, false)
  const unwanted = filtersOf(parameters, true)
  const range = {
    from: instantOf(parameters.get('from')) ?? EARLIEST_MS,
    to: instantOf(parameters.get('to')) ?? nowMs + DAY_MS + 1,
  }
  const parse = (filters: Record<string, unknown>): { fromMs: number; toMs: number; filters: readonly Filter[] } =>
    parseQuery({ ...range, measures: ['events'], filters }, { nowMs })
  const query = parse(wanted)
  // A dimension may be named both ways, which one object of filters cannot say.
  const negated = Object.keys(unwanted).length > 0 ? parse(unwanted).filters : []
  const cursor = parameters.get('cursor')
  return {
    fromMs: query.fromMs,
    toMs: query.toMs,
    filters: [...query.filters, ...negated],
    limit,
    ascending: order === 'asc',
    ...(cursor === null ? {} : { after: cursorOf(cursor) }),
  }
}

function limitOf(text: string | null, issues: Issue[]): number {
  if (text === null) return DEFAULT_LIMIT
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LIMIT) return limit
  issues.push({ path: 'limit', message: `must be a whole number from 1 to ${MAX_LIMIT}` })
  return DEFAULT_LIMIT
}

/** In a URL everything is text: digits are ms, the rest is left to the query parser. */
function instantOf(text: string | null): number | string | undefined {
  if (text === null || text === '') return undefined
  return /^\d{1,16}$/.test(text) ? Number(text) : text
}

function filtersOf(parameters: URLSearchParams, negated: boolean): Record<string, unknown> {
  const filters: Record<string, unknown> = Object.create(null)
  for (const key of new Set(parameters.keys())) {
    if (OWN.has(key) || key.endsWith('!') !== negated) continue
    const name = negated ? key.slice(0, -1) : key
    const values = parameters.getAll(key).map((text) => filterValue(name, text))
    filters[name] = negated ? { not: values } : values
  }
  return filters
}

/** The dimension's type decides what a text means; what does not fit is left for the query parser to refuse. */
function filterValue(name: string, text: string): string | number | boolean | null {
  if (text === '') return null
  const type = DIMENSION_OF.get(name)?.type
  if (type === 'integer' && /^\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

export function cursorText({ timestampMs, ordinal }: ScanCursor): string {
  return `${timestampMs}.${ordinal}`
}

/** @throws TallystickError `invalid_cursor` */
export function cursorOf(text: string): ScanCursor {
  const match = /^(\d{1,16})\.(\d{1,16})$/.exec(text)
  const timestampMs = Number(match?.[1])
  const ordinal = Number(match?.[2])
  if (!Number.isSafeInteger(timestampMs) || !Number.isSafeInteger(ordinal)) throw new TallystickError('invalid_cursor')
  return { timestampMs, ordinal }
}
