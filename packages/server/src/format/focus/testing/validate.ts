import { parse } from 'csv-parse/sync'

/** A row of a file by its columns; an empty cell is null. */
export type ReadRow = ReadonlyMap<string, string | null>

export function readFocus(text: string): readonly ReadRow[] {
  const [head = [], ...lines] = parse(text) as string[][]
  return lines.map((cells) => new Map(cells.map((cell, index) => [head[index] as string, cell === '' ? null : cell])))
}

/** A decimal as an integer of 1e-15. */
export function scaled(text: string | null | undefined): bigint {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,15}))?$/.exec(text ?? '') ?? []
  const value = BigInt(whole) * 10n ** 15n + BigInt(fraction.padEnd(15, '0'))
  return sign === '' ? value : -value
}

/** Columns that the specification (1.2) calls mandatory. */
const MANDATORY = [
  ...['BilledCost', 'BillingAccountId', 'BillingAccountName', 'BillingCurrency', 'BillingPeriodEnd'],
  ...['BillingPeriodStart', 'ChargeCategory', 'ChargeClass', 'ChargeDescription', 'ChargePeriodEnd'],
  ...['ChargePeriodStart', 'ContractedCost', 'EffectiveCost', 'InvoiceIssuerName', 'ListCost', 'PricingQuantity'],
  ...['PricingUnit', 'ProviderName', 'PublisherName', 'ServiceCategory', 'ServiceName'],
]
const MAY_BE_NULL = ['BillingAccountName', 'ChargeClass', 'ChargeDescription', 'PricingQuantity', 'PricingUnit']
const DECIMALS = [
  ...['BilledCost', 'ContractedCost', 'EffectiveCost', 'ListCost', 'PricingQuantity', 'ConsumedQuantity'],
  ...['ListUnitPrice', 'ContractedUnitPrice'],
]
const INSTANTS = ['BillingPeriodStart', 'BillingPeriodEnd', 'ChargePeriodStart', 'ChargePeriodEnd']
const OF_USAGE = [
  ...['PricingQuantity', 'PricingUnit', 'PricingCategory', 'ConsumedQuantity', 'ConsumedUnit'],
  ...['SkuId', 'SkuMeter', 'SkuPriceId'],
]

/** What a file breaks of the rules of FOCUS 1.2 for the columns that it has; empty when nothing. */
export function focusProblems(text: string): readonly string[] {
  const problems: string[] = []
  const head = (parse(text, { to_line: 1 }) as string[][])[0] ?? []
  for (const name of MANDATORY) if (!head.includes(name)) problems.push(`${name} is mandatory`)
  for (const name of head)
    if (!/^(x_)?[A-Z][A-Za-z0-9]{0,49}$/.test(name)) problems.push(`${name} is no name of a column`)
  const parents = new Map<string, string>()
  for (const [index, row] of readFocus(text).entries()) {
    const of = (name: string): string | null => row.get(name) ?? null
    const wrong = (what: string): void => void problems.push(`row ${index + 1}: ${what}`)
    for (const name of MANDATORY)
      if (of(name) === null && !MAY_BE_NULL.includes(name)) wrong(`${name} must not be null`)
    for (const name of DECIMALS) {
      const value = of(name)
      if (value !== null && !/^(-?(0|[1-9]\d*)(\.\d*[1-9])?)$/.test(value)) wrong(`${name} is no decimal: ${value}`)
    }
    for (const name of INSTANTS)
      if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(of(name) ?? '')) wrong(`${name} is no instant: ${of(name)}`)
    const [start, end] = [Date.parse(of('ChargePeriodStart') ?? ''), Date.parse(of('ChargePeriodEnd') ?? '')]
    const [from, to] = [Date.parse(of('BillingPeriodStart') ?? ''), Date.parse(of('BillingPeriodEnd') ?? '')]
    if (!(from <= start && start < end && end <= to)) wrong('the charge period is not within the billing period')
    if (!/-01T00:00:00Z$/.test(of('BillingPeriodStart') ?? '')) wrong('the billing period is no calendar month')
    if (of('BillingCurrency') !== 'USD') wrong('BillingCurrency is no code of ISO 4217 that is used here')
    if (of('ChargeClass') !== null) wrong('ChargeClass is of corrections, and these are none')
    if (of('ServiceCategory') !== 'AI and Machine Learning' || of('ServiceSubcategory') !== 'Generative AI')
      wrong('the service has no category of the list')
    if (of('ChargeFrequency') !== 'Usage-Based') wrong('ChargeFrequency is not one of the list')
    if (of('Tags') !== null) checkTags(of('Tags') as string, wrong)
    for (const name of ['ContractedCost', 'EffectiveCost', 'ListCost'])
      if (of(name) !== of('BilledCost')) wrong(`${name} differs, and there are no discounts`)

    if (of('ChargeCategory') === 'Usage') {
      for (const name of OF_USAGE) if (of(name) === null) wrong(`${name} must not be null for usage`)
      if (scaled(of('ConsumedQuantity')) <= 0n) wrong('ConsumedQuantity must be positive')
      for (const name of ['ListUnitPrice', 'ContractedUnitPrice']) {
        // The one departure: of what nobody has a price for there is none to tell.
        if (of(name) === null && of('BilledCost') !== '0') wrong(`${name} must not be null for usage`)
        const product = scaled(of(name)) * scaled(of('PricingQuantity'))
        if (product !== scaled(of('ListCost')) * 10n ** 15n) wrong(`${name} times PricingQuantity is not ListCost`)
      }
      const [sku, price] = [of('SkuId') as string, of('SkuPriceId') as string]
      if ((parents.get(price) ?? sku) !== sku) wrong(`${price} has two SKUs`)
      parents.set(price, sku)
    } else if (of('ChargeCategory') === 'Adjustment') {
      for (const name of [...OF_USAGE, 'ListUnitPrice', 'ContractedUnitPrice'])
        if (of(name) !== null) wrong(`${name} is of usage`)
      if (of('BilledCost') === '0') wrong('an adjustment adjusts nothing')
    } else wrong(`ChargeCategory ${of('ChargeCategory')}`)
  }
  return problems
}

function checkTags(text: string, wrong: (what: string) => void): void {
  const tags = JSON.parse(text) as unknown
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) wrong('Tags is no object')
  else if (Object.values(tags).some((value) => typeof value !== 'string')) wrong('a tag is no text')
}
