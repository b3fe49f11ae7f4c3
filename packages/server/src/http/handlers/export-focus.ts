import { inlineIssues, nearest, quoted, TallystickError } from '@tallystick/core'
import {
  DIMENSION_NAMES,
  type Filter,
  groupByOf,
  parseQuery,
  type Query,
  type QueryResult,
} from '@tallystick/core/query'
import { FOCUS_MEASURES } from '../../format/focus/kinds.ts'
import { FOCUS_HEAD, type FocusNames, focusLine, focusRows } from '../../format/focus/rows.ts'
import { noteTaken } from '../audited.ts'
import { EXPORT_FOCUS_DOC } from '../openapi/transfer.ts'
import { documentedParameters, type ParameterTable } from '../parameters.ts'
import type { Handler } from '../route.ts'
import { streamBody } from '../stream-body.ts'
import { selectionOf } from './events.ts'
import { waitsForApplied } from './query.ts'

const OWN: ParameterTable = documentedParameters(EXPORT_FOCUS_DOC)
const DAY_MS = 86_400_000
const INTERVAL_MS = { '1h': 3_600_000, '1d': DAY_MS } as const
/** As many as a query answers with. Beyond it sums would still be right, and nobody could say whose they are. */
const MAX_GROUPS = 10_000

interface Selection {
  readonly fromMs: number
  readonly toMs: number
  readonly filters: readonly Filter[]
}

/**
 * `GET /api/v1/export/focus`: the figures of the totals, a day at a time, as rows of FOCUS 1.2. They are those that the page and
 * queries show, those of expired events among them.
 */
export const exportFocus: Handler = async ({ url, request, app, store, principal }) => {
  const { searchParams } = url
  const selection = selectionOf(searchParams, OWN, app.clock.now())
  const names = namesOf(searchParams)
  const interval = searchParams.get('interval') === '1h' ? '1h' : '1d'
  if (waitsForApplied(url)) await app.ingest.applied(app.limits.appliedWaitMs)
  const { signal } = request
  const ask = (query: Query): Promise<QueryResult> => app.queries.run(() => store.query(query, { signal }), signal)
  const days = await daysWithEvents(selection, ask)
  const groupBy = [...new Set(['provider', 'model', names.account, names.subAccount, names.resource, ...names.tags])]
  const answer = (dayMs: number): Promise<QueryResult> =>
    ask({
      ...parseQuery(
        {
          from: Math.max(selection.fromMs, dayMs),
          to: Math.min(selection.toMs, dayMs + DAY_MS),
          measures: FOCUS_MEASURES,
          group_by: groupBy,
          interval,
          time_zone: 'UTC',
          limit: MAX_GROUPS,
        },
        { nowMs: selection.toMs },
      ),
      filters: selection.filters,
    }).then(assertWhole)
  // What cannot be answered at all is refused before the stream begins.
  const [firstDay, ...otherDays] = days
  const first = firstDay === undefined ? undefined : await answer(firstDay)
  app.downloads.assertRoom()
  const { fromMs, toMs } = selection
  await noteTaken({ app, request, principal }, 'events.export', { format: 'focus', from_ms: fromMs, to_ms: toMs })

  const texts = async function* (): AsyncGenerator<string> {
    const end = app.downloads.begin()
    try {
      yield FOCUS_HEAD
      if (first !== undefined) yield linesOf(first, names, INTERVAL_MS[interval])
      for (const day of otherDays) yield linesOf(await answer(day), names, INTERVAL_MS[interval])
    } finally {
      end()
    }
  }
  return new Response(streamBody(texts(), app), {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="focus.csv"',
      ...(first?.raw_from_ms === undefined ? {} : { 'x-tallystick-raw-from': String(first.raw_from_ms) }),
    },
  })
}

/** Rows of one hour stand together, in the order of time. */
function linesOf({ rows }: QueryResult, names: FocusNames, lengthMs: number): string {
  let text = ''
  for (const row of [...rows].sort((a, b) => Number(a['time_ms']) - Number(b['time_ms']))) {
    const startMs = Number(row['time_ms'])
    for (const charge of focusRows(row, names, { startMs, endMs: startMs + lengthMs })) text += focusLine(charge)
  }
  return text
}

/** UTC days of the selection that have events: first by month, so that years without any cost little. */
async function daysWithEvents(
  { fromMs, toMs, filters }: Selection,
  ask: (query: Query) => Promise<QueryResult>,
): Promise<readonly number[]> {
  const starts = async (from: number, to: number, interval: '1mo' | '1d'): Promise<readonly number[]> => {
    const query = parseQuery({ from, to, measures: ['events'], interval, time_zone: 'UTC' }, { nowMs: to })
    const { rows } = await ask({ ...query, filters })
    return rows.filter((row) => Number(row['events']) > 0).map((row) => Number(row['time_ms']))
  }
  const days: number[] = []
  for (const month of await starts(fromMs, toMs, '1mo')) {
    const date = new Date(month)
    const nextMonth = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
    days.push(...(await starts(Math.max(fromMs, month), Math.min(toMs, nextMonth), '1d')))
  }
  return days
}

/** @throws TallystickError `unknown_dimension` */
function namesOf(parameters: URLSearchParams): FocusNames {
  const wrong: { readonly path: string; readonly message: string }[] = []
  const canonical = (path: string, text: string): string => {
    const name = groupByOf(text)?.name
    if (name === undefined)
      wrong.push({
        path,
        message: `no dimension ${quoted(text)}; ${nearest(text, [...DIMENSION_NAMES, 'tags.<key>'])}`,
      })
    return name ?? ''
  }
  const one = (path: string, fallback: string): string => canonical(path, parameters.get(path) ?? fallback)
  const names = {
    account: one('account', 'provider_id'),
    subAccount: one('sub_account', 'tenant_id'),
    resource: one('resource', 'model'),
    tags: (parameters.get('tags') ?? '')
      .split(',')
      .filter((text) => text.trim() !== '')
      .map((text) => canonical('tags', text.trim())),
  }
  if (wrong.length > 0) throw new TallystickError('unknown_dimension', `${inlineIssues(wrong)}.`, { issues: wrong })
  return names
}

function assertWhole(result: QueryResult): QueryResult {
  if (result.other_groups === 0) return result
  throw new TallystickError(
    'too_many_groups',
    `A day has more than ${MAX_GROUPS} combinations of what the rows are split by; leave out tags, or filter.`,
  )
}
