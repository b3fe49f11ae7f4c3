import { TallystickError } from '@tallystick/core'
import type { Connection } from './connection.ts'
import type { Through } from './places.ts'

/** Events of a store that was never told its journal. */
export const NO_JOURNAL = ''

const MAX_JOURNALS = 8_000

/** The number of a journal, given to it the first time it is seen: servers each have a journal, and share the tables. */
export async function numberOfJournal(connection: Connection, journal: string): Promise<number> {
  for (;;) {
    const known = await connection.rows('SELECT number, journal FROM journals')
    const own = known.find(([, name]) => name === journal)
    if (own) return own[0] as number
    // The engine takes the first of several insertions under one token: a number has one journal.
    const number = known.reduce((most, [taken]) => Math.max(most, (taken as number) + 1), 0)
    if (number >= MAX_JOURNALS)
      throw new TallystickError('store_unavailable', `The store has events of ${MAX_JOURNALS} journals; no more fit.`)
    await connection.insert('journals', ['number', 'journal'], [[number, journal]], {
      insert_deduplicate: 1,
      insert_deduplication_token: `journal-${number}`,
    })
  }
}

/** How far each journal has been applied. */
export async function readApplied(connection: Connection): Promise<Through> {
  const rows = await connection.rows('SELECT number, max(ordinal) FROM applied GROUP BY number ORDER BY number')
  return rows.map(([number, ordinal]) => [number as number, Number(ordinal)])
}

export async function noteApplied(connection: Connection, number: number, ordinal: number): Promise<void> {
  await connection.insert('applied', ['number', 'ordinal'], [[number, ordinal]])
}
