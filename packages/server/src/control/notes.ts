import { TallystickError } from '@tallystick/core'
import type { AuditEntry } from '../state/audit.ts'
import type { Audit } from '../state/audit-log.ts'
import type { Change, ControlState, TableName } from '../state/state.ts'

/**
 * Tables in which a server that has a copy notes what happens at its own door: that a session is used, that the event of a lease
 * has come, that somebody takes a backup. Whatever is decided, the owner decides.
 */
export const NOTED: readonly TableName[] = ['sessions', 'leases', 'audit']

/** A change of a row, and what the row was for whoever notes it. */
export interface Note {
  readonly change: Change
  readonly was?: unknown
}

/** Notes in one request, at the most. */
export const MOST_NOTES = 100

/**
 * Writes notes of others: an entry of the audit log gets an id of ours; any other row is written if it still is what it was
 * there, and left alone otherwise, since somebody has decided something else meanwhile.
 *
 * @returns how many were written
 * @throws TallystickError `invalid_body`, and what `ControlState.write` rejects with
 */
export async function takeNotes(notes: readonly Note[], state: ControlState, audit: Audit): Promise<number> {
  const changes: Change[] = []
  const seen = new Set<string>()
  let taken = 0
  for (const { change, was } of notes) {
    const { table, id, row } = change
    if (table === 'audit') {
      const { actor, tenantId, action, target, facts } = row as AuditEntry
      changes.push(
        ...audit.record({ name: actor, ...(tenantId === undefined ? {} : { tenantId }) }, action, target, facts),
      )
      taken++
      continue
    }
    const key = JSON.stringify([table, id])
    const known: unknown = state.rows(table).get(id)
    if (seen.has(key) || JSON.stringify(known) !== JSON.stringify(was)) continue
    seen.add(key)
    changes.push(change)
    taken++
  }
  await state.write(changes)
  return taken
}

/**
 * Reads `{"notes": [{"table", "id", "row", "was"}]}`.
 *
 * @throws TallystickError `invalid_body`
 */
export function readNotes(body: unknown): readonly Note[] {
  const { notes } = (typeof body === 'object' && body !== null ? body : {}) as { readonly notes?: unknown }
  if (!Array.isArray(notes) || notes.length > MOST_NOTES)
    throw new TallystickError('invalid_body', `Send {"notes": [...]} with at most ${MOST_NOTES} of them.`)
  return notes.map((note: unknown): Note => {
    const { table, id, row, was } = (typeof note === 'object' && note !== null ? note : {}) as Record<string, unknown>
    if (!(NOTED as readonly unknown[]).includes(table) || typeof id !== 'string' || !isRowOf(table, id, row))
      throw new TallystickError('invalid_body', `A note is about a row of ${NOTED.join(', ')}.`)
    return { change: { table, id, row } as Change, was }
  })
}

function isRowOf(table: unknown, id: string, row: unknown): boolean {
  if (typeof row !== 'object' || row === null) return false
  const members = row as Readonly<Record<string, unknown>>
  if (table === 'audit') return typeof members['actor'] === 'string' && typeof members['action'] === 'string'
  return members['id'] === id
}
