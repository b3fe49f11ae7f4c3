import { addExact, type Exact } from '../../event/index.ts'
import { MEASURE_OF, type ResultRow } from '../../query/index.ts'
import { exact, figure, type ReportQuestion, ratioOf, written } from './ask.ts'
import type { Figure, ReportLatency, ReportTokens, ReportTotal } from './report.ts'

const SHOWN: readonly string[] = [
  'cost_nano_usd',
  'requests',
  'successful_requests',
  'failed_requests',
  'error_ratio',
  'operations',
  'invocations',
  'total_tokens',
  'input_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'output_tokens',
  'reasoning_tokens',
  'cache_hit_ratio',
  'cache_savings_nano_usd',
  'duration_ms_avg',
  'duration_ms_p50',
  'duration_ms_p95',
  'duration_ms_p99',
  'ttfb_ms_p50',
  'ttfb_ms_p95',
  'ttfb_ms_p99',
  'unpriced_requests',
  'estimated_requests',
]

/** What each kind of token has cost; not shown as totals of their own. */
const COSTS: readonly string[] = [
  'cost_input_nano_usd',
  'cost_cache_read_nano_usd',
  'cost_cache_write_nano_usd',
  'cost_output_nano_usd',
]

export const TOTALS: ReportQuestion = { measures: [...SHOWN, ...COSTS] }

/** Money that nobody has spent is 0, and what nobody has priced is unknown. */
export function spent(row: ResultRow | undefined): Figure {
  return figure(row, 'cost_nano_usd') ?? (Number(exact(row, 'unpriced_requests')) === 0 ? 0 : null)
}

export function totalsOf(now: ResultRow | undefined, before: ResultRow | undefined): Record<string, ReportTotal> {
  return Object.fromEntries(
    SHOWN.map((name): [string, ReportTotal] => {
      const { label, unit } = MEASURE_OF.get(name) as { label: string; unit: ReportTotal['unit'] }
      const read = (row: ResultRow | undefined): Figure => (name === 'cost_nano_usd' ? spent(row) : figure(row, name))
      const [value, previous] = [read(now), read(before)]
      return [name, { label, unit, value, previous, change: changeOf(value, previous, unit === 'ratio') }]
    }),
  )
}

function changeOf(value: Figure, previous: Figure, isRatio: boolean): number | null {
  if (value === null || previous === null) return null
  if (isRatio) return rounded(Number(value) - Number(previous))
  return Number(previous) > 0 ? rounded(Number(value) / Number(previous) - 1) : null
}

/** Six decimals: more would pretend to know. */
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6

/** Every token once, by what it was. */
export function tokensOf(row: ResultRow | undefined): readonly ReportTokens[] {
  const total = exact(row, 'total_tokens')
  const input = exact(row, 'input_tokens')
  const output = exact(row, 'output_tokens')
  const read = exact(row, 'cache_read_tokens')
  const write = addExact(exact(row, 'cache_write_tokens'), exact(row, 'cache_write_1h_tokens'))
  const less = (from: Exact, ...parts: readonly Exact[]): Exact =>
    parts.reduce<Exact>((left, part) => addExact(left, -BigInt(part)), from)
  return [
    {
      kind: 'fresh_input',
      label: 'Fresh input',
      tokens: written(less(input, read, write)),
      cost_nano_usd: figure(row, 'cost_input_nano_usd'),
    },
    {
      kind: 'cache_read',
      label: 'Cache read',
      tokens: written(read),
      cost_nano_usd: figure(row, 'cost_cache_read_nano_usd'),
    },
    {
      kind: 'cache_write',
      label: 'Cache write',
      tokens: written(write),
      cost_nano_usd: figure(row, 'cost_cache_write_nano_usd'),
    },
    {
      kind: 'output',
      label: 'Output, reasoning included',
      tokens: written(output),
      cost_nano_usd: figure(row, 'cost_output_nano_usd'),
    },
    {
      kind: 'undivided',
      label: 'Input or output, nobody said which',
      tokens: written(less(total, input, output)),
      cost_nano_usd: null,
    },
  ]
}

export function latencyOf(row: ResultRow | undefined): readonly ReportLatency[] {
  return (['duration_ms', 'ttfb_ms'] as const).map((quantity) => ({
    quantity,
    label: quantity === 'duration_ms' ? 'Duration' : 'Time to first byte',
    p50: figure(row, `${quantity}_p50`),
    p95: figure(row, `${quantity}_p95`),
    p99: figure(row, `${quantity}_p99`),
  }))
}

export const cacheOf = (
  row: ResultRow | undefined,
): { readonly hit_ratio: number | null; readonly read_tokens: Figure; readonly savings_nano_usd: Figure } => ({
  hit_ratio: ratioOf(row, 'cache_hit_ratio'),
  read_tokens: figure(row, 'cache_read_tokens'),
  savings_nano_usd: figure(row, 'cache_savings_nano_usd'),
})
