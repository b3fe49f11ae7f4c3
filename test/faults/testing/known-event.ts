/** gpt-4o in the built-in catalogue, nano-USD a token. */
const INPUT_PRICE = 2_500
const CACHE_READ_PRICE = 1_250
const OUTPUT_PRICE = 10_000

const MINUTE_MS = 60_000
const DAY_MS = 1_440 * MINUTE_MS
/** Days long past, so that their quarter-hours are sealed; one of them has 23 hours in Berlin. */
const PAST_DAYS = ['2025-03-29', '2025-03-30', '2025-03-31', '2026-02-28', '2026-03-01'].map((day) => Date.parse(day))
const AGENTS = 3

/** One event on the native wire. */
export interface WireEvent {
  readonly event_id: string
  readonly timestamp_ms: number
  readonly provider: string
  readonly model: string
  readonly agent_id: string
  readonly source_id: string
  readonly epoch: number
  readonly seq: number
  readonly input_tokens: number
  readonly cache_read_tokens: number
  readonly output_tokens: number
  readonly duration_ms: number
  readonly cost_nano_usd?: number
}

/** What a query answers for a day, or for all days. */
export interface Totals {
  requests: number
  input_tokens: number
  cache_read_tokens: number
  output_tokens: number
  duration_ms_sum: number
  cost_nano_usd: number
  unpriced_requests: number
}

export const TOTALED: readonly (keyof Totals)[] = [
  'requests',
  'input_tokens',
  'cache_read_tokens',
  'output_tokens',
  'duration_ms_sum',
  'cost_nano_usd',
  'unpriced_requests',
]

/**
 * The event with a number: everything in it follows from the number, so that what was kept can be told from what was
 * made of it. `recentMs` is an instant of the run: one event in eight lies in the half hour before it, not yet sealed.
 */
export function knownEvent(number: number, recentMs: number): WireEvent {
  const input = 100 + ((number * 7_919) % 4_000)
  const past = PAST_DAYS[number % PAST_DAYS.length] as number
  const recent = number % 8 === 7
  return {
    event_id: idOf(number),
    timestamp_ms: recent ? recentMs - (number % 30) * MINUTE_MS : past + ((number * 86_171) % 1_440) * MINUTE_MS,
    provider: 'openai',
    model: number % 11 === 0 ? 'a-model-nobody-sells' : 'gpt-4o',
    agent_id: `agent-of-${number % AGENTS}`,
    source_id: 'oracle',
    epoch: 1,
    seq: number,
    input_tokens: input,
    cache_read_tokens: number % 3 === 0 ? input >> 1 : 0,
    output_tokens: 1 + ((number * 104_729) % 900),
    duration_ms: (number * 31) % 60_000,
    ...(number % 5 === 0 ? { cost_nano_usd: 1_000_000_007 + number } : {}),
  }
}

/** Half of the ids are UUIDs, which the store keeps in another column than text. */
export function idOf(number: number): string {
  if (number % 2 === 0) return `oracle/${number}`
  const hex = number.toString(16).padStart(12, '0')
  return `0199d0c0-0000-7000-8000-${hex}`
}

/** What the event costs, or undefined for a model without a price. */
function costOf(event: WireEvent): number | undefined {
  if (event.cost_nano_usd !== undefined) return event.cost_nano_usd
  if (event.model !== 'gpt-4o') return undefined
  const fresh = event.input_tokens - event.cache_read_tokens
  return fresh * INPUT_PRICE + event.cache_read_tokens * CACHE_READ_PRICE + event.output_tokens * OUTPUT_PRICE
}

/** Totals of events by UTC day (its first instant), computed by plain addition. */
export function totalsByDay(events: Iterable<WireEvent>): Map<number, Totals> {
  const days = new Map<number, Totals>()
  for (const event of events) {
    const day = event.timestamp_ms - (event.timestamp_ms % DAY_MS)
    const totals = days.get(day) ?? noTotals()
    days.set(day, totals)
    const cost = costOf(event)
    totals.requests++
    totals.input_tokens += event.input_tokens
    totals.cache_read_tokens += event.cache_read_tokens
    totals.output_tokens += event.output_tokens
    totals.duration_ms_sum += event.duration_ms
    totals.cost_nano_usd += cost ?? 0
    totals.unpriced_requests += cost === undefined ? 1 : 0
  }
  return days
}

function noTotals(): Totals {
  return {
    requests: 0,
    input_tokens: 0,
    cache_read_tokens: 0,
    output_tokens: 0,
    duration_ms_sum: 0,
    cost_nano_usd: 0,
    unpriced_requests: 0,
  }
}
