import { groupByOf, MAX_CELLS, parseQuery, type QueryResult, type ResultRow } from '@tallystick/core/query'
import type { Asked } from './asked.ts'
import { exactOf } from './money.ts'

/** Cost, tokens and models are of completed requests: one that failed has neither in the protocol. */
export const COMPLETED = parseQuery({ filters: { kind: ['llm_request_completed'] } }, { nowMs: 0 }).filters

/** Figures of some completed requests. */
export interface Figures {
  readonly requests: bigint
  readonly spendNanoUsd: bigint
  /** Requests without a price; the spend knows nothing of them. */
  readonly unpriced: bigint
  readonly inputTokens: bigint
  readonly outputTokens: bigint
  /** With those of sources that tell a total and nothing else. */
  readonly totalTokens: bigint
}

/** Figures of one group: its values in the order of the dimensions asked for. */
export interface GroupFigures extends Figures {
  readonly values: readonly (string | null)[]
}

const MEASURES = ['requests', 'cost_nano_usd', 'input_tokens', 'output_tokens', 'total_tokens']

/** The completed requests of a query, split by some dimensions; groups in no order that matters. Figures not asked for are 0. */
export async function completedBy(
  { filters, nowMs, period, signal, store }: Asked,
  dimensions: readonly string[],
  measures: readonly string[] = MEASURES,
): Promise<readonly GroupFigures[]> {
  const query = parseQuery({ from: period.fromMs, to: period.toMs, measures, group_by: dimensions }, { nowMs })
  const { rows } = await store.query({ ...query, filters: [...filters, ...COMPLETED], limit: MAX_CELLS }, { signal })
  const names = dimensions.map((name) => groupByOf(name)?.name ?? name)
  return rows.map((row) => ({ ...figuresOf(row), values: names.map((name) => textOf(row, name)) }))
}

/** All completed requests of a query. */
export async function completed(asked: Asked): Promise<Figures> {
  return sumOf(await completedBy(asked, []))
}

/** Exact, so in any order. */
export function sumOf(parts: Iterable<Figures>): Figures {
  let sum = NONE
  for (const part of parts) {
    sum = {
      requests: sum.requests + part.requests,
      spendNanoUsd: sum.spendNanoUsd + part.spendNanoUsd,
      unpriced: sum.unpriced + part.unpriced,
      inputTokens: sum.inputTokens + part.inputTokens,
      outputTokens: sum.outputTokens + part.outputTokens,
      totalTokens: sum.totalTokens + part.totalTokens,
    }
  }
  return sum
}

const NONE: Figures = {
  requests: 0n,
  spendNanoUsd: 0n,
  unpriced: 0n,
  inputTokens: 0n,
  outputTokens: 0n,
  totalTokens: 0n,
}

function figuresOf(row: ResultRow): Figures {
  return {
    requests: exactOf(row['requests']),
    spendNanoUsd: exactOf(row['cost_nano_usd']),
    unpriced: exactOf(row['unpriced_requests']),
    inputTokens: exactOf(row['input_tokens']),
    outputTokens: exactOf(row['output_tokens']),
    totalTokens: exactOf(row['total_tokens']),
  }
}

function textOf(row: QueryResult['rows'][number], name: string): string | null {
  const value = row[name] ?? null
  return value === null ? null : String(value)
}
