import type { UsageCounts } from '@tallystick/core/event'

/**
 * What is known of a generation: names and figures, never text. Plain JSON, and every member stands for what some part
 * said; a later part's word counts.
 */
export type GenerationFacts = {
  /** As an event has it: hashed where it is longer than that. */
  readonly id?: string
  readonly traceId?: string
  readonly name?: string
  readonly model?: string
  readonly operation?: string
  readonly environment?: string
  readonly version?: string
  /** Integer ms since 1970 UTC. */
  readonly startMs?: number
  readonly endMs?: number
  readonly firstTokenMs?: number
  /** When its client first spoke of it; stands in for a start that was never told. */
  readonly saidMs?: number
  /** Its level is ERROR. */
  readonly failed?: boolean
  /** It has an output, so it ended, whenever that was. */
  readonly answered?: boolean
  readonly usage?: UsageCounts
  readonly costNanoUsd?: number
}

/** What a trace says of the generations in it. */
export type TraceFacts = {
  readonly userId?: string
  readonly sessionId?: string
  readonly name?: string
  readonly environment?: string
  readonly release?: string
  readonly tags?: Readonly<Record<string, string>>
}

/** Both together, the later one's word counting. */
export function merged<T extends object>(before: T | undefined, after: T): T {
  return before === undefined ? after : { ...before, ...after }
}

/** Has it figures? Without any there is nothing in it that could be lost. */
export function hasFigures({ usage, costNanoUsd }: GenerationFacts): boolean {
  return usage !== undefined || costNanoUsd !== undefined
}

/** Did it end, as far as it was told? */
export function hasEnded({ endMs, answered }: GenerationFacts): boolean {
  return endMs !== undefined || answered === true
}

/** Nothing more is to be waited for. */
export function isWhole(facts: GenerationFacts): boolean {
  return facts.model !== undefined && facts.endMs !== undefined && hasFigures(facts)
}

/** Do they have the same figures, as far as the second has any? */
export function sameFigures(counted: GenerationFacts, said: GenerationFacts): boolean {
  const after = merged(counted, said)
  return JSON.stringify(figuresOf(counted)) === JSON.stringify(figuresOf(after))
}

function figuresOf({ usage = {}, costNanoUsd }: GenerationFacts): unknown {
  return [Object.entries(usage).sort(([a], [b]) => (a < b ? -1 : 1)), costNanoUsd]
}
