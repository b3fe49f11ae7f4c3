import type { CostBasis, UsageEvent } from '../event/event.ts'
import type { CostComponent, CostLine, Unpriced, UnpricedReason } from './cost.ts'
import { isRequest, type PriceBook, type PriceFlag, type PriceReceipt } from './price-book.ts'
import type { Resolution } from './resolve.ts'

/** How the recorded cost of an event came about. Amounts are integer nano-USD. */
export interface CostReceipt {
  /** What is reported; absent = unpriced. */
  readonly costNanoUsd?: number
  readonly costBasis?: CostBasis
  /** At list price; absent where there is none. It is `costNanoUsd` unless somebody else has reported that. */
  readonly listNanoUsd?: number
  /** They add up to `listNanoUsd` exactly; none where it is 0 or nobody knows its parts. */
  readonly lines: readonly ReceiptLine[]
  /**
   * `price`: worked out again from the price row, to the same figures. `record`: that row is no longer among the prices, so these
   * are the parts that were recorded, without unit prices.
   */
  readonly linesFrom?: 'price' | 'record'
  /** Absent where nothing was priced by us. */
  readonly price?: ReceiptPrice
  readonly reported?: ReportedCost
  readonly repriced?: RepricedCost
  /** What the cache reads would have cost more at the input price. */
  readonly cacheSavingsNanoUsd?: number
  /** Why a request has no list price. */
  readonly unpriced?: UnpricedCost
}

/** Tokens or units times a price. */
export interface ReceiptLine {
  readonly component: CostComponent | 'units'
  /** Absent where several units stand together. */
  readonly count?: number
  /** Published price: so much for every `per`, before the multiplier. Absent where the price row is not at hand. */
  readonly unitPrice?: Pick<CostLine, 'listNanoUsd' | 'per' | 'multiplierPermille'>
  readonly costNanoUsd: number
  /** The product was no whole number of nano-USD: it was rounded half to even. */
  readonly rounded?: true
}

/** Where the unit prices are from. */
export interface ReceiptPrice {
  /** Of the price row, with the context tier and the service tier that applied. */
  readonly id: string
  /** How the row was found; absent where it is no longer among the prices. */
  readonly resolution?: Resolution
  /** Undefined for the standard tier. */
  readonly serviceTier?: string
  /** Threshold of the context tier whose prices applied to the whole request. */
  readonly aboveInputTokens?: number
  readonly flagged?: PriceFlag
}

/** What provider or client said that the request cost. */
export interface ReportedCost {
  readonly by: 'provider' | 'client'
  readonly costNanoUsd: number
  /** Reported less list price; absent where there is no list price. */
  readonly differenceNanoUsd?: number
}

/** What the request comes to at newer prices; the bill stays what it was. */
export interface RepricedCost {
  readonly costNanoUsd: number
  /** Repriced less what was billed. */
  readonly differenceNanoUsd: number
  readonly priceId?: string
  /** They add up to `costNanoUsd`; none where the price row is no longer among the prices. */
  readonly lines: readonly ReceiptLine[]
}

/** Why there is no list price, and what would give one. */
export interface UnpricedCost {
  /** `priced_since`: the prices in force now have one. */
  readonly reason: UnpricedReason | 'priced_since'
  /** What it is about: a component, a field. */
  readonly about?: string
  /** What it comes to at the prices in force now. */
  readonly nowNanoUsd?: number
}

/** The prices a receipt is made with. */
export type ReceiptBook = Pick<PriceBook, 'receipt' | 'receiptBy'>

/**
 * Explains what was recorded of an event; nothing is priced anew. Prices change and rows go, so the working is shown only where
 * it comes to the recorded figures to the nano-USD; otherwise the recorded parts are.
 *
 * @throws never
 * @example
 * const book = createPriceBook()
 * const event = { eventId: '1', timestampMs: 1763700000000, kind: 'llm_request_completed', provider: 'openai',
 *   requestModel: 'gpt-4o', inputTokens: 1_000, outputTokens: 100 }
 * costReceipt({ ...event, ...book.price(event) }, book).lines.map((line) => line.costNanoUsd) // [2_500_000, 1_000_000]
 */
export function costReceipt(event: UsageEvent, book: ReceiptBook): CostReceipt {
  const { costNanoUsd, costBasis, cacheSavingsNanoUsd, priceId } = event
  const listNanoUsd = listOf(event)
  const byPrice = priceId === undefined ? undefined : book.receiptBy(event, priceId)
  const same = byPrice !== undefined && byPrice.fields.costListNanoUsd === listNanoUsd
  const parts = same ? undefined : recordedLines(event, listNanoUsd)
  const repriced = repricedOf(event, book)
  const reported = reportedOf(event, listNanoUsd)
  return {
    ...(costNanoUsd !== undefined && { costNanoUsd }),
    ...(costBasis !== undefined && { costBasis }),
    ...(listNanoUsd !== undefined && { listNanoUsd }),
    lines: same ? byPrice.lines.map(lineOf) : (parts ?? []),
    ...(same && { linesFrom: 'price' as const }),
    ...(parts !== undefined && { linesFrom: 'record' as const }),
    ...(priceId !== undefined && { price: priceOf(priceId, same ? byPrice : undefined) }),
    ...(reported && { reported }),
    ...(repriced && { repriced }),
    ...(cacheSavingsNanoUsd !== undefined && { cacheSavingsNanoUsd }),
    ...(isRequest(event) && listNanoUsd === undefined && { unpriced: unpricedOf(book.receipt(event)) }),
  }
}

