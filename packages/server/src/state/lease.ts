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
  /** `open` and `settled` take room; a settled one until its event is counted. */
  readonly state: 'open' | 'settled' | 'expired' | 'returned'
  readonly createdMs: number
  readonly expiresMs: number
}
