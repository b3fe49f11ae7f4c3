import type { Interval, ResultRow } from '@tallystick/core/query'
import { figureColumns } from './columns.ts'
import type { FigureSource } from './figure-source.ts'
import { dearestFirst, FIGURE_NAMES, type Figures, figuresOf, isEmpty } from './figures.ts'
import { dateIn, type Period, periodOf } from './periods.ts'
import type { Found, ReportRow, UsageReport } from './usage-report.ts'

/** Groups beyond it stand in one row: a terminal is not where thousands of models are read. */
const MOST_MODELS = 1000

/** The figures of the whole range. */
export async function totalsOf(source: FigureSource, period: Period): Promise<Figures> {
  const { rows } = await source.query({ ...rangeOf(period), measures: FIGURE_NAMES })
  return figuresOf(rows[0] as ResultRow)
}

export const rangeOf = ({ fromMs, toMs, timeZone }: Period): object => ({ from: fromMs, to: toMs, time_zone: timeZone })

/** `null` is what has no name; the row of what did not fit says so itself. */
export const nameOf = (row: ResultRow, dimension: string): string | null =>
  row['other'] === true ? '(other)' : row[dimension] === null ? null : String(row[dimension])

/** One row a bucket, with the models in it. */
async function byBucket(source: FigureSource, period: Period, interval: Interval): Promise<Found> {
  const ask = { ...rangeOf(period), measures: FIGURE_NAMES, interval }
  const [buckets, models, totals] = [
    await source.query(ask),
    await source.query({ ...ask, group_by: ['model'], limit: MOST_MODELS }),
    await totalsOf(source, period),
  ]
  const parts = new Map<number, ReportRow[]>()
  for (const row of models.rows) {
    const figures = figuresOf(row)
    if (isEmpty(figures)) continue
    const at = Number(row['time_ms'])
    const list = parts.get(at) ?? []
    parts.set(at, list)
    list.push({ model: nameOf(row, 'model'), ...figures })
  }
  const rows = buckets.rows.flatMap((row): ReportRow[] => {
    const figures = figuresOf(row)
    if (isEmpty(figures)) return []
    const at = Number(row['time_ms'])
    const list = (parts.get(at) ?? []).sort(dearestFirst)
    return [{ date: dateIn(at, period.timeZone), time_ms: at, ...figures, parts: list }]
  })
  return { rows, totals }
}

/** The names of the dearest, and how many more there are: `gpt-5, o3 +2`. */
export function modelList(parts: readonly ReportRow[] | undefined): string {
  const names = (parts ?? []).map(({ model }) => String(model ?? 'unknown'))
  return names.length <= 2 ? names.join(', ') : `${names.slice(0, 2).join(', ')} +${names.length - 2}`
}

interface Bucketed {
  readonly name: string
  readonly interval: Interval
  readonly head: string
  /** How many are shown where no time is named. */
  readonly shown: number
  readonly unit: string
}

const BUCKETED: readonly Bucketed[] = [
  { name: 'daily', interval: '1d', head: 'Day', shown: 30, unit: 'day' },
  { name: 'weekly', interval: '1w', head: 'Week of', shown: 12, unit: 'week' },
  { name: 'monthly', interval: '1mo', head: 'Month', shown: 12, unit: 'month' },
]

/** `daily`, `weekly`, `monthly`. */
export const PERIOD_REPORTS: readonly UsageReport[] = BUCKETED.map(
  ({ name, interval, head, shown, unit }): UsageReport => ({
    name,
    description: `tokens and cost by ${unit} (default: the last ${shown})`,
    keys: ['date', 'time_ms'],
    parts: 'models',
    columns: [
      {
        head,
        align: 'left',
        spare: 0,
        cell: ({ date, total, model }) => {
          if (total === true) return 'Total'
          if (date === undefined) return `  ${model ?? 'unknown'}`
          return interval === '1mo' ? String(date).slice(0, 7) : String(date)
        },
      },
      { head: 'Models', align: 'left', spare: 3, most: 44, cell: ({ parts }) => modelList(parts) },
      ...figureColumns<ReportRow>(),
    ],
    period: (flags, nowMs) => periodOf(flags, interval, shown, nowMs),
    find: (source, period) => byBucket(source, period, interval),
    examples: [
      `tallystick ${name}`,
      `tallystick ${name} --since 2026-01-01 --breakdown --timezone Europe/Berlin`,
      `tallystick ${name} --server https://tallystick.example.com --json`,
    ],
  }),
)
