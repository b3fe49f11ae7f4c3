/** Kinds of tokens that providers price apart. Those that write a cache are one, however long it lasts. */
export type BilledTokens = 'fresh_input' | 'cache_read' | 'cache_write' | 'output'

/**
 * What a provider says of a day and a model: its own count of what was used, and what it charges. No event, since what it
 * tells of is in the events already: it stands beside them for reconciliation.
 */
export interface BillRow {
  readonly id: string
  /** Whose account at the provider it is. Absent: of the whole server. */
  readonly tenantId?: string
  readonly provider: string
  /** A day of UTC, e.g. `2026-11-21`. */
  readonly day: string
  /** As the provider spells it. Absent: what it attributes to no model, of which there is one row for each day it told of. */
  readonly model?: string
  /** Absent: the provider's report of usage has not been imported for this. */
  readonly usage?: BilledUsage
  /** Absent: its report of costs has not. */
  readonly cost?: BilledCost
  readonly updatedMs: number
}

export interface BilledUsage {
  /** Absent: the provider does not tell. */
  readonly requests?: number
  readonly tokens: Readonly<Record<BilledTokens, number>>
}

/** Amounts are decimal integers in nano-USD; a credit is negative. */
export interface BilledCost {
  readonly nanoUsd: string
  /** How the amount splits; absent where the provider does not tell. `other` is for what is no tokens: searches, sessions. */
  readonly kinds?: Readonly<Record<BilledTokens | 'other', string>>
  /** From how many amounts of the provider it was added, each rounded to a nano-USD. */
  readonly lines: number
}
