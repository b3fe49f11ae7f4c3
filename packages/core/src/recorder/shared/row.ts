import { type Exact, exactToJson, normalizeExact } from '../../event/index.ts'
import type { SeriesRow } from '../tally.ts'

/** Figures of one model at one provider as JSON can carry them. */
type PackedRow = readonly [string, string, number, number, number, number | string, number | string, number | string]

export function packRow(row: SeriesRow): PackedRow {
  const { model, provider, succeeded, failed, unpriced, inputTokens, outputTokens, costNanoUsd } = row
  const sums = [exactToJson(inputTokens), exactToJson(outputTokens), exactToJson(costNanoUsd)] as const
  return [model, provider, succeeded, failed, unpriced, ...sums]
}

export function unpackRow(row: unknown): SeriesRow {
  const [model, provider, succeeded, failed, unpriced, input, output, cost] = row as PackedRow
  return {
    model,
    provider,
    succeeded,
    failed,
    unpriced,
    inputTokens: exact(input),
    outputTokens: exact(output),
    costNanoUsd: exact(cost),
  }
}

const exact = (value: number | string): Exact => normalizeExact(BigInt(value))
