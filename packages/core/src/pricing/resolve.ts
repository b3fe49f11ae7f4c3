import { nameForms } from './affixes.ts'
import type { MatchKind, ModelIndex } from './model-index.ts'
import { covers, type ModelPrices, type PriceRow, type PriceSource } from './price.ts'
import { PUBLISHERS, providerId } from './providers.ts'

/** One table that names are looked up in. Tables are asked in order; the first that knows the name wins. */
export interface PriceTable {
  readonly source: PriceSource
  readonly index: ModelIndex
  /** Whose prices hold at a provider for models it does not list itself (Azure sells OpenAI's at OpenAI's). */
  readonly fallbacks: ReadonlyMap<string, readonly string[]>
}

/** A name found in one table, before an instant chooses the row. */
export interface Candidate {
  readonly prices: ModelPrices
  readonly match: MatchKind
}

/** The price of a model at an instant, and how it was found. */
export interface Resolution {
  readonly row: PriceRow
  /** Who bills, as the price table names it; absent where the table does not say. */
  readonly provider?: string
  /** The model whose price it is; not always the one that was asked for. */
  readonly model: string
  readonly match: MatchKind
  readonly source: PriceSource
  readonly priceId: string
  /** The instant lies before the first known price; the first was taken. */
  readonly beforeFirstRow?: true
}

/** A name longer than any model's is not worth the search. */
const MAX_NAME_LENGTH = 256

/**
 * Every table's answer to a name, in the order of the tables.
 *
 * Within a table: the id, an alias, the same for every known form of the name (`affixes.ts`), and a prefix where the
 * table has any. A provider narrows the search to its own list and those it falls back to; without one, publishers are
 * asked in the fixed order of `PUBLISHERS`.
 */
export function findCandidates(
  tables: readonly PriceTable[],
  provider: string | undefined,
  model: string,
): Candidate[] {
  if (model === '' || model.length > MAX_NAME_LENGTH) return []
  const id = providerId(provider)
  const candidates: Candidate[] = []
  const forms = nameForms(model, id)
  for (const table of tables) {
    const candidate = findIn(table, id, model, forms)
    if (candidate) candidates.push(candidate)
  }
  return candidates
}

function findIn(
  table: PriceTable,
  provider: string | undefined,
  model: string,
  forms: ReturnType<typeof nameForms>,
): Candidate | undefined {
  const allowed = provider === undefined ? undefined : withFallbacks(table, provider)
  const anybody =
    allowed ?? (table.source === 'catalogue' ? PUBLISHERS : [undefined, ...PUBLISHERS, ...table.index.providers()])
  for (const form of forms) {
    let searched = anybody
    if (form.provider !== undefined) {
      if (allowed === undefined) searched = withFallbacks(table, form.provider)
      else if (!allowed.includes(form.provider)) continue
    }
    for (const at of searched) {
      const found = table.index.find(at, form.name)
      if (found) return { prices: found.prices, match: form.reduced ? 'suffix' : found.match }
    }
  }
  const prefixed = table.index.findPrefix(model)
  return prefixed && { prices: prefixed, match: 'prefix' }
}

/** In an override table a row without provider holds for all of them, after rows that name this one. */
function withFallbacks(table: PriceTable, provider: string): (string | undefined)[] {
  return [provider, ...(table.fallbacks.get(provider) ?? []), ...(table.source === 'override' ? [undefined] : [])]
}

/**
 * The row that holds at the instant: the first candidate with one that covers it, else the first candidate whose rows
 * all begin later, flagged. Nothing when all rows have ended.
 */
export function rowAt(candidates: readonly Candidate[], atMs: number): Resolution | undefined {
  for (const candidate of candidates) {
    const { rows } = candidate.prices
    for (let index = rows.length - 1; index >= 0; index--) {
      const row = rows[index]
      if (row !== undefined && covers(row, atMs)) return resolution(candidate, row)
    }
  }
  for (const candidate of candidates) {
    const first = candidate.prices.rows[0]
    if (first?.effectiveFromMs !== undefined && atMs < first.effectiveFromMs) {
      return { ...resolution(candidate, first), beforeFirstRow: true }
    }
  }
  return undefined
}

/** Every row of every candidate as if it held at the instant. */
export function* allRows(candidates: readonly Candidate[], atMs: number): Generator<Resolution> {
  for (const candidate of candidates) {
    for (const row of candidate.prices.rows) {
      const found = resolution(candidate, row)
      const early = row === candidate.prices.rows[0] && row.effectiveFromMs !== undefined && atMs < row.effectiveFromMs
      yield early ? { ...found, beforeFirstRow: true } : found
    }
  }
}

function resolution(candidate: Candidate, row: PriceRow): Resolution {
  const { prices, match } = candidate
  const found = { row, model: prices.model, match, source: prices.source, priceId: row.id }
  return prices.provider === undefined ? found : { ...found, provider: prices.provider }
}
