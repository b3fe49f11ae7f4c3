import type { CostBasis, Mutable, UsageEvent } from '../event/event.ts'
import { bundledCatalogue, type Catalogue, type CatalogueData, parseCatalogue } from './catalogue.ts'
import type { CostLine, Unpriced } from './cost.ts'
import { fingerprint } from './fingerprint.ts'
import { ModelIndex } from './model-index.ts'
import { type OverrideSource, parseOverrides } from './overrides/index.ts'
import type { ModelPrices, PriceRow, UnitPrices } from './price.ts'
import { type Quote, quote, quotedPriceId } from './quote.ts'
import { allRows, type Candidate, findCandidates, type PriceTable, type Resolution, rowAt } from './resolve.ts'

/** The money members of an event, and what is worth counting about them. Integers, nano-USD. */
export interface PricedFields
  extends Pick<
    UsageEvent,
    | 'costNanoUsd'
    | 'costInputNanoUsd'
    | 'costCacheReadNanoUsd'
    | 'costCacheWriteNanoUsd'
    | 'costOutputNanoUsd'
    | 'costUnitsNanoUsd'
    | 'cacheSavingsNanoUsd'
    | 'costListNanoUsd'
    | 'costBasis'
    | 'priceId'
  > {
  /** The reported cost differs from ours by more than 1 %. Not a member of the event. */
  readonly mismatch?: true
  /** Why our figure may be off. Not a member of the event. */
  readonly flagged?: PriceFlag
}

/** Why a cost of ours may be off. */
export type PriceFlag =
  /** The request is older than the model's first known price; the first was taken. */
  | 'before_first_row'
  /** The service tier has no known price; the standard one was taken. */
  | 'unknown_service_tier'

/** How a cost came about, to the last multiplication. */
export interface PriceReceipt {
  readonly eventId: string
  readonly timestampMs: number
  /** The name that was looked up: what answered, else what was asked for. */
  readonly askedModel?: string
  readonly askedProvider?: string
  /** Row, rule that matched, price id. */
  readonly resolution?: Resolution
  /** In the order they were charged; their costs add up to `costListNanoUsd`. */
  readonly lines: readonly CostLine[]
  /** Undefined for the standard tier. */
  readonly serviceTier?: string
  /** Parts per thousand that token prices were multiplied by. */
  readonly multiplierPermille: number
  /** Threshold of the context tier that applied. */
  readonly aboveInputTokens?: number
  readonly unpriced?: Unpriced
  readonly fields: PricedFields
}

/** Prices for usage: a catalogue, overrides on top, and a default for the rest where one is configured. */
export interface PriceBook {
  /**
   * The money members of an event; assign them to it. Once per ingested event, so about a microsecond.
   *
   * A cost that the provider or client reported (`costReportedNanoUsd`) is `costNanoUsd`, and ours stands beside it in
   * `costListNanoUsd`. Otherwise ours is both. Without either, `costBasis` is `unpriced` and there is no cost. Events
   * that are no LLM requests have no cost but a reported one.
   *
   * The model that answered is billed (`responseModel`) if it has a price, else the one asked for: a fallback answers
   * under its own name, while an Azure deployment's name says nothing.
   *
   * @throws never
   */
  price(event: UsageEvent): PricedFields
  /** The price of a model at an instant; undefined when nobody has one. Includes the configured default. */
  resolve(provider: string | undefined, model: string, atMs: number): Resolution | undefined
  /** Every model with a price of its own, overrides before the catalogue, in the order in which they are asked. */
  models(): readonly ModelPrices[]
  /** {@link price} with its working shown. */
  receipt(event: UsageEvent): PriceReceipt
  /**
   * The working of an event at the price row that an id names (`priceId` of an event), whether or not that row holds at its
   * instant. Undefined where these prices have no such row, or it does not come to that id for this event.
   */
  receiptBy(event: UsageEvent, priceId: string): PriceReceipt | undefined
  /**
   * Replaces all prices at once: an event is priced by the old ones or the new ones, never by some of each.
   *
   * @throws TallystickError `invalid_prices` with every issue found; the old prices stay in force
   */
  reload(options?: PriceBookOptions): void
  /** Names these prices: source version, start of its hash, and a fingerprint of the overrides. */
  readonly version: string
}

/** What a price book is made of. */
export interface PriceBookOptions {
  /** Later sources win over earlier ones, all of them over the catalogue. */
  readonly overrides?: readonly OverrideSource[]
  /** For models that nobody has a price for; nano-USD per million tokens. Unset, they are unpriced. */
  readonly defaultPrice?: UnitPrices
  /** A fresher snapshot, or `false` for none. The one built in when absent. */
  readonly catalogue?: CatalogueData | false
}

/**
 * A price book of the built-in catalogue, or of what the options say.
 *
 * @throws TallystickError `invalid_prices` with every issue of every override found
 * @example
 * const book = createPriceBook()
 * book.price({ eventId: '1', timestampMs: 1763700000000, kind: 'llm_request_completed', provider: 'openai',
 *   requestModel: 'gpt-4o', inputTokens: 1_000, outputTokens: 100 }).costNanoUsd // 3_500_000
 */
