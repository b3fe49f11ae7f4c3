import type { KeyScope } from '../state/key.ts'

/** Whoever a request comes from, once it has been found out. */
export interface Principal {
  /** `local`: a server without keys. `agent`: by a JWT of Protocol 012. `user`: by a user's JWT, a proxy or OpenID Connect. */
  readonly kind: 'local' | 'key' | 'agent' | 'user'
  /** As the audit log names it, e.g. `key k7f3`. */
  readonly name: string
  readonly scopes: ReadonlySet<KeyScope>
  /** Sees and writes this tenant's events only. Absent: those of all. */
  readonly tenantId?: string
  /** Sees the events of these agents only. Absent: those of all. */
  readonly agentIds?: ReadonlySet<string>
  /** The key it bore; events sent with it say so where they name none. */
  readonly keyId?: string
}

/** Who asks a server that has no keys: may do everything. */
export const LOCAL: Principal = { kind: 'local', name: 'local', scopes: new Set(['ingest', 'read', 'admin']) }
