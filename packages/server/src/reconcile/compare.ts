import { type Exact, exactToJson, normalizeExact } from '@tallystick/core/event'
import type { BilledUsage, BillRow } from '../state/bill.ts'
import {
  type Explanation,
  explain,
  type KindCosts,
  type Ours,
  type Theirs,
  TOKEN_KINDS,
  type TokenCounts,
} from './explain.ts'
import { billedName } from './match-models.ts'

/** Figures that a question to the store is to answer for {@link compare}, by day of UTC, model and response model. */
export const MEASURES = [
  'requests',
  'unpriced_requests',
  'fresh_input_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'output_tokens',
  'cost_nano_usd',
  'cost_input_nano_usd',
  'cost_cache_read_nano_usd',
  'cost_cache_write_nano_usd',
  'cost_output_nano_usd',
  'cost_units_nano_usd',
] as const

/** A row of such an answer. */
export type OurRow = Readonly<Record<string, string | number | boolean | null>>

/** A day and a model: what we have, what the provider says, and why that is not the same. Amounts in nano-USD. */
export interface Comparison {
  readonly day: string
  /** As the provider spells it where it tells of it. Null: what it attributes to no model. */
  readonly model: string | null
  readonly ours: Ours
  readonly theirs: {
    readonly requests: number | undefined
    /** Undefined: no report of usage for the day. */
    readonly tokens: TokenCounts | undefined
    /** Undefined: no report of costs for the day. */
    readonly costNanoUsd: bigint | undefined
  }
  /** Undefined where there is no amount to compare with. */
  readonly explanation: Explanation | undefined
}

const ZERO: TokenCounts = { fresh_input: 0n, cache_read: 0n, cache_write: 0n, output: 0n }
const NOTHING: Ours = { requests: 0n, unpriced: 0n, tokens: ZERO, costNanoUsd: 0n, kinds: { ...ZERO, other: 0n } }

/**
 * Compares the bills of one provider with what was recorded, for the days that the bills tell of.
 *
 * @param bills rows of one provider and one tenant
 * @param rows the answer to {@link MEASURES}, grouped by `model` and `response_model`, with an interval of a day
 */
export function compare(bills: readonly BillRow[], rows: readonly OurRow[]): readonly Comparison[] {
  const byDay = grouped(bills, ({ day }) => day)
  const oursByDay = grouped(rows, (row) => new Date(Number(row['time_ms'])).toISOString().slice(0, 10))
  return [...byDay]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([day, billed]) => compareDay(day, billed, oursByDay.get(day) ?? []))
}

function compareDay(day: string, bills: readonly BillRow[], rows: readonly OurRow[]): readonly Comparison[] {
  const told = {
    usage: bills.some(({ usage }) => usage !== undefined),
    cost: bills.some(({ cost }) => cost !== undefined),
  }
  const names = bills.flatMap(({ model }) => (model === undefined ? [] : [model]))
  const ours = new Map<string, Ours>()
  for (const row of rows) {
    const model = String(row['response_model'] ?? row['model'])
    const name = names.includes(model) ? model : billedName(String(row['model'] ?? model), names)
    const key = names.includes(name) ? name : model
    ours.set(key, plus(ours.get(key) ?? NOTHING, oursOf(row)))
  }
  const byModel = new Map(bills.map((bill) => [bill.model ?? null, bill]))
  const models = new Set<string | null>([...names.sort(), ...[...ours.keys()].sort(), null])
  return [...models].flatMap((model) => {
    const bill = byModel.get(model)
    const have = model === null ? NOTHING : (ours.get(model) ?? NOTHING)
    const compared = comparison(day, model, have, bill, told)
    return model === null && isNothing(compared) ? [] : [compared]
  })
}

function comparison(
  day: string,
  model: string | null,
  ours: Ours,
  bill: BillRow | undefined,
  told: { readonly usage: boolean; readonly cost: boolean },
): Comparison {
  // A report that tells of the day and not of the model says that there was nothing.
  const tokens = told.usage ? tokensOf(bill?.usage) : undefined
  const cost = told.cost ? (bill?.cost ?? { nanoUsd: '0', lines: 0 }) : undefined
  const theirs: Theirs | undefined = cost && {
    tokens: model === null ? undefined : tokens,
    costNanoUsd: BigInt(cost.nanoUsd),
    kinds: cost.kinds && (mapped(cost.kinds, BigInt) as unknown as KindCosts),
    lines: cost.lines,
  }
  return {
    day,
    model,
    ours,
    theirs: { requests: bill?.usage?.requests, tokens, costNanoUsd: theirs?.costNanoUsd },
    explanation: theirs && (model === null ? unattributed(theirs) : explain(ours, theirs)),
  }
}

