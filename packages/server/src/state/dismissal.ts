/** A recommendation that somebody does not want to see again. */
export interface Dismissal {
  /** Of tenant and recommendation; see `dismissalId`. */
  readonly id: string
  /** Whose recommendation it is. Absent: of the whole server. */
  readonly tenantId?: string
  /** By rule and subject, as recommendations name themselves. */
  readonly recommendation: string
  readonly atMs: number
  /** As the audit log names whoever did it. */
  readonly actor: string
  readonly reason?: string
}

/** One tenant's dismissals never hide another's. */
export const dismissalId = (tenantId: string | undefined, recommendation: string): string =>
  JSON.stringify([tenantId ?? null, recommendation])
