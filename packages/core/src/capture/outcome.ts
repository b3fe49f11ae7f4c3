import type { UsageBasis, UsageEvent } from '../event/index.ts'
import type { AnswerReading } from '../provider/stream/answer-reader.ts'
import type { ExchangeNames } from './exchange-names.ts'

/** Figures that were told before a stream broke off are those of a part of it. */
export function basisOf({ usage, complete }: AnswerReading, streamed: boolean, names: ExchangeNames): UsageBasis {
  if (names.inputTokens !== undefined || names.outputTokens !== undefined) return 'measured'
  if (usage === undefined) return 'unknown'
  // A provider that says what cannot be so is not believed in the rest either; such figures were mended or left out.
  return usage.anomalies.length > 0 || (streamed && !complete) ? 'estimated' : 'measured'
}

/** Content types of answers that come piece by piece. */
export const STREAMS =
  /^(?:text\/event-stream|application\/(?:vnd\.amazon\.eventstream|x-ndjson|ndjson|jsonl|stream\+json))/i

/** A stream that stopped before its end was cut off, which neither side may have noticed. */
export function outcomeOf(
  status: number | undefined,
  { complete, error }: AnswerReading,
  how: Partial<UsageEvent>,
  mustComplete: boolean,
  /** The application says that it failed. */
  told: boolean,
): Partial<UsageEvent> & { readonly success: boolean } {
  if (how.errorType !== undefined) return { ...how, success: false }
  if (status === undefined || status >= 400 || error !== undefined || told) return { success: false }
  if (mustComplete && !complete) return { success: false, errorType: 'truncated' }
  return { success: true }
}
