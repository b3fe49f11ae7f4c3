import type { KeyScope } from '../state/key.ts'

/** Whoever a request comes from, once it has been found out. */
export interface Principal {
  /**
   * `local`: a server without keys. `agent`: by a JWT of Protocol 012. `user`: by a user's JWT, a proxy or OpenID Connect.
   * `nobody`: has not said, and a route was asked that does not mind.
   */
  readonly kind: 'local' | 'key' | 'agent' | 'user' | 'nobody'
  /** As the audit log names it, e.g. `key k7f3`. */
  readonly name: string
  /** All that it may do: `admin` comes with the other two. */
  readonly scopes: ReadonlySet<KeyScope>
  /** Sees and writes this tenant's events only. Absent: those of all. */
  readonly tenantId?: string
  /** Sees the events of these agents only. Absent: those of all. */
  readonly agentIds?: ReadonlySet<string>
  /** Events that it sends are this agent's, whatever they say. */
  readonly agentId?: string
  /** The key it bore; events sent with it say so where they name none. */
  readonly keyId?: string
  /** How it said who it is, as `authMethod` of an event names it. Absent: it did not. */
  readonly method?: string
  /** What it has shown is not valid from then on; ms since 1970 UTC. */
  readonly untilMs?: number
  /** Has what it showed been taken back? Absent: it cannot be. */
  readonly withdrawn?: () => boolean
}

const SCOPES: readonly KeyScope[] = ['ingest', 'read', 'admin']

/** Who asks a server that has no keys: may do everything. */
export const LOCAL: Principal = { kind: 'local', name: 'local', scopes: new Set(SCOPES) }

/** Who has not said who it is: may do nothing and sees nothing. */
export const NOBODY: Principal = { kind: 'nobody', name: 'nobody', scopes: new Set(), agentIds: new Set() }

/** What somebody with these scopes may do. */
export function scopesOf(scopes: Iterable<KeyScope>): ReadonlySet<KeyScope> {
  const given = new Set(scopes)
  return given.has('admin') ? new Set(SCOPES) : given
}

/** Does it see the whole server, and not one tenant or some agents of it only? */
export function seesAll({ tenantId, agentIds }: Principal): boolean {
  return tenantId === undefined && agentIds === undefined
}
