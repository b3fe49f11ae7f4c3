import { TallystickError } from '@tallystick/core'
import { encodeWireEvent } from '@tallystick/core/event'
import { DIMENSION_NAMES, filterValueFromText, groupByOf, parseQuery, type Query } from '@tallystick/core/query'
import type { ScanCursor, ScanRequest } from '../../store/store.ts'
import { LIST_EVENTS_DOC } from '../openapi/native.ts'
import { checkParameters, documentedParameters, type FurtherNames, type ParameterTable } from '../parameters.ts'
import { type Handler, json } from '../route.ts'
import { waitsForApplied } from './query.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000
/** No event is older, and none lies further ahead than a day: the doors see to it. */
const EARLIEST_MS = Date.UTC(2000, 0, 1)
const DAY_MS = 86_400_000

/** Parameters that are not dimensions. */
const OWN: ParameterTable = documentedParameters(LIST_EVENTS_DOC)
const DIMENSION_PARAMETERS: FurtherNames = {
  has: (name) => groupByOf(name.endsWith('!') ? name.slice(0, -1) : name) !== undefined,
  names: DIMENSION_NAMES,
}

/**
 * `GET /api/v1/events`: events of `[from, to)` (default: all), newest first unless `order=asc`.
 *
 * Every dimension and `tags.<key>` is a parameter: `provider=openai`; repeated means any of them; empty means absent;
 * a `!` before the equals sign turns it round (`model!=gpt-4o`). `next_cursor` is null on the last page.
 */
export const listEvents: Handler = async ({ url, app, store }) => {
  const nowMs = app.clock.now()
  const request = scanRequestOf(url.searchParams, nowMs)
  if (waitsForApplied(url)) await app.ingest.applied(app.limits.appliedWaitMs)
  const page = await store.scan(request)
  return json({
    events: page.events.map(({ event }) => encodeWireEvent(event)),
    next_cursor: page.next === undefined ? null : cursorText(page.next),
  })
}

/** @throws TallystickError `unknown_parameter`, `unknown_value`, `invalid_query`, `invalid_cursor` */
export function scanRequestOf(parameters: URLSearchParams, nowMs: number): ScanRequest {
  const selection = selectionOf(parameters, OWN, nowMs)
  const cursor = parameters.get('cursor')
  return {
    ...selection,
    limit: limitOf(parameters.get('limit')),
    ascending: parameters.get('order') === 'asc',
    ...(cursor === null ? {} : { after: cursorOf(cursor) }),
  }
}

/**
 * The range and the filters of a query string that may hold the parameters of `own`, among them `from` and `to`, and every
 * dimension.
 *
 * @throws TallystickError `unknown_parameter`, `unknown_value`, `invalid_query`
 */
export function selectionOf(
  parameters: URLSearchParams,
  own: ParameterTable,
  nowMs: number,
): Pick<ScanRequest, 'fromMs' | 'toMs' | 'filters'> {
  const { fromMs, toMs, filters } = askedOf(
    parameters,
    own,
    {
      from: instantOf(parameters.get('from')) ?? EARLIEST_MS,
      to: instantOf(parameters.get('to')) ?? nowMs + DAY_MS + 1,
    },
    nowMs,
  )
  return { fromMs, toMs, filters }
}

/**
 * What a query string asks for: `range` with every dimension that is given as a parameter beside those of `own`.
 *
 * @throws TallystickError `unknown_parameter`, `unknown_value`, `invalid_query`
 */
export function askedOf(parameters: URLSearchParams, own: ParameterTable, range: object, nowMs: number): Query {
  checkParameters(parameters, own, DIMENSION_PARAMETERS)
  const parse = (filters: object): Query => parseQuery({ ...range, measures: ['events'], filters }, { nowMs })
  const query = parse(filtersOf(parameters, own, false))
  // A dimension may be named both ways, which one object of filters cannot say.
  const unwanted = filtersOf(parameters, own, true)
  const negated = Object.keys(unwanted).length > 0 ? parse(unwanted).filters : []
  return { ...query, filters: [...query.filters, ...negated] }
}

/** @throws TallystickError `invalid_query` */
export function limitOf(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LIMIT) return limit
  const message = `must be a whole number from 1 to ${MAX_LIMIT}`
  throw new TallystickError('invalid_query', `limit: ${message}.`, { issues: [{ path: 'limit', message }] })
}

/** In a URL everything is text: digits are ms, the rest is left to the query parser. */
export function instantOf(text: string | null): number | string | undefined {
  if (text === null || text === '') return undefined
  return /^\d{1,16}$/.test(text) ? Number(text) : text
}

function filtersOf(parameters: URLSearchParams, own: ParameterTable, negated: boolean): Record<string, unknown> {
  const filters: Record<string, unknown> = Object.create(null)
  for (const key of new Set(parameters.keys())) {
    if (own.has(key) || key.endsWith('!') !== negated) continue
    const name = negated ? key.slice(0, -1) : key
    const values = parameters.getAll(key).map((text) => filterValueFromText(name, text))
    filters[name] = negated ? { not: values } : values
  }
  return filters
}

export function cursorText({ timestampMs, ordinal }: ScanCursor): string {
  return `${timestampMs}.${ordinal}`
}

/** @throws TallystickError `invalid_cursor` */
export function cursorOf(text: string): ScanCursor {
  // A document that the journal never held has an ordinal below zero.
  const match = /^(\d{1,16})\.(-?\d{1,16})$/.exec(text)
  const timestampMs = Number(match?.[1])
  const ordinal = Number(match?.[2])
  if (!Number.isSafeInteger(timestampMs) || !Number.isSafeInteger(ordinal)) throw new TallystickError('invalid_cursor')
  return { timestampMs, ordinal }
}
