/** Room in budgets that was promised to one request before its cost is known. */
export interface Lease {
  readonly id: string
  /** The caller's own name for the request: asked again with it, the same lease is answered. */
  readonly requestId: string
  readonly tenantId?: string
  readonly agentId?: string
  /** Every budget that it takes room in. */
  readonly budgetIds: readonly string[]
  /** Decimal integers: what was promised, and what has been spent of it, in nano-USD and in tokens. */
  readonly reservedNanoUsd: string
  readonly reservedTokens: string
  readonly settledNanoUsd?: string
  readonly settledTokens?: string
  /** What was asked for, where less was granted. */
  readonly askedNanoUsd?: string
  readonly askedTokens?: string
  /** A unit that nobody bounded takes no room in budgets of that unit. */
  readonly unbounded?: 'nano_usd' | 'tokens'
  /** What the request is about, as far as it was said; its event says so where it says nothing else. */
  readonly apiKeyId?: string
  readonly userId?: string
  readonly provider?: string
  readonly model?: string
  readonly tags?: Readonly<Record<string, string>>
  /** Its event stands in the figures: it takes no room any more. */
  readonly counted?: true
  /** `open` and `settled` take room; a settled one until its event is counted. */
  readonly state: 'open' | 'settled' | 'expired' | 'returned'
  readonly createdMs: number
  /** Until when it takes room at the most. */
  readonly expiresMs: number
  /** When it was settled, returned or expired. */
  readonly endedMs?: number
}