export function createPriceBook(options: PriceBookOptions = {}): PriceBook {
  let prices = new Prices(options)
  return {
    price: (event) => prices.price(event),
    resolve: (provider, model, atMs) => prices.resolve(provider, model, atMs),
    models: () => prices.models,
    receipt: (event) => prices.receipt(event),
    receiptBy: (event, priceId) => prices.receiptBy(event, priceId),
    reload: (next = {}) => {
      prices = new Prices(next)
    },
    get version() {
      return prices.version
    },
  }
}

/** Two generations of this many names are remembered; names come from outside and may be hostile. */
const MEMO_SIZE = 2_048

interface Remembered {
  readonly candidates: readonly Candidate[]
  /** The answer at every instant, where a single row holds for ever. */
  readonly always: Resolution | undefined
}

/** The price of an event, and the name of the model that it was found by. */
interface Billed {
  readonly resolution: Resolution
  readonly model?: string
}

/** One consistent set of prices; never changes once made. */
class Prices {
  readonly version: string
  readonly models: readonly ModelPrices[]
  readonly #tables: readonly PriceTable[]
  readonly #default: Resolution | undefined
  #memo = new Map<string | undefined, Map<string, Remembered>>()
  #older = new Map<string | undefined, Map<string, Remembered>>()
  #remembered = 0

  constructor(options: PriceBookOptions) {
    const catalogue: Catalogue | undefined =
      options.catalogue === false
        ? undefined
        : options.catalogue
          ? parseCatalogue(options.catalogue)
          : bundledCatalogue()
    const overrides = parseOverrides(options.overrides ?? [])
    const tables = overrides.tables
      .map((models): PriceTable => ({ source: 'override', index: new ModelIndex(models), fallbacks: new Map() }))
      .reverse()
    if (catalogue)
      tables.push({ source: 'catalogue', index: new ModelIndex(catalogue.models), fallbacks: catalogue.fallbacks })
    this.#tables = tables
    this.models = [...[...overrides.tables].reverse().flat(), ...(catalogue?.models ?? [])]
    this.#default = defaultResolution(options.defaultPrice, overrides.defaultRow)
    const names = [
      catalogue?.version,
      overrides.fingerprint,
      options.defaultPrice && this.#default?.priceId.split('/').at(-1),
    ]
    this.version = names.filter((name) => name !== undefined).join('+') || 'none'
  }

  price(event: UsageEvent): PricedFields {
    if (!isRequest(event)) return reportedOnly(event)
    return toFields(event, quote(event, this.#bill(event)?.resolution))
  }

  receipt(event: UsageEvent): PriceReceipt {
    return receiptOf(event, isRequest(event) ? this.#bill(event) : undefined)
  }

  receiptBy(event: UsageEvent, priceId: string): PriceReceipt | undefined {
    if (!isRequest(event)) return undefined
    for (const billed of this.#rows(event)) {
      const { id } = billed.resolution.row
      if (priceId !== id && !priceId.startsWith(`${id}/`)) continue
      const receipt = receiptOf(event, billed)
      if (receipt.fields.priceId === priceId) return receipt
    }
    return undefined
  }

  /** Every row that is of the event's models, whenever it holds. */
  *#rows(event: UsageEvent): Generator<Billed> {
    for (const model of [event.responseModel, event.requestModel]) {
      if (model === undefined) continue
      const { candidates } = this.#candidates(event.provider, model)
      for (const resolution of allRows(candidates, event.timestampMs)) yield { resolution, model }
    }
    if (this.#default) yield { resolution: this.#default }
  }

  resolve(provider: string | undefined, model: string, atMs: number): Resolution | undefined {
    return this.#listed(provider, model, atMs) ?? this.#default
  }

  /** What is billed: the model that answered if it is listed, else the one asked for, else the default. */
  #bill(event: UsageEvent): Billed | undefined {
    const { provider, responseModel, requestModel, timestampMs } = event
    if (responseModel !== undefined) {
      const resolution = this.#listed(provider, responseModel, timestampMs)
      if (resolution) return { resolution, model: responseModel }
    }
    if (requestModel !== undefined) {
      const resolution = this.#listed(provider, requestModel, timestampMs)
      if (resolution) return { resolution, model: requestModel }
    }
    return this.#default && { resolution: this.#default }
  }

  #listed(provider: string | undefined, model: string, atMs: number): Resolution | undefined {
    const { always, candidates } = this.#candidates(provider, model)
    return always ?? rowAt(candidates, atMs)
  }

  #candidates(provider: string | undefined, model: string): Remembered {
    return this.#memo.get(provider)?.get(model) ?? this.#remember(provider, model)
  }

