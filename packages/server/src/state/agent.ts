/** Somebody whose traffic nobody else may see. */
export interface Tenant {
  readonly id: string
  readonly name: string
  readonly createdMs: number
}

/** What is known of an agent beside its events. The id is the one name of it that events have, e.g. `agent_42`. */
export interface Agent {
  readonly id: string
  readonly name?: string
  readonly tenantId?: string
  /** The user whose agent it is: that user's Protocol 012 queries see it. */
  readonly ownerId?: string
  readonly createdMs: number
}
