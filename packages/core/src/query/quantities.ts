import type { UsageEvent } from '../event/event.ts'
import type { FieldName } from '../event/fields.ts'

/**
 * THE table of quantities: integers that an event carries and that can be summed, averaged and ranked.
 *
 * A quantity is the sum of those of `plus` that the event carries, less those of `minus`; it is unknown (absent) when
 * the event carries none of `plus`. With `per` it is a rate. Every engine evaluates this same rule.
 */
export interface Quantity {
  readonly name: string
  readonly plus: readonly FieldName[]
  readonly minus: readonly FieldName[]
  /**
   * Makes a rate of it: thousandths a second of the time in this field (ms), rounded half up and no more than 2^53 - 1;
   * absent where that time is unknown or 0.
   */
  readonly per?: FieldName
  /** The field is a ratio, 0 to 1: the quantity is it in millionths, rounded half up. */
  readonly millionths?: true
  readonly unit:
    | 'tokens'
    | 'nano_usd'
    | 'ms'
    | 'ms since 1970'
    | 'bytes'
    | 'count'
    | 'milli_tokens_per_second'
    | 'millionths'
  readonly label: string
  /** Is its total worth reporting under the quantity's own name? (A sum of durations is not.) */
  readonly summed: boolean
  /** What rollup cells keep of it beside nothing: sum and count, or also minimum, maximum and a sketch. */
  readonly cells: 'none' | 'sum' | 'sketch'
  /** The quantity that it was equal to on every event while nothing kept this one: what older cells say of it. */
  readonly before?: string
}

const quantity = (
  name: string,
  field: FieldName | readonly FieldName[],
  unit: Quantity['unit'],
  label: string,
  cells: Quantity['cells'],
  more: { minus?: readonly FieldName[]; per?: FieldName; millionths?: true; summed?: boolean; before?: string } = {},
): Quantity => ({
  name,
  plus: typeof field === 'string' ? [field] : field,
  minus: more.minus ?? [],
  ...(more.per === undefined ? {} : { per: more.per }),
  ...(more.millionths === undefined ? {} : { millionths: more.millionths }),
  unit,
  label,
  summed: more.summed ?? true,
  cells,
  ...(more.before === undefined ? {} : { before: more.before }),
})