  #remember(provider: string | undefined, model: string): Remembered {
    let remembered = this.#older.get(provider)?.get(model)
    if (remembered === undefined) {
      const candidates = findCandidates(this.#tables, provider, model)
      const rows = candidates[0]?.prices.rows ?? []
      const only = rows[0]
      const constant = rows.length === 1 && only !== undefined && isConstant(only)
      remembered = { candidates, always: constant ? rowAt(candidates, 0) : undefined }
    }
    // a name that no event may carry is not worth a place
    if (model.length > 256 || (provider?.length ?? 0) > 64) return remembered
    if (this.#remembered >= MEMO_SIZE) {
      this.#older = this.#memo
      this.#memo = new Map()
      this.#remembered = 0
    }
    let byModel = this.#memo.get(provider)
    if (byModel === undefined) {
      byModel = new Map()
      this.#memo.set(provider, byModel)
    }
    byModel.set(model, remembered)
    this.#remembered++
    return remembered
  }
}

function receiptOf(event: UsageEvent, billed: Billed | undefined): PriceReceipt {
  const lines: CostLine[] = []
  const priced: Quote = isRequest(event)
    ? quote(event, billed?.resolution, lines)
    : { resolution: undefined, cost: { unpriced: 'no_usage' } }
  const unpriced = 'unpriced' in priced.cost ? priced.cost : undefined
  const aboveInputTokens = 'unpriced' in priced.cost ? undefined : priced.cost.aboveInputTokens
  const askedModel = billed?.model ?? event.responseModel ?? event.requestModel
  return {
    eventId: event.eventId,
    timestampMs: event.timestampMs,
    ...(askedModel !== undefined && { askedModel }),
    ...(event.provider !== undefined && { askedProvider: event.provider }),
    ...(priced.resolution && { resolution: priced.resolution }),
    lines: unpriced ? [] : lines,
    ...(priced.card?.serviceTier !== undefined && { serviceTier: priced.card.serviceTier }),
    multiplierPermille: priced.card?.multiplierPermille ?? 1_000,
    ...(aboveInputTokens !== undefined && { aboveInputTokens }),
    ...(unpriced && { unpriced }),
    fields: isRequest(event) ? toFields(event, priced) : reportedOnly(event),
  }
}

/** Is it of a kind that prices are for? */
export function isRequest(event: UsageEvent): boolean {
  return event.kind === 'llm_request_completed' || event.kind === 'llm_request_failed'
}

function isConstant(row: PriceRow): boolean {
  return row.effectiveFromMs === undefined && row.effectiveToMs === undefined && row.timeOfDay === undefined
}

function defaultResolution(prices: UnitPrices | undefined, row: PriceRow | undefined): Resolution | undefined {
  const chosen = prices ? { id: `override/${fingerprint(JSON.stringify(prices))}`, model: 'default', prices } : row
  return chosen && { row: chosen, model: 'default', match: 'default', source: 'override', priceId: chosen.id }
}

function reportedOnly(event: UsageEvent): PricedFields {
  const reported = event.costReportedNanoUsd
  return reported === undefined ? {} : { costNanoUsd: reported, costBasis: reportedBasis(event) }
}

function reportedBasis(event: UsageEvent): CostBasis {
  return event.costBasis === 'provider' ? 'provider' : 'client'
}

function toFields(event: UsageEvent, { resolution, card, cost }: Quote): PricedFields {
  const reported = event.costReportedNanoUsd
  if ('unpriced' in cost || resolution === undefined || card === undefined) {
    return reported === undefined
      ? { costBasis: 'unpriced' }
      : { costNanoUsd: reported, costBasis: reportedBasis(event) }
  }
  const list = cost.totalNanoUsd
  const fields: Mutable<PricedFields> = {
    costNanoUsd: reported ?? list,
    costInputNanoUsd: cost.inputNanoUsd,
    costOutputNanoUsd: cost.outputNanoUsd,
    costListNanoUsd: list,
    costBasis: reported === undefined ? resolution.source : reportedBasis(event),
    priceId: quotedPriceId(resolution, card, cost),
  }
  // parts that do not concern the request stay absent: the fields still add up
  if (event.cacheReadTokens !== undefined) {
    fields.costCacheReadNanoUsd = cost.cacheReadNanoUsd
    fields.cacheSavingsNanoUsd = cost.cacheSavingsNanoUsd
  }
  if (event.cacheWriteTokens !== undefined || event.cacheWrite1hTokens !== undefined)
    fields.costCacheWriteNanoUsd = cost.cacheWriteNanoUsd
  if (event.units !== undefined || cost.unitsNanoUsd > 0) fields.costUnitsNanoUsd = cost.unitsNanoUsd
  // An answer out of a gateway's own cache costs nothing, which is no other price.
  const isFree = reported === 0 && event.cacheHit === true
  if (reported !== undefined && !isFree && Math.abs(reported - list) > list / 100) fields.mismatch = true
  if (resolution.beforeFirstRow) fields.flagged = 'before_first_row'
  else if (card.unknownServiceTier) fields.flagged = 'unknown_service_tier'
  return fields
}
