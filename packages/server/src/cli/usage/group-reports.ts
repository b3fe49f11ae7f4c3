import { TallystickError } from '@tallystick/core'
import type { ResultRow } from '@tallystick/core/query'
import { type Column, figureColumns } from './columns.ts'
import type { FigureSource } from './figure-source.ts'
import { dearestFirst, FIGURE_NAMES, figuresOf, isEmpty } from './figures.ts'
import { modelList, nameOf, rangeOf, totalsOf } from './period-reports.ts'
import { dateIn, type Period, periodOf } from './periods.ts'
import type { Found, ReportFlags, ReportRow, UsageReport } from './usage-report.ts'

const SHOWN_DAYS = 30
const SHOWN_GROUPS = 50
const MOST_GROUPS = 10_000

const LIMIT = ['--limit <rows>', `the dearest so many; the rest is one row (default: ${SHOWN_GROUPS})`] as const

function limitOf({ limit }: ReportFlags): number {
  if (limit === undefined) return SHOWN_GROUPS
  const rows = /^\d{1,5}$/.test(limit) ? Number(limit) : 0
  if (rows >= 1 && rows <= MOST_GROUPS) return rows
  throw new TallystickError('usage', `--limit takes a whole number from 1 to ${MOST_GROUPS}, not ${limit}`)
}

/** One row for each combination of the dimensions, the dearest last, as one reads from the prompt upwards. */
async function byGroup(
  source: FigureSource,
  period: Period,
  dimensions: readonly string[],
  limit: number,
): Promise<Found> {
  const { rows } = await source.query({
    ...rangeOf(period),
    measures: FIGURE_NAMES,
    group_by: dimensions,
    order_by: '-cost_nano_usd',
    limit,
  })
  const found = rows
    .map((row): ReportRow => ({ ...namesOf(row, dimensions), ...figuresOf(row) }))
    .filter((row) => !isEmpty(row))
    .sort((a, b) => Number(b['other'] === true) - Number(a['other'] === true) || dearestFirst(b, a))
  return { rows: found, totals: await totalsOf(source, period) }
}

function namesOf(row: ResultRow, dimensions: readonly string[]): Record<string, unknown> {
  const names = dimensions.map((dimension) => [dimension, row['other'] === true ? null : (row[dimension] ?? null)])
  return { ...Object.fromEntries(names), other: row['other'] === true }
}

const nameColumn = (head: string, name: string, most: number, spare = 0): Column<ReportRow> => ({
  head,
  align: 'left',
  spare,
  most,
  cell: (row) => {
    if (row['total'] === true) return spare === 0 ? 'Total' : ''
    if (row['other'] === true) return spare === 0 ? '(other)' : ''
    return String(row[name] ?? '-')
  },
})

interface Grouped {
  readonly name: string
  readonly description: string
  readonly dimensions: readonly string[]
  readonly columns: readonly Column<ReportRow>[]
}

const GROUPED: readonly Grouped[] = [
  {
    name: 'models',
    description: 'tokens and cost by model',
    dimensions: ['model', 'provider'],
    columns: [nameColumn('Model', 'model', 48), nameColumn('Provider', 'provider', 20, 6)],
  },
  {
    name: 'agents',
    description: 'tokens and cost by agent',
    dimensions: ['agent_id'],
    columns: [nameColumn('Agent', 'agent_id', 48)],
  },
]

/** Sessions with the day of their last request, and the models they used. */
async function bySession(source: FigureSource, period: Period, limit: number): Promise<Found> {
  const found = await byGroup(source, period, ['session_id'], limit)
  const ask = { ...rangeOf(period), limit: MOST_GROUPS }
  const models = await source.query({ ...ask, measures: FIGURE_NAMES, group_by: ['session_id', 'model'] })
  const days = await source.query({ ...ask, measures: ['events'], group_by: ['session_id'], interval: '1d' })
  const last = new Map<string | null, number>()
  for (const row of days.rows) {
    const name = nameOf(row, 'session_id')
    if (Number(row['events']) > 0) last.set(name, Math.max(last.get(name) ?? 0, Number(row['time_ms'])))
  }
  const parts = new Map<string | null, ReportRow[]>()
  for (const row of models.rows) {
    if (row['other'] === true) continue
    const name = nameOf(row, 'session_id')
    parts.set(name, [...(parts.get(name) ?? []), { model: nameOf(row, 'model'), ...figuresOf(row) }])
  }
  const rows = found.rows.map((row): ReportRow => {
    const name = row['other'] === true ? '(other)' : (row['session_id'] as string | null)
    const at = last.get(name)
    return {
      ...row,
      last_day: at === undefined || row['other'] === true ? null : dateIn(at, period.timeZone),
      parts: (parts.get(name) ?? []).sort(dearestFirst),
    }
  })
  return { rows, totals: found.totals }
}

const SESSION: UsageReport = {
  name: 'session',
  description: 'tokens and cost by session',
  keys: ['session_id', 'last_day', 'other'],
  parts: 'models',
  columns: [
    {
      head: 'Session',
      align: 'left',
      spare: 0,
      most: 38,
      cell: (row) => {
        if (row['total'] === true) return 'Total'
        if (row['other'] === true) return '(other)'
        return row['model'] === undefined ? String(row['session_id'] ?? '-') : `  ${row['model'] ?? 'unknown'}`
      },
    },
    { head: 'Last day', align: 'left', spare: 5, cell: (row) => String(row['last_day'] ?? '') },
    { head: 'Models', align: 'left', spare: 3, most: 40, cell: ({ parts }) => modelList(parts) },
    ...figureColumns<ReportRow>(),
  ],
  period: (flags, nowMs) => periodOf(flags, '1d', SHOWN_DAYS, nowMs),
  find: (source, period, flags) => bySession(source, period, limitOf(flags)),
  options: [LIMIT],
  examples: ['tallystick session', 'tallystick session --since 7d --limit 10 --breakdown'],
}

/** `models`, `agents`, `session`. */
export const GROUP_REPORTS: readonly UsageReport[] = [
  SESSION,
  ...GROUPED.map(
    ({ name, description, dimensions, columns }): UsageReport => ({
      name,
      description: `${description} (default: the last ${SHOWN_DAYS} days)`,
      keys: [...dimensions, 'other'],
      columns: [...columns, ...figureColumns<ReportRow>()],
      period: (flags, nowMs) => periodOf(flags, '1d', SHOWN_DAYS, nowMs),
      find: (source, period, flags) => byGroup(source, period, dimensions, limitOf(flags)),
      options: [LIMIT],
      examples: [`tallystick ${name}`, `tallystick ${name} --since 2026-11-01 --until 2026-11-30 --csv`],
    }),
  ),
]