/** THE table of quantities: what is measured of an event. */
export const QUANTITIES: readonly Quantity[] = [
  quantity('input_tokens', 'inputTokens', 'tokens', 'Input tokens', 'sum'),
  quantity('fresh_input_tokens', 'inputTokens', 'tokens', 'Fresh input tokens', 'sum', {
    minus: ['cacheReadTokens', 'cacheWriteTokens', 'cacheWrite1hTokens'],
  }),
  quantity('cache_read_tokens', 'cacheReadTokens', 'tokens', 'Cache read tokens', 'sum'),
  quantity('cache_write_tokens', 'cacheWriteTokens', 'tokens', 'Cache write tokens', 'sum'),
  quantity('cache_write_1h_tokens', 'cacheWrite1hTokens', 'tokens', 'Cache write tokens (1 h)', 'sum'),
  quantity('output_tokens', 'outputTokens', 'tokens', 'Output tokens', 'sum'),
  quantity('reasoning_tokens', 'reasoningTokens', 'tokens', 'Reasoning tokens', 'sum'),
  quantity('total_tokens', ['totalTokens', 'inputTokens', 'outputTokens'], 'tokens', 'Total tokens', 'sum'),
  quantity('cost_nano_usd', 'costNanoUsd', 'nano_usd', 'Cost', 'sum'),
  quantity('repriced_cost_nano_usd', ['costNanoUsd', 'repricedUpNanoUsd'], 'nano_usd', 'Cost as repriced', 'sum', {
    minus: ['repricedDownNanoUsd'],
    before: 'cost_nano_usd',
  }),
  quantity('cost_input_nano_usd', 'costInputNanoUsd', 'nano_usd', 'Cost of fresh input', 'sum'),
  quantity('cost_cache_read_nano_usd', 'costCacheReadNanoUsd', 'nano_usd', 'Cost of cache reads', 'sum'),
  quantity('cost_cache_write_nano_usd', 'costCacheWriteNanoUsd', 'nano_usd', 'Cost of cache writes', 'sum'),
  quantity('cost_output_nano_usd', 'costOutputNanoUsd', 'nano_usd', 'Cost of output', 'sum'),
  quantity('cost_units_nano_usd', 'costUnitsNanoUsd', 'nano_usd', 'Cost of other units', 'sum'),
  quantity('cost_list_nano_usd', 'costListNanoUsd', 'nano_usd', 'Cost at list price', 'sum'),
  quantity('cost_reported_nano_usd', 'costReportedNanoUsd', 'nano_usd', 'Cost as reported', 'sum'),
  quantity('cache_savings_nano_usd', 'cacheSavingsNanoUsd', 'nano_usd', 'Saved by cache reads', 'sum'),
  quantity('duration_ms', 'durationMs', 'ms', 'Duration', 'sketch', { summed: false }),
  quantity('ttfb_ms', 'ttfbMs', 'ms', 'Time to first byte', 'sketch', { summed: false }),
  quantity('upstream_duration_ms', 'upstreamDurationMs', 'ms', 'Upstream duration', 'none', { summed: false }),
  // Of events when they were: the least is the first of them, the greatest the last.
  quantity('timestamp_ms', 'timestampMs', 'ms since 1970', 'Instant', 'none', { summed: false }),
  quantity('request_bytes', 'requestBytes', 'bytes', 'Request bytes', 'none'),
  quantity('response_bytes', 'responseBytes', 'bytes', 'Response bytes', 'none'),
  quantity('message_count', 'messageCount', 'count', 'Messages', 'none'),
  quantity('prompt_chars', 'promptChars', 'count', 'Prompt characters', 'none'),
  quantity('response_chars', 'responseChars', 'count', 'Response characters', 'none'),
  quantity(
    'output_milli_tokens_per_second',
    'outputTokens',
    'milli_tokens_per_second',
    'Output tokens a second, in thousandths',
    'none',
    { per: 'durationMs', summed: false },
  ),
  quantity(
    'routing_confidence_millionths',
    'routingConfidence',
    'millionths',
    'Routing confidence, in millionths',
    'none',
    { millionths: true, summed: false },
  ),
]

/** Name -> quantity. */
export const QUANTITY_OF: ReadonlyMap<string, Quantity> = new Map(QUANTITIES.map((entry) => [entry.name, entry]))

/**
 * The value of a quantity on an event; undefined when unknown. Never negative for events that passed a door.
 *
 * @example quantityValue(QUANTITY_OF.get('total_tokens')!, { ...event, inputTokens: 3, outputTokens: 4 }) // 7
 */
export function quantityValue(quantity: Quantity, event: UsageEvent): number | undefined {
  let value: number | undefined
  for (const field of quantity.plus) {
    const part = event[field] as number | undefined
    if (part !== undefined) value = (value ?? 0) + part
  }
  if (value === undefined) return undefined
  for (const field of quantity.minus) value -= (event[field] as number | undefined) ?? 0
  if (quantity.millionths) return Math.floor(value * MILLIONTHS + 0.5)
  return quantity.per === undefined ? value : milliPerSecond(value, event[quantity.per] as number | undefined)
}

/** Of these is one whole. */
export const MILLIONTHS = 1_000_000

/** From one a millisecond to thousandths a second. */
export const MILLI_PER_SECOND = 1_000_000

function milliPerSecond(value: number, ms: number | undefined): number | undefined {
  if (ms === undefined || ms === 0) return undefined
  const scaled = value * MILLI_PER_SECOND + Math.floor(ms / 2)
  if (Number.isSafeInteger(scaled)) return Math.floor(scaled / ms)
  const exact = (BigInt(value) * BigInt(MILLI_PER_SECOND) + BigInt(ms) / 2n) / BigInt(ms)
  return exact < Number.MAX_SAFE_INTEGER ? Number(exact) : Number.MAX_SAFE_INTEGER
}
