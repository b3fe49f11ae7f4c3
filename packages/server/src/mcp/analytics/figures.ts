import { type Exact, normalizeExact } from '@tallystick/core/event'
import { OTHER, type TokenUse } from '@tallystick/core/insight'
import type { ResultRow } from '@tallystick/core/query'
import type { Scope } from './scope.ts'

/** What calls came to, as a query answers it. */
export interface CallFigures {
  readonly calls: number
  readonly successes: number
  readonly tokens: number
  readonly use: TokenUse
  readonly timeMs: number
  /** Of the calls whose time is known. */
  readonly averageMs: number | undefined
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  /** Null: nobody knows the cost of any of them. */
  readonly costNanoUsd: Exact | null
  readonly inputNanoUsd: Exact | null
  readonly outputNanoUsd: Exact | null
  readonly unpriced: number
}

/** Calls of one name. */
export interface Named {
  /** One text, or method and backend of a route. */
  readonly name: readonly string[]
  readonly figures: CallFigures
  /** All that was asked of it. */
  readonly row: ResultRow
}

const MEASURES = [
  'events',
  'total_tokens',
  'input_tokens',
  'cache_read_tokens',
  'output_tokens',
  'duration_ms_sum',
  'duration_ms_avg',
  'duration_ms_p50',
  'duration_ms_p95',
  'cost_nano_usd',
  'cost_input_nano_usd',
  'cost_cache_read_nano_usd',
  'cost_cache_write_nano_usd',
  'cost_output_nano_usd',
]
const SUCCEEDED = { success: true }
/** So many that no group of the other question is in the rest of this one. */
const MAX_COUNTED = 10_000

/** All calls of the scope together. */
export async function totals(scope: Scope): Promise<CallFigures> {
  const [[row = {}], [good = {}]] = await Promise.all([
    scope.rows({ measures: MEASURES }),
    scope.rows({ measures: ['events'], filters: SUCCEEDED }),
  ])
  return figuresOf(row, integer(good, 'events'))
}

/**
 * Calls by dimensions; where one is unknown by `unknown`.
 *
 * @param more measures beside those of {@link CallFigures}, found in `row`
 */
export async function groups(
  scope: Scope,
  by: readonly string[],
  filters: Readonly<Record<string, unknown>> = {},
  more: readonly string[] = [],
): Promise<readonly Named[]> {
  const [rows, good] = await Promise.all([
    scope.rows({ measures: [...MEASURES, ...more], group_by: by, filters }),
    scope.rows({ measures: ['events'], group_by: by, filters: { ...filters, ...SUCCEEDED }, limit: MAX_COUNTED }),
  ])
  const successes = new Map(good.map((row) => [keyOf(row, by), integer(row, 'events')]))
  const named = rows
    .filter((row) => row['other'] !== true)
    .map((row) => ({ name: nameOf(row, by), figures: figuresOf(row, successes.get(keyOf(row, by)) ?? 0), row }))
  const other = rows.find((row) => row['other'] === true)
  if (other === undefined) return named
  const all = [...successes.values()].reduce((sum, count) => sum + count, 0)
  const rest = all - named.reduce((sum, { figures }) => sum + figures.successes, 0)
  return [...named, { name: nameOf(other, by), figures: figuresOf(other, Math.max(0, rest)), row: other }]
}

/** Calls by backend; those that name none by who answered. */
export async function backends(scope: Scope): Promise<readonly Named[]> {
  const [named, nameless] = await Promise.all([
    groups(scope, ['backend'], { backend: { not: [null] } }),
    groups(scope, ['provider'], { backend: null }),
  ])
  return [...named, ...nameless]
}

const keyOf = (row: ResultRow, by: readonly string[]): string =>
  JSON.stringify([row['other'] === true, ...by.map((name) => row[name] ?? null)])
/** As reports write it. */
const nameOf = (row: ResultRow, by: readonly string[]): readonly string[] =>
  by.map((name) => (row['other'] === true ? OTHER : (row[name] ?? null) === null ? 'unknown' : String(row[name])))

export function integer(row: ResultRow, name: string): number {
  return Number(row[name] ?? 0)
}

function exact(row: ResultRow, name: string): Exact | null {
  const value = row[name] ?? null
  return value === null ? null : normalizeExact(BigInt(value))
}

function figuresOf(row: ResultRow, successes: number): CallFigures {
  const count = (name: string): Exact => exact(row, name) ?? 0
  const quantile = (name: string): number | null =>
    row[name] === null || row[name] === undefined ? null : Number(row[name])
  const [input, output, total] = [count('input_tokens'), count('output_tokens'), count('total_tokens')]
  const undivided = BigInt(total) - BigInt(input) - BigInt(output)
  return {
    calls: integer(row, 'events'),
    successes,
    tokens: Number(total),
    use: {
      inputTokens: input,
      cacheReadTokens: count('cache_read_tokens'),
      outputTokens: output,
      undividedTokens: normalizeExact(undivided > 0n ? undivided : 0n),
    },
    timeMs: integer(row, 'duration_ms_sum'),
    averageMs: quantile('duration_ms_avg') ?? undefined,
    p50Ms: quantile('duration_ms_p50'),
    p95Ms: quantile('duration_ms_p95'),
    costNanoUsd: exact(row, 'cost_nano_usd'),
    inputNanoUsd: sumOf(['cost_input_nano_usd', 'cost_cache_read_nano_usd', 'cost_cache_write_nano_usd'], row),
    outputNanoUsd: exact(row, 'cost_output_nano_usd'),
    unpriced: integer(row, 'unpriced_requests'),
  }
}

/** Of those that are known. */
function sumOf(names: readonly string[], row: ResultRow): Exact | null {
  const known = names.flatMap((name) => exact(row, name) ?? [])
  return known.length === 0 ? null : normalizeExact(known.reduce((sum: bigint, part) => sum + BigInt(part), 0n))
}
