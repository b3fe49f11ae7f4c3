import { TallystickError } from '@tallystick/core'
import { MAX_LINE_BYTES } from '@tallystick/core/journal'
import type { Change } from './state.ts'
import { TABLE_NAMES } from './table-maps.ts'

const KNOWN: ReadonlySet<unknown> = new Set(TABLE_NAMES)
/** UTF-8 takes up to three bytes for a UTF-16 unit. */
const MAX_BODY_UNITS = MAX_LINE_BYTES / 3 - 64

/**
 * What a line of the log has beside its frame: one write, all of its changes. A row that is removed has no `row`.
 *
 * @throws TallystickError `too_long`
 */
export function bodyOf(changes: readonly Change[]): string {
  // Cut out of a longer text it is not copied.
  const body = JSON.stringify({ write: changes }).slice(1, -1)
  if (body.length > MAX_BODY_UNITS)
    throw new TallystickError('too_long', `${changes.length} changes are too many to be written at once`)
  return body
}

/**
 * The changes of a line of the log.
 *
 * @throws TallystickError `journal_newer_format` for a table that this version does not have: to pass over it would lose it
 */
export function changesOf({ write }: Readonly<Record<string, unknown>>): readonly Change[] {
  const changes = Array.isArray(write) ? (write as readonly Change[]) : []
  for (const { table } of changes) assertTable(table)
  return changes
}

/** @throws TallystickError `journal_newer_format` */
export function assertTable(name: unknown): void {
  if (KNOWN.has(name)) return
  throw new TallystickError(
    'journal_newer_format',
    `The control state has a table ${JSON.stringify(name)}, which this version does not know.`,
  )
}
