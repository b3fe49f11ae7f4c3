import type { FieldName } from '@tallystick/core/event'
import { compareValues } from '@tallystick/core/query'

/** A string that is new to the dictionary and has yet to be written with the rows that use its code. */
export interface DictionaryEntry {
  readonly field: FieldName
  readonly code: number
  readonly value: string
}

export interface DictionaryLimits {
  /** Most values of one field. */
  readonly valuesPerField: number
  /** Most UTF-16 units of all values together. */
  readonly totalLength: number
}

/**
 * A sender can make up as many models or agents as it likes. Up to these limits a value costs memory for as long as the
 * store is open; beyond them it stands in its row, exact but slower to group by.
 */
export const DICTIONARY_LIMITS: DictionaryLimits = { valuesPerField: 20_000, totalLength: 16 * 1024 * 1024 }

/** The code of a value that the dictionary has no room for. */
export const OVERFLOW_CODE = 0

/** Strings of low-cardinality fields as small integers, both ways. Codes rise from 1 and are never given out twice. */
export class Dictionary {
  readonly #limits: DictionaryLimits
  readonly #codes = new Map<FieldName, Map<string, number>>()
  readonly #values = new Map<FieldName, string[]>()
  readonly #overflowed = new Set<FieldName>()
  #length = 0
  #unsaved: DictionaryEntry[] = []

  constructor(limits: DictionaryLimits = DICTIONARY_LIMITS) {
    this.#limits = limits
  }

  /** Takes an entry that is already on disk. */
  load({ field, code, value }: DictionaryEntry): void {
    if (code === OVERFLOW_CODE) {
      this.#overflowed.add(field)
      return
    }
    this.#codesOf(field).set(value, code)
    this.#valuesOf(field)[code] = value
    this.#length += value.length
  }

  /** The code of `value`, made if there is room; {@link OVERFLOW_CODE} if there is none. */
  code(field: FieldName, value: string): number {
    const codes = this.#codesOf(field)
    const known = codes.get(value)
    if (known !== undefined) return known
    if (codes.size >= this.#limits.valuesPerField || this.#length + value.length > this.#limits.totalLength) {
      this.#overflow(field)
      return OVERFLOW_CODE
    }
    const code = Math.max(1, this.#valuesOf(field).length)
    const entry = { field, code, value }
    this.load(entry)
    this.#unsaved.push(entry)
    return code
  }

  /** The code of a value that has one. */
  find(field: FieldName, value: string): number | undefined {
    return this.#codes.get(field)?.get(value)
  }

  /** The value of a code, or undefined for one never given out. */
  value(field: FieldName, code: number): string | undefined {
    return this.#values.get(field)?.[code]
  }

  /** For each code from 1, the place of its value among the field's values, in the order of `compareValues`. */
  ranks(field: FieldName): readonly number[] {
    const values = (this.#values.get(field) ?? []).slice(1)
    const order = values
      .map((_, index) => index)
      .sort((a, b) => compareValues([values[a] as string], [values[b] as string]))
    const ranks: number[] = []
    order.forEach((index, rank) => {
      ranks[index] = rank
    })
    return ranks
  }

  /** May rows hold values of this field that have no code? */
  overflowed(field: FieldName): boolean {
    return this.#overflowed.has(field)
  }

  /** Entries to write in the same transaction as the rows. They stay here until {@link saved}, so a failed one is repeated. */
  get unsaved(): readonly DictionaryEntry[] {
    return this.#unsaved
  }

  /** The first `count` of them are on disk. */
  saved(count: number): void {
    this.#unsaved = this.#unsaved.slice(count)
  }

  /** Kept as an entry of its own: cells with this code outlive the rows that could tell. */
  #overflow(field: FieldName): void {
    if (this.#overflowed.has(field)) return
    this.#overflowed.add(field)
    this.#unsaved.push({ field, code: OVERFLOW_CODE, value: '' })
  }

  #codesOf(field: FieldName): Map<string, number> {
    let codes = this.#codes.get(field)
    if (codes === undefined) {
      codes = new Map()
      this.#codes.set(field, codes)
    }
    return codes
  }

  #valuesOf(field: FieldName): string[] {
    let values = this.#values.get(field)
    if (values === undefined) {
      values = []
      this.#values.set(field, values)
    }
    return values
  }
}
