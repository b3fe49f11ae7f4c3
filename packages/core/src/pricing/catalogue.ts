import { TallystickError } from '../errors.ts'
import { checkCatalogue } from './catalogue-check.ts'
import { CATALOGUE_JSON } from './generated/catalogue.ts'
import {
  byPrecedence,
  type ContextTier,
  type ModelPrices,
  type PriceRow,
  type UnitPrices,
  type UnitRate,
} from './price.ts'
import { multipliersOf } from './service-tier.ts'

/**
 * The snapshot as `scripts/generate-catalogue.mjs` writes it: integers only, one model a line. A fresher one can be
 * loaded from a file of the same form.
 */
export interface CatalogueData {
  readonly format: 1
  /** npm package the figures come from, its version, and the SHA-256 of its data. */
  readonly source: string
  readonly version: string
  readonly sha256: string
  readonly providers: readonly CatalogueProvider[]
}

export interface CatalogueProvider {
  readonly id: string
  readonly fallbacks?: readonly string[]
  readonly models: readonly CatalogueModel[]
}

/** Id, other names, rows from the oldest to the newest, and the most tokens of input and output together where known. */
export type CatalogueModel = readonly [
  id: string,
  aliases: readonly string[],
  rows: readonly CatalogueRow[],
  contextTokens?: number,
]

export interface CatalogueRow {
  readonly prices: UnitPrices
  /** Ascending thresholds with the prices that differ from `prices`. */
  readonly tiers?: readonly (readonly [aboveInputTokens: number, prices: UnitPrices])[]
  /** Unit -> nano-USD for every so many. */
  readonly units?: Readonly<Record<string, readonly [nanoUsd: number, per: number]>>
  readonly fromMs?: number
  /** Milliseconds of the UTC day. */
  readonly hours?: readonly [fromMs: number, toMs: number]
}

/** A price catalogue ready for lookups. */
export interface Catalogue {
  /** First part of every price id: source version and the start of its hash. */
  readonly version: string
  readonly models: readonly ModelPrices[]
  readonly fallbacks: ReadonlyMap<string, readonly string[]>
}

let bundled: Catalogue | undefined

/** The snapshot this package was built with. Parsed on the first call, a few milliseconds. */
export function bundledCatalogue(): Catalogue {
  bundled ??= build(JSON.parse(CATALOGUE_JSON) as CatalogueData)
  return bundled
}

/**
 * A snapshot from a file.
 *
 * @throws TallystickError `invalid_prices` with everything found wrong with it
 */
export function parseCatalogue(data: CatalogueData): Catalogue {
  const issues = checkCatalogue(data)
  const first = issues[0]
  if (first)
    throw new TallystickError('invalid_prices', `The price catalogue is not valid: ${first.path} ${first.message}`, {
      issues,
    })
  return build(data)
}

function build(data: CatalogueData): Catalogue {
  const version = `${data.version}+${data.sha256.slice(0, 8)}`
  const models: ModelPrices[] = []
  const fallbacks = new Map<string, readonly string[]>()
  for (const provider of data.providers) {
    if (provider.fallbacks) fallbacks.set(provider.id, provider.fallbacks)
    for (const [model, aliases, rows, contextTokens] of provider.models) {
      const multipliers = multipliersOf(provider.id, model)
      const made = rows.map((row, index) => {
        const id = `${version}/${provider.id}/${encodeURIComponent(model)}/${index}`
        return {
          ...makeRow(row, { id, provider: provider.id, model, multipliers }),
          ...(contextTokens !== undefined && { contextTokens }),
        }
      })
      models.push({ source: 'catalogue', provider: provider.id, model, aliases, rows: made.sort(byPrecedence) })
    }
  }
  return { version, models, fallbacks }
}

function makeRow(
  row: CatalogueRow,
  base: Pick<PriceRow, 'id' | 'model' | 'multipliers'> & { provider: string },
): PriceRow {
  const tiers = row.tiers?.map(
    ([aboveInputTokens, prices]): ContextTier => ({ aboveInputTokens, prices: { ...row.prices, ...prices } }),
  )
  const units =
    row.units &&
    new Map(Object.entries(row.units).map(([name, [nanoUsd, per]]): [string, UnitRate] => [name, { nanoUsd, per }]))
  return {
    ...base,
    prices: row.prices,
    ...(tiers && { tiers }),
    ...(units && { units }),
    ...(row.fromMs !== undefined && { effectiveFromMs: row.fromMs }),
    ...(row.hours && { timeOfDay: { fromMs: row.hours[0], toMs: row.hours[1] } }),
  }
}
