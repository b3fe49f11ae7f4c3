/** What a principal may do: send events, ask for figures, change things. */
export type KeyScope = 'ingest' | 'read' | 'admin'

/** An API key `tsk_<id>_<secret>`. The secret itself is not kept. */
export interface ApiKey {
  /** The part of the key that is no secret. */
  readonly id: string
  readonly name: string
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string
  readonly scopes: readonly KeyScope[]
  /** Absent: of the whole server. */
  readonly tenantId?: string
  /** Events sent with it are this agent's, and only those are seen. */
  readonly agentId?: string
  readonly createdMs: number
  readonly expiresMs?: number
  readonly revokedMs?: number
}

/** A person's browser, after it has shown who it is. */
export interface Session {
  /** SHA-256 of the cookie, hex. */
  readonly id: string
  /** The key it was opened with; it ends when that is revoked. Absent: opened by OpenID Connect. */
  readonly keyId?: string
  /** As the audit log names the person. */
  readonly name: string
  readonly scopes: readonly KeyScope[]
  readonly tenantId?: string
  readonly agentId?: string
  /** Absent: the events of all agents are seen. */
  readonly agentIds?: readonly string[]
  readonly createdMs: number
  readonly expiresMs: number
}