/** A cost of ours is at list price, also where the record came from elsewhere and does not say so twice. */
function listOf({ costBasis, costListNanoUsd, costNanoUsd }: UsageEvent): number | undefined {
  if (costListNanoUsd !== undefined) return costListNanoUsd
  return costBasis === 'catalogue' || costBasis === 'override' ? costNanoUsd : undefined
}

function lineOf(line: CostLine): ReceiptLine {
  const { component, count, costNanoUsd, listNanoUsd, multiplierPermille, per } = line
  const exact = (BigInt(count) * BigInt(listNanoUsd) * BigInt(multiplierPermille)) % (BigInt(per) * 1_000n) === 0n
  const unitPrice = { listNanoUsd, per, multiplierPermille }
  return { component, count, unitPrice, costNanoUsd, ...(!exact && { rounded: true as const }) }
}

/** The parts as they were recorded; undefined where they do not add up to the list price. */
function recordedLines(event: UsageEvent, listNanoUsd: number | undefined): readonly ReceiptLine[] | undefined {
  const cacheRead = event.cacheReadTokens ?? 0
  const cacheWrite = (event.cacheWriteTokens ?? 0) + (event.cacheWrite1hTokens ?? 0)
  const input = Math.max((event.inputTokens ?? event.totalTokens ?? 0) - cacheRead - cacheWrite, 0)
  const lines: ReceiptLine[] = []
  const add = (component: ReceiptLine['component'], count: number | undefined, costNanoUsd: number = 0): void => {
    if (costNanoUsd > 0) lines.push({ component, ...(count !== undefined && { count }), costNanoUsd })
  }
  add('input', input, event.costInputNanoUsd)
  add('cache_read', cacheRead, event.costCacheReadNanoUsd)
  add('cache_write', cacheWrite, event.costCacheWriteNanoUsd)
  add('output', event.outputTokens ?? 0, event.costOutputNanoUsd)
  add('units', undefined, event.costUnitsNanoUsd)
  const total = lines.reduce((sum, line) => sum + line.costNanoUsd, 0)
  return listNanoUsd !== undefined && total === listNanoUsd ? lines : undefined
}

function priceOf(id: string, receipt: PriceReceipt | undefined): ReceiptPrice {
  if (receipt === undefined) return { id }
  const { aboveInputTokens, fields, resolution, serviceTier } = receipt
  return {
    id,
    ...(resolution && { resolution }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(aboveInputTokens !== undefined && { aboveInputTokens }),
    ...(fields.flagged && { flagged: fields.flagged }),
  }
}

function reportedOf(event: UsageEvent, listNanoUsd: number | undefined): ReportedCost | undefined {
  const { costBasis, costNanoUsd, costReportedNanoUsd } = event
  // A figure that is not ours and of which nobody says whose it is was told with the event.
  const told = costReportedNanoUsd ?? (listNanoUsd === undefined ? costNanoUsd : undefined)
  if (told === undefined) return undefined
  const by = costBasis === 'provider' ? 'provider' : 'client'
  const difference = listNanoUsd === undefined ? {} : { differenceNanoUsd: told - listNanoUsd }
  return { by, costNanoUsd: told, ...difference }
}

function repricedOf(event: UsageEvent, book: ReceiptBook): RepricedCost | undefined {
  const { repricedDownNanoUsd, repricedPriceId: priceId, repricedUpNanoUsd } = event
  if (repricedUpNanoUsd === undefined && repricedDownNanoUsd === undefined) return undefined
  const differenceNanoUsd = (repricedUpNanoUsd ?? 0) - (repricedDownNanoUsd ?? 0)
  const costNanoUsd = (event.costNanoUsd ?? 0) + differenceNanoUsd
  const receipt = priceId === undefined ? undefined : book.receiptBy(event, priceId)
  return {
    costNanoUsd,
    differenceNanoUsd,
    ...(priceId !== undefined && { priceId }),
    lines: receipt?.fields.costListNanoUsd === costNanoUsd ? receipt.lines.map(lineOf) : [],
  }
}

function unpricedOf({ fields, unpriced }: PriceReceipt): UnpricedCost {
  const now = fields.costListNanoUsd
  if (now !== undefined) return { reason: 'priced_since', nowNanoUsd: now }
  const { unpriced: reason, about } = unpriced as Unpriced
  return { reason, ...(about !== undefined && { about }) }
}
