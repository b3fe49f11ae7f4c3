import { inferProvider } from '@tallystick/core/provider'
import type { ResultRow } from '@tallystick/core/query'
import { type CsvCell, csvRow } from '../csv.ts'
import { FOCUS_COLUMNS, type FocusColumnName } from './columns.ts'
import { decimal } from './decimal.ts'
import { type Figure, figureOf, USAGE_KINDS, type UsageKind } from './kinds.ts'
import { unitPrice } from './unit-price.ts'

/** Which dimensions become which columns. All of them are among those that the row is grouped by. */
export interface FocusNames {
  readonly account: string
  readonly subAccount: string
  readonly resource: string
  /** Dimensions, and tags as `tags.<key>`. */
  readonly tags: readonly string[]
}

/** When the charges of a row were made, ms since 1970 UTC; whole hours or days. */
export interface FocusPeriod {
  readonly startMs: number
  readonly endMs: number
}

/** A row by its columns; what is absent is null. */
export type FocusRow = { readonly [K in FocusColumnName]?: CsvCell }

/** Fractions of a nano-USD that unit prices bring in: costs are carried as so many to the nano-USD. */
const PER_NANO = 1_000_000n
/** Decimals of a USD in that unit, and in a nano-USD. */
const COST_DIGITS = 15
const NANO_DIGITS = 9
/** A name that no source gave: the specification permits no null there. */
const UNKNOWN = 'Unknown'

export const FOCUS_HEAD: string = csvRow(FOCUS_COLUMNS.map(({ name }) => name))

export const focusLine = (row: FocusRow): string => csvRow(FOCUS_COLUMNS.map(({ name }) => row[name] ?? null))

/**
 * The rows of one group of the answer to a query: one for each kind of usage, at its list price; and where these do not come to
 * what was counted, one or two adjustments that make up for it, so that `BilledCost` of all of them is `cost_nano_usd` exactly.
 *
 * @param group a row with the measures of `FOCUS_MEASURES`, grouped by provider, model and what `names` says
 */
export function focusRows(group: ResultRow, names: FocusNames, period: FocusPeriod): readonly FocusRow[] {
  const of = figureOf(group)
  const common = commonOf(group, names, period)
  const listed = group['cost_list_nano_usd'] !== null
  const rows: FocusRow[] = []
  let usage = 0n
  for (const kind of USAGE_KINDS) {
    const units = kind.quantity(of)
    if (units <= 0n) continue
    const priced = listed ? unitPrice(of(kind.cost), units, kind.per, kind.roundings * of('requests')) : undefined
    const cost = ((priced?.costScaled ?? 0n) * PER_NANO) / kind.per
    usage += cost
    rows.push({ ...common, ...usageOf(kind, units, group), ...unitPriceOf(priced?.nanoUsd), ...costsOf(cost) })
  }
  const parts = USAGE_KINDS.reduce((sum, { cost }) => sum + of(cost), 0n)
  const rounding = parts * PER_NANO - usage
  const reported = (of('cost_nano_usd') - parts) * PER_NANO
  if (rounding !== 0n) rows.push({ ...common, ...adjustment('Rounding of each request to the nano-USD', rounding) })
  if (reported !== 0n)
    rows.push({ ...common, ...adjustment('Cost as reported, less the cost at list price', reported) })
  const [first, ...rest] = rows
  return first === undefined ? [] : [{ ...first, ...countsOf(of) }, ...rest]
}

function commonOf(group: ResultRow, names: FocusNames, { startMs, endMs }: FocusPeriod): FocusRow {
  const text = (name: string): string | null => (group[name] === null ? null : String(group[name]))
  const provider = text('provider') ?? UNKNOWN
  const model = text('model')
  const resource = text(names.resource)
  const subAccount = text(names.subAccount)
  const publisher = model === null ? 'unknown' : inferProvider(model)
  return {
    BillingAccountId: text(names.account) ?? provider,
    BillingCurrency: 'USD',
    BillingPeriodStart: instant(monthOf(startMs, 0)),
    BillingPeriodEnd: instant(monthOf(startMs, 1)),
    ChargeFrequency: 'Usage-Based',
    ChargePeriodStart: instant(startMs),
    ChargePeriodEnd: instant(endMs),
    InvoiceIssuerName: provider,
    ProviderName: provider,
    PublisherName: publisher === 'unknown' ? provider : publisher,
    ResourceId: resource,
    ResourceName: resource,
    ResourceType: resource === null ? null : names.resource,
    ServiceCategory: 'AI and Machine Learning',
    ServiceName: model ?? provider,
    ServiceSubcategory: 'Generative AI',
    SubAccountId: subAccount,
    SubAccountName: subAccount,
    Tags: tagsOf(group, names.tags),
  }
}

function usageOf(kind: UsageKind, units: bigint, group: ResultRow): FocusRow {
  const sku = `${group['provider'] ?? UNKNOWN}/${group['model'] ?? UNKNOWN}`
  const quantity = { digits: units.toString() }
  return {
    ChargeCategory: 'Usage',
    ChargeDescription: `${kind.meter} of ${group['model'] ?? group['provider'] ?? 'an unknown model'}`,
    ConsumedQuantity: quantity,
    ConsumedUnit: kind.unit,
    PricingCategory: 'Standard',
    PricingQuantity: kind.per === 1n ? quantity : { digits: decimal(units, 6) },
    PricingUnit: kind.pricingUnit,
    SkuId: sku,
    SkuMeter: kind.meter,
    SkuPriceId: `${sku}/${kind.id}`,
  }
}

function adjustment(description: string, cost: bigint): FocusRow {
  return { ChargeCategory: 'Adjustment', ChargeDescription: description, ...costsOf(cost) }
}

/** Unknown where nobody has a price: 0 would be one. */
function unitPriceOf(nanoUsd: bigint | undefined): FocusRow {
  if (nanoUsd === undefined) return {}
  const price = { digits: decimal(nanoUsd, NANO_DIGITS) }
  return { ListUnitPrice: price, ContractedUnitPrice: price }
}

/** One figure: there are no commitments here, and no contracts. */
function costsOf(cost: bigint): FocusRow {
  const digits = { digits: decimal(cost, COST_DIGITS) }
  return { BilledCost: digits, EffectiveCost: digits, ContractedCost: digits, ListCost: digits }
}

/** On the first row of a group, so that they may be summed. */
const countsOf = (of: Figure): FocusRow => ({
  x_Requests: { digits: of('requests').toString() },
  x_UnpricedRequests: { digits: of('unpriced_requests').toString() },
})

/** Tags of the sender under their own names, dimensions under a prefix, as the specification wants it of what a provider adds. */
function tagsOf(group: ResultRow, names: readonly string[]): string | null {
  const entries = names.flatMap((name): [string, string][] => {
    const value = group[name]
    if (value === null || value === undefined) return []
    return [[name.startsWith('tags.') ? name.slice('tags.'.length) : `tallystick/${name}`, String(value)]]
  })
  // Not an object: names come from outside. A sender's tag that bears the prefix gives way.
  const members = [...new Map(entries)].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  return members.length === 0 ? null : `{${members.join(',')}}`
}

/** To the second, which is all that the periods have. */
const instant = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

/** Start of the calendar month of an instant, or of one of the next. */
function monthOf(ms: number, later: number): number {
  const date = new Date(ms)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later)
}
