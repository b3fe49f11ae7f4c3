import type { Clock } from '@tallystick/core/event'
import type { AuditEntry } from './audit.ts'
import type { Change, ControlState } from './state.ts'

/** So many entries are kept, the newest. */
export const MAX_AUDIT_ENTRIES = 100_000

/** Who did something; a principal is one. */
export interface Actor {
  readonly name: string
  readonly tenantId?: string
}

/** Which entries are wanted. */
export interface AuditRequest {
  readonly limit: number
  /** Only entries older than the one with this id. */
  readonly before?: string
  /** Only what was done by this tenant's principals. */
  readonly tenantId?: string
}

/** Who changed what, and who took something away. */
export interface Audit {
  /**
   * Makes an entry. It is NOT written: the changes are given back, to be written with what they tell of, all or none.
   * They hold the entry itself, and remove the oldest ones beyond {@link MAX_AUDIT_ENTRIES}.
   *
   * @param actor `call.principal`
   * @param action `key.create`, `budget.update`, `events.clear`, ...
   * @param target the id of what it was done to; undefined where there is none
   * @param facts what else is worth knowing; never a secret
   * @example
   * await app.state.write([
   *   { table: 'keys', id: 'k7f3', row: key },
   *   ...app.audit.record(call.principal, 'key.create', 'k7f3', { scopes: 'read' }),
   * ])
   */
  record(actor: Actor, action: string, target?: string, facts?: AuditEntry['facts']): readonly Change[]
  /** Newest first. */
  list(request: AuditRequest): readonly AuditEntry[]
}

/** The audit log of a control state. One of it at a time: it gives out the ids. */
export function createAudit(state: ControlState, clock: Clock, maxEntries: number = MAX_AUDIT_ENTRIES): Audit {
  const rows = state.rows('audit')
  let oldest = Number.POSITIVE_INFINITY
  let newest = 0
  for (const id of rows.keys()) {
    oldest = Math.min(oldest, Number(id))
    newest = Math.max(newest, Number(id))
  }
  return {
    record(actor, action, target, facts) {
      const id = String(++newest)
      oldest = Math.min(oldest, newest)
      const row: AuditEntry = {
        id,
        atMs: clock.now(),
        actor: actor.name,
        ...(actor.tenantId === undefined ? {} : { tenantId: actor.tenantId }),
        action,
        ...(target === undefined ? {} : { target }),
        ...(facts === undefined ? {} : { facts }),
      }
      return [{ table: 'audit', id, row }, ...surplus(rows, maxEntries - 1)]
    },
    list({ limit, before, tenantId }) {
      const found: AuditEntry[] = []
      // Ids are consecutive but for entries that were never written, so none is searched for.
      for (let id = Math.min(newest, Number(before ?? Number.POSITIVE_INFINITY) - 1); id >= oldest; id--) {
        if (found.length >= limit) break
        const entry = rows.get(String(id))
        if (entry !== undefined && (tenantId === undefined || entry.tenantId === tenantId)) found.push(entry)
      }
      return found
    },
  }
}

/** What takes the oldest entries away until no more than `kept` are left. */
function surplus(rows: ReadonlyMap<string, AuditEntry>, kept: number): readonly Change[] {
  const changes: Change[] = []
  if (rows.size <= kept) return changes
  for (const id of rows.keys()) {
    if (rows.size - changes.length <= kept) break
    changes.push({ table: 'audit', id, row: undefined })
  }
  return changes
}
