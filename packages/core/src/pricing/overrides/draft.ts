import type { PriceRow, UnitPrices } from '../price.ts'

/** A row before it has an id: the id is the fingerprint of what it says. */
export type DraftRow = Omit<PriceRow, 'id' | 'provider' | 'model'>

/** A model as a price file describes it. */
export interface DraftModel {
  readonly provider?: string
  readonly model: string
  readonly aliases?: readonly string[]
  readonly prefix?: true
  readonly rows: readonly DraftRow[]
}

/** What one price file holds. */
export interface DraftTable {
  readonly models: readonly DraftModel[]
  readonly default?: DraftRow
}

export type MutablePrices = { -readonly [K in keyof UnitPrices]: UnitPrices[K] }
