import type { FieldName } from '@tallystick/core/event'
import type { FilterValue, GroupBy } from '@tallystick/core/query'

/** Values bound to a statement. What comes from outside goes in here and never into the text. */
export class Parameters {
  readonly #reference: (place: number) => string
  readonly values: string[] = []

  /** @param reference how the statement refers to the value at a place, from 1 */
  constructor(reference: (place: number) => string = (place) => `$${place}`) {
    this.#reference = reference
  }

  /** Binds `value` and returns how the statement refers to it. */
  bind(value: string): string {
    this.values.push(value)
    return this.#reference(this.values.length)
  }
}

/** How a group's value comes out of a statement. */
export type GroupDecoder = (value: unknown) => FilterValue

/** An expression to group by, and what turns its values back. */
export interface GroupExpression {
  readonly sql: string
  readonly decode: GroupDecoder
}

/** What is compared with which literals; `also` is another way to match. */
export interface Comparison {
  readonly sql: string
  readonly literals: readonly string[]
  readonly also?: string
}

/** What one engine's SQL says otherwise than another's. Everything else is made once, from the tables. */
export interface Dialect {
  /** Parameters as statements of the engine refer to them. */
  parameters(): Parameters
  /** The quotient, rounded down, of two integers that are not negative; the second is not 0. */
  quotient(a: string, b: string): string
  shiftedRight(a: string, bits: string): string
  /** In 128 bits. */
  wide(a: string): string
  /** In 64, 32 or 16 bits; unknown stays unknown. */
  integer(a: string, bits: 64 | 32 | 16): string
  /** As a number of JavaScript reads it; unknown stays unknown. */
  double(a: string): string
  /** The greatest power of two not above an integer from 1 to 2^53 - 1, as its exponent. */
  exponent(a: string): string
  /** A sum that cannot overflow. Unknown of no values. */
  sum(a: string): string
  count(where?: string): string
  /** All values of a group as a list, in an order that two such lists share. */
  list(a: string): string
  /** A list of integers as one of {@link Dialect.double}. */
  doubles(a: string): string
  /** The number that a row's `rest` has of a field, as a double; unknown where it has none. */
  inRest(field: FieldName): string
  /** A value from our own tables as it stands in a row; undefined when no row can have it. */
  constant(field: FieldName, value: string | boolean): string | undefined
  group(by: GroupBy, parameters: Parameters): GroupExpression
  comparison(by: GroupBy, values: readonly FilterValue[], parameters: Parameters): Comparison
}
