/**
 * Usage to money: price catalogue and overrides, lookup of models, cost of requests and what they can cost at most, receipts,
 * budgets. Pure; runs in browsers.
 */
export type { UsageCounts } from '../event/event.ts'
export { modelNames } from './affixes.ts'
export { bundledCatalogue, type Catalogue, type CatalogueData, parseCatalogue } from './catalogue.ts'
export {
  type CostBreakdown,
  type CostComponent,
  type CostLine,
  type CostOptions,
  calculateCost,
  rateUsage,
  type Unpriced,
  type UnpricedReason,
} from './cost.ts'
export {
  BudgetError,
  type BudgetStatus,
  CostController,
  type FullBudgetStatus,
  type Reservation,
} from './cost-controller.ts'
export {
  type CostReceipt,
  costReceipt,
  type ReceiptBook,
  type ReceiptLine,
  type ReceiptPrice,
  type ReportedCost,
  type RepricedCost,
  type UnpricedCost,
} from './cost-receipt.ts'
export { scaleDecimal, usdPerMillion, usdPerToken } from './decimal.ts'
export { estimateInputTokens } from './input-estimate.ts'
export {
  calculateMaxCost,
  DEFAULT_MAX_OUTPUT_TOKENS,
  type EstimateOptions,
  estimateMaxCost,
  estimateMaxCostNanoUsd,
  type RequestBounds,
} from './max-cost.ts'
export type { MatchKind } from './model-index.ts'
export { type OverrideFormat, type OverrideSource, validateOverrides } from './overrides/index.ts'
export * from './price.ts'
export {
  createPriceBook,
  type PriceBook,
  type PriceBookOptions,
  type PricedFields,
  type PriceFlag,
  type PriceReceipt,
} from './price-book.ts'
export type { Priced } from './rate-card.ts'
export type { Resolution } from './resolve.ts'
export { multipliersOf, serviceTierName } from './service-tier.ts'
