import type { ResultRow } from '@tallystick/core/query'
import { grouped, type Terminal } from '../terminal.ts'
import { type Block, type BurnRate, blocksOf, burnRate } from './blocks.ts'
import { cents, figureColumns } from './columns.ts'
import type { FigureSource } from './figure-source.ts'
import { dearestFirst, FIGURE_NAMES, figuresOf, isEmpty } from './figures.ts'
import { modelList, nameOf, totalsOf } from './period-reports.ts'
import { clockIn, type Period, periodOf } from './periods.ts'
import { sumFigures } from './sum-figures.ts'
import type { Found, ReportRow, UsageReport } from './usage-report.ts'

const SHOWN_DAYS = 3
const HOUR_MS = 3_600_000
/** Of one query: the API answers with 20,000 buckets at most. */
const MOST_HOURS = 15_000

/** Blocks of a range, the one under way with its rate. */
export async function blockRows(source: FigureSource, period: Period, nowMs: number): Promise<ReportRow[]> {
  const hours: ResultRow[] = []
  const models: ResultRow[] = []
  for (let from = period.fromMs; from < period.toMs; from += MOST_HOURS * HOUR_MS) {
    const to = Math.min(period.toMs, from + MOST_HOURS * HOUR_MS)
    const ask = { from, to, measures: FIGURE_NAMES, interval: '1h' }
    hours.push(...(await source.query(ask)).rows)
    models.push(...(await source.query({ ...ask, group_by: ['model'], limit: 1000 })).rows)
  }
  const used = hours.filter((row) => !isEmpty(figuresOf(row))).map((row) => ({ atMs: Number(row['time_ms']), row }))
  return Promise.all(
    blocksOf(used).map(async (block): Promise<ReportRow> => {
      const figures = sumFigures(block.hours.map(({ row }) => figuresOf(row)))
      const active = nowMs < block.endMs && nowMs >= block.startMs
      const rate = active ? await rateOf(source, block, figures, nowMs) : undefined
      return {
        start_ms: block.startMs,
        end_ms: block.endMs,
        active,
        tokens_per_minute: rate?.tokensPerMinute ?? null,
        cost_nano_usd_per_hour: wire(rate?.nanoUsdPerHour),
        projected_total_tokens: wire(rate?.projectedTokens),
        projected_cost_nano_usd: wire(rate?.projectedNanoUsd),
        ...figures,
        ...(rate === undefined ? {} : { rate }),
        parts: modelsOf(block, models),
      }
    }),
  )
}

async function rateOf(
  source: FigureSource,
  block: Block,
  { total_tokens: tokens, cost_nano_usd: cost }: ReturnType<typeof figuresOf>,
  nowMs: number,
): Promise<BurnRate> {
  const minutes = await source.query({ from: block.startMs, to: block.endMs, measures: ['requests'], interval: '1m' })
  const first = minutes.rows.find((row) => Number(row['requests']) > 0)
  const firstMs = Number(first?.['time_ms'] ?? block.startMs)
  return burnRate({ tokens: BigInt(tokens ?? 0), nanoUsd: cost === null ? null : BigInt(cost) }, block, firstMs, nowMs)
}

function modelsOf({ startMs, endMs }: Block, rows: readonly ResultRow[]): ReportRow[] {
  const models = new Map<string | null, ReturnType<typeof figuresOf>[]>()
  for (const row of rows) {
    const at = Number(row['time_ms'])
    const figures = figuresOf(row)
    if (at < startMs || at >= endMs || isEmpty(figures)) continue
    const name = nameOf(row, 'model')
    models.set(name, [...(models.get(name) ?? []), figures])
  }
  return [...models].map(([model, parts]) => ({ model, ...sumFigures(parts) })).sort(dearestFirst)
}

const wire = (value: bigint | null | undefined): number | string | null =>
  value === null || value === undefined
    ? null
    : value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : String(value)

/** `2 h 5 m` */
export function span(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  return minutes < 60 ? `${minutes} m` : `${Math.floor(minutes / 60)} h ${minutes % 60} m`
}

function afterBlocks({ rows }: Found, _period: Period, { color }: Terminal): string {
  const row = rows.find(({ active }) => active === true)
  const rate = row?.['rate'] as BurnRate | undefined
  if (row === undefined || rate === undefined) return ''
  const { nanoUsdPerHour: hourly, projectedNanoUsd: projected, projectedTokens, tokensPerMinute, leftMs } = rate
  const cost = hourly === null ? '' : `, ${cents(hourly)}/h`
  const end = projected === null ? '' : ` and ${cents(projected)}`
  return (
    `${color.green('Under way')}: ${span(leftMs)} left, ${grouped(tokensPerMinute)} tokens/min${cost}; ` +
    `${grouped(projectedTokens)} tokens${end} at this rate\n`
  )
}

/** `blocks`: what plans of coding agents count by. */
export const BLOCKS: UsageReport = {
  name: 'blocks',
  description: `tokens and cost by five-hour block, with the rate of the one under way (default: the last ${SHOWN_DAYS} days)`,
  keys: [
    'start_ms',
    'end_ms',
    'active',
    'tokens_per_minute',
    'cost_nano_usd_per_hour',
    'projected_total_tokens',
    'projected_cost_nano_usd',
  ],
  parts: 'models',
  columns: [
    {
      head: 'Block',
      align: 'left',
      spare: 0,
      cell: ({ label, model, total }) => (total === true ? 'Total' : String(label ?? `  ${model ?? 'unknown'}`)),
    },
    { head: 'Models', align: 'left', spare: 3, most: 40, cell: ({ parts }) => modelList(parts) },
    ...figureColumns<ReportRow>(),
  ],
  period: (flags, nowMs) => periodOf(flags, '1d', SHOWN_DAYS, nowMs),
  find: async (source, period, _flags, nowMs) => {
    const rows = await blockRows(source, period, nowMs)
    return {
      rows: rows.map((row) => ({ ...row, label: labelOf(row, period) })),
      totals: await totalsOf(source, period),
    }
  },
  after: afterBlocks,
  examples: ['tallystick blocks', 'tallystick blocks --since 7d --json'],
}

const labelOf = ({ start_ms: start, end_ms: end, active }: ReportRow, { timeZone }: Period): string =>
  `${clockIn(Number(start), timeZone)} to ${clockIn(Number(end), timeZone).slice(11)}${active === true ? ' now' : ''}`
