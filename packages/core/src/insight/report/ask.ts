import { type Exact, exactToJson, normalizeExact, type UsageEvent } from '../../event/index.ts'
import type { QueryResult, ResultRow } from '../../query/index.ts'
import type { Figure } from './report.ts'

/** A question as JSON has it; range, zone and filters of the report are added by whoever answers. */
export interface ReportQuestion {
  readonly measures: readonly string[]
  readonly group_by?: readonly string[]
  readonly interval?: string
  readonly filters?: Readonly<Record<string, unknown>>
  readonly order_by?: string
  readonly limit?: number
  /** Instead of those of the report. */
  readonly from?: number
  readonly to?: number
}

/** Events that a question needs one by one, the newest first; fewer than all where there are too many. */
export interface ReportScan {
  readonly filters: Readonly<Record<string, unknown>>
  readonly fields: readonly (keyof UsageEvent)[]
  readonly limit: number
}

/** What a report is made from. */
export interface ReportSource {
  ask(question: ReportQuestion): Promise<QueryResult>
  /** @returns whether these were all */
  scan(scan: ReportScan, take: (event: UsageEvent) => void): Promise<boolean>
}

/** Requests and tool invocations: what smart-ai-bridge counts as requests. */
export const CALLS = { kind: ['llm_request_completed', 'llm_request_failed', 'tool_invocation'] }

/** A figure of a row, exactly; unknown counts as 0. */
export function exact(row: ResultRow | undefined, name: string): Exact {
  const value = row?.[name]
  return typeof value === 'number' ? value : typeof value === 'string' ? normalizeExact(BigInt(value)) : 0
}

/** A figure of a row as it is written. */
export function figure(row: ResultRow | undefined, name: string): Figure {
  const value = row?.[name]
  return typeof value === 'number' || typeof value === 'string' ? value : null
}

/** A count; those of one report stay below 2^53. */
export const countOf = (row: ResultRow | undefined, name: string): number => Number(exact(row, name))

export function ratioOf(row: ResultRow | undefined, name: string): number | null {
  const value = row?.[name]
  return typeof value === 'number' ? value : null
}

export function textOf(row: ResultRow, dimension: string): string | null {
  const value = row[dimension]
  return value === null || value === undefined ? null : String(value)
}

export const isOther = (row: ResultRow): boolean => row['other'] === true
export const otherMark = (row: ResultRow): { readonly other?: true } => (isOther(row) ? { other: true } : {})

/** Of a sum that has no unit of its own on the wire. */
export const written = (value: Exact): Figure => exactToJson(value)

/** 0 to 1, null without a whole. Parts are exact up to 2^53 and within 1e-15 beyond. */
export const shareOf = (part: Exact, whole: Exact): number | null =>
  Number(whole) > 0 ? Number(part) / Number(whole) : null

export const percentOf = (part: number, whole: number): number => (whole > 0 ? (part / whole) * 100 : 0)