/** What belongs to no model is nothing that requests are recorded for. */
function unattributed({ costNanoUsd }: Theirs): Explanation {
  return { missing: 0n, priceDrift: 0n, unpriced: 0n, rounding: 0n, unknown: costNanoUsd }
}

function isNothing({ theirs: { costNanoUsd = 0n, tokens = ZERO, requests = 0 } }: Comparison): boolean {
  return costNanoUsd === 0n && requests === 0 && TOKEN_KINDS.every((kind) => tokens[kind] === 0n)
}

function oursOf(row: OurRow): Ours {
  const figure = (name: string): bigint => BigInt((row[name] as string | number | null) ?? 0)
  return {
    requests: figure('requests'),
    unpriced: figure('unpriced_requests'),
    tokens: {
      fresh_input: figure('fresh_input_tokens'),
      cache_read: figure('cache_read_tokens'),
      cache_write: figure('cache_write_tokens') + figure('cache_write_1h_tokens'),
      output: figure('output_tokens'),
    },
    costNanoUsd: figure('cost_nano_usd'),
    kinds: {
      fresh_input: figure('cost_input_nano_usd'),
      cache_read: figure('cost_cache_read_nano_usd'),
      cache_write: figure('cost_cache_write_nano_usd'),
      output: figure('cost_output_nano_usd'),
      other: figure('cost_units_nano_usd'),
    },
  }
}

function tokensOf(usage: BilledUsage | undefined): TokenCounts {
  return usage === undefined ? ZERO : (mapped(usage.tokens, BigInt) as unknown as TokenCounts)
}

function mapped<T, U>(record: Readonly<Record<string, T>>, of: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value)]))
}

function plus(a: Ours, b: Ours): Ours {
  const each = <T extends Readonly<Record<string, bigint>>>(one: T, two: T): T =>
    Object.fromEntries(Object.entries(one).map(([name, value]) => [name, value + (two[name] ?? 0n)])) as T
  return {
    requests: a.requests + b.requests,
    unpriced: a.unpriced + b.unpriced,
    tokens: each(a.tokens, b.tokens),
    costNanoUsd: a.costNanoUsd + b.costNanoUsd,
    kinds: each(a.kinds, b.kinds),
  }
}

function grouped<T>(values: readonly T[], by: (value: T) => string): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const value of values) {
    const group = groups.get(by(value))
    if (group === undefined) groups.set(by(value), [value])
    else group.push(value)
  }
  return groups
}

/** A comparison as the API tells it, and sums of them. */
export function comparisonJson({ day, model, ours, theirs, explanation }: Comparison): object {
  const { requests, unpriced, tokens, costNanoUsd } = ours
  return {
    day,
    model,
    ours: {
      requests: json(requests),
      ...tokensJson(tokens),
      cost_nano_usd: requests > 0n && unpriced === requests ? null : json(costNanoUsd),
      unpriced_requests: json(unpriced),
    },
    theirs: {
      requests: theirs.requests ?? null,
      ...tokensJson(theirs.tokens),
      cost_nano_usd: theirs.costNanoUsd === undefined ? null : json(theirs.costNanoUsd),
    },
    difference_nano_usd: theirs.costNanoUsd === undefined ? null : json(theirs.costNanoUsd - costNanoUsd),
    explained: explanation === undefined ? null : explanationJson(explanation),
  }
}

function tokensJson(tokens: TokenCounts | undefined): object {
  return Object.fromEntries(
    TOKEN_KINDS.map((kind) => [`${kind}_tokens`, tokens === undefined ? null : json(tokens[kind])]),
  )
}

function explanationJson({ missing, priceDrift, unpriced, rounding, unknown }: Explanation): object {
  return {
    missing_nano_usd: json(missing),
    price_drift_nano_usd: json(priceDrift),
    unpriced_nano_usd: json(unpriced),
    rounding_nano_usd: json(rounding),
    unknown_nano_usd: json(unknown),
  }
}

/** Of the rows that have an amount on both sides. */
export function totalsJson(comparisons: readonly Comparison[]): object {
  const compared = comparisons.filter(({ explanation }) => explanation !== undefined)
  const sum = (of: (one: Comparison) => bigint): bigint => compared.reduce((total, one) => total + of(one), 0n)
  const part = (name: keyof Explanation): bigint => sum(({ explanation }) => explanation?.[name] ?? 0n)
  const [ours, theirs] = [sum((one) => one.ours.costNanoUsd), sum((one) => one.theirs.costNanoUsd ?? 0n)]
  return {
    ours_nano_usd: json(ours),
    theirs_nano_usd: json(theirs),
    difference_nano_usd: json(theirs - ours),
    explained: explanationJson({
      missing: part('missing'),
      priceDrift: part('priceDrift'),
      unpriced: part('unpriced'),
      rounding: part('rounding'),
      unknown: part('unknown'),
    }),
  }
}

const json = (value: Exact): number | string => exactToJson(normalizeExact(value))
