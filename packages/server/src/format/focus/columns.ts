/**
 * Columns of the FinOps Open Cost and Usage Specification, version 1.2, that an export has, in the order of its file, and what
 * the specification says of each.
 *
 * @source https://focus.finops.org/focus-specification/v1-2/ and
 * https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec (specification/columns)
 */
export interface FocusColumn {
  readonly name: FocusColumnName
  readonly type: 'string' | 'decimal' | 'datetime' | 'json'
  /** `custom` columns are ours; their names begin with `x_`. */
  readonly level: 'mandatory' | 'conditional' | 'recommended' | 'custom'
  readonly nullable: boolean
  /** The only values there may be beside null. */
  readonly values?: readonly string[]
}

/** THE table of columns. */
const COLUMNS = {
  BilledCost: ['decimal', 'mandatory', 'not null'],
  BillingAccountId: ['string', 'mandatory', 'not null'],
  BillingAccountName: ['string', 'mandatory', 'null'],
  BillingCurrency: ['string', 'mandatory', 'not null'],
  BillingPeriodEnd: ['datetime', 'mandatory', 'not null'],
  BillingPeriodStart: ['datetime', 'mandatory', 'not null'],
  ChargeCategory: ['string', 'mandatory', 'not null', ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment']],
  ChargeClass: ['string', 'mandatory', 'null', ['Correction']],
  ChargeDescription: ['string', 'mandatory', 'null'],
  ChargeFrequency: ['string', 'recommended', 'not null', ['One-Time', 'Recurring', 'Usage-Based']],
  ChargePeriodEnd: ['datetime', 'mandatory', 'not null'],
  ChargePeriodStart: ['datetime', 'mandatory', 'not null'],
  ConsumedQuantity: ['decimal', 'conditional', 'null'],
  ConsumedUnit: ['string', 'conditional', 'null'],
  ContractedCost: ['decimal', 'mandatory', 'not null'],
  ContractedUnitPrice: ['decimal', 'conditional', 'null'],
  EffectiveCost: ['decimal', 'mandatory', 'not null'],
  InvoiceIssuerName: ['string', 'mandatory', 'not null'],
  ListCost: ['decimal', 'mandatory', 'not null'],
  ListUnitPrice: ['decimal', 'conditional', 'null'],
  PricingCategory: ['string', 'conditional', 'null', ['Standard', 'Dynamic', 'Committed', 'Other']],
  PricingQuantity: ['decimal', 'mandatory', 'null'],
  PricingUnit: ['string', 'mandatory', 'null'],
  ProviderName: ['string', 'mandatory', 'not null'],
  PublisherName: ['string', 'mandatory', 'not null'],
  ResourceId: ['string', 'conditional', 'null'],
  ResourceName: ['string', 'conditional', 'null'],
  ResourceType: ['string', 'conditional', 'null'],
  ServiceCategory: ['string', 'mandatory', 'not null', ['AI and Machine Learning']],
  ServiceName: ['string', 'mandatory', 'not null'],
  ServiceSubcategory: ['string', 'recommended', 'not null', ['Generative AI']],
  SkuId: ['string', 'conditional', 'null'],
  SkuMeter: ['string', 'conditional', 'null'],
  SkuPriceId: ['string', 'conditional', 'null'],
  SubAccountId: ['string', 'conditional', 'null'],
  SubAccountName: ['string', 'conditional', 'null'],
  Tags: ['json', 'conditional', 'null'],
  x_Requests: ['decimal', 'custom', 'null'],
  x_UnpricedRequests: ['decimal', 'custom', 'null'],
} as const satisfies Readonly<Record<string, ColumnRow>>

type ColumnRow = readonly [
  type: FocusColumn['type'],
  level: FocusColumn['level'],
  nulls: 'null' | 'not null',
  values?: readonly string[],
]

export type FocusColumnName = keyof typeof COLUMNS

export const FOCUS_COLUMNS: readonly FocusColumn[] = Object.entries<ColumnRow>(COLUMNS).map(
  ([name, [type, level, nulls, values]]) => ({
    name: name as FocusColumnName,
    type,
    level,
    nullable: nulls === 'null',
    ...(values === undefined ? {} : { values }),
  }),
)
