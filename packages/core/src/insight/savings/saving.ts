import type { Exact } from '../../event/index.ts'
import type { PriceBook } from '../../pricing/index.ts'
import type { QueryResult, ResultRow } from '../../query/index.ts'

/** How sure one can be that the money would be saved. */
export type Confidence = 'high' | 'medium' | 'low'

/** Something that would cost less if it were done otherwise. */
export interface Saving {
  /** The same for the same rule and subject, whenever it is found: by it a recommendation is dismissed. */
  readonly id: string
  readonly rule: string
  /** What it is about: dimensions with their values, null where unknown. */
  readonly subject: Readonly<Record<string, string | null>>
  /** One sentence: what to do. */
  readonly advice: string
  /** One sentence: what was seen, with its figures. */
  readonly evidence: string
  /** Over the range that was looked at, integer nano-USD; null where no amount can be named. */
  readonly savingNanoUsd: Exact | null
  /** `exact`: this was paid. `at_most`: no more can be saved. `at_least`: more may be. `about`: under the assumptions. */
  readonly bound: 'exact' | 'at_most' | 'at_least' | 'about'
  /** Sentences; what the figure takes for granted. */
  readonly assumptions: readonly string[]
  readonly confidence: Confidence
  /** The query by which the figures can be looked at again. */
  readonly query: SavingQuery
  /** The model to be asked in its place, where that is the advice: what a what-if compares. */
  readonly instead?: { readonly provider: string | null; readonly model: string }
}

/** A query of the native API, as JSON has it. */
export interface SavingQuery {
  readonly from: number
  readonly to: number
  readonly measures: readonly string[]
  readonly group_by?: readonly string[]
  readonly filters?: Readonly<Record<string, QueryFilter>>
  readonly order_by?: string
  readonly limit?: number
}

/** What a rule has to look at. */
export interface SavingContext {
  /** `[fromMs, toMs)` */
  readonly fromMs: number
  readonly toMs: number
  readonly prices: Pick<PriceBook, 'resolve'>
  ask(query: SavingQuery): Promise<QueryResult>
  /** Keys that could be used, where they are known. */
  readonly keys?: readonly { readonly id: string; readonly label?: string; readonly createdMs: number }[]
}

type Values = readonly (string | number | boolean | null)[]

/** As JSON has it: one of these values, or none of them. */
export type QueryFilter = Values | { readonly not: Values }

/** A rule that looks for one kind of saving. */
export interface SavingRule {
  readonly name: string
  /** One line for the documentation: when it speaks. */
  readonly about: string
  find(context: SavingContext): Promise<readonly Saving[]>
}

/** Groups that are looked at; the dearest first. */
export const LOOKED_AT = 200

/** Less than this is not worth anybody's while: one cent. */
export const LEAST_NANO_USD = 10_000_000n

/** Fewer requests than this are chance. */
export const LEAST_REQUESTS = 100

/** The rows that stand for one group each. */
export const groupsOf = ({ rows }: QueryResult): readonly ResultRow[] => rows.filter((row) => row['other'] !== true)

/** A figure as a whole number; unknown counts as 0. */
export function whole(row: ResultRow, name: string): bigint {
  const value = row[name]
  return typeof value === 'number' ? BigInt(Math.round(value)) : typeof value === 'string' ? BigInt(value) : 0n
}

export const nameIn = (row: ResultRow, dimension: string): string | null => {
  const value = row[dimension]
  return value === null || value === undefined ? null : String(value)
}

/** By rule and subject; the parts are quoted, so that no two subjects are told by the same text. */
export const savingId = (rule: string, subject: Readonly<Record<string, string | null>>): string =>
  `${rule}:${JSON.stringify(Object.entries(subject).sort(([a], [b]) => (a < b ? -1 : 1)))}`
