import type { FieldName } from '../fields.ts'

type Separated = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9'

/** The type of `wireName`: `cacheWrite1hTokens` is `cache_write_1h_tokens`. */
type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Separated ? `_${First}` : First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : ''

/** The members of an item as the native wire spells them, before anybody has looked at their values. */
export type WireItem = { readonly [Name in FieldName as SnakeCase<Name>]?: unknown } & {
  /** Same as `request_model`, which wins. */
  readonly model?: unknown
  /** Same as `kind`, which wins; the older systems' name. */
  readonly event_type?: unknown
  /** RFC 3339; `timestamp_ms` wins. */
  readonly timestamp?: unknown
  /** The client's cost in integer micro-USD; `cost_nano_usd` wins. */
  readonly cost_micros?: unknown
  /** The client's cost in USD; the exact spellings win. */
  readonly cost_usd?: unknown
}

/** Names that {@link WireItem} adds to those of the field table. */
export const WIRE_ALIASES: readonly string[] = ['model', 'event_type', 'timestamp', 'cost_micros', 'cost_usd']
