/** A range of time in which nothing is pruned, erased or cleared while it stands. */
export interface LegalHold {
  /** Its name. */
  readonly id: string
  readonly name: string
  readonly reason: string
  /** `[fromMs, toMs)`, ms since 1970 UTC; an end that is absent is open. */
  readonly fromMs?: number
  readonly toMs?: number
  readonly createdMs: number
}
