import { setTimeout as sleep } from 'node:timers/promises'
import { CELL_SETS, cellTable, storedLevels } from '../sql/cellsets.ts'
import { quoted } from '../sql/columns.ts'
import type { EraseRequest } from '../store.ts'
import { EVENTS } from './answer.ts'
import type { Connection } from './connection.ts'
import { PLACE, PLACES } from './schema.ts'
import { type State, visibleSql } from './state.ts'

/** The tables of cells that tell users apart. */
const USER_CELLS: readonly string[] = CELL_SETS.filter(({ dimensions }) =>
  dimensions.some(({ name }) => name === 'user_id'),
).flatMap((cells) => storedLevels(cells).map((level) => cellTable(cells, level)))

/** How often it is looked whether the engine has removed what it no longer needs, and for how long at most, ms. */
const LOOK_EVERY_MS = 100
const LOOK_FOR_MS = 60_000

/**
 * Puts the pseudonym in the place of the user in rows and cells.
 *
 * Whose name it is stands in a table for as long as it takes: a statement would be kept, name and all, in the engine's files
 * of what it has done. Parts of before are removed before this ends. Of other journals every row is meant: their servers erase
 * by their own journal only what comes later.
 */
export async function eraseUser(
  connection: Connection,
  state: State,
  journal: number,
  { pseudonym, tenantId, throughOrdinal, userId }: EraseRequest,
): Promise<number> {
  const base = journal * PLACES
  await connection.run('TRUNCATE TABLE erasing')
  await connection.insert('erasing', ['user_id', 'tenant_id', 'pseudonym'], [[userId, tenantId ?? null, pseudonym]])
  try {
    const isUser = 'user_id IN (SELECT user_id FROM erasing)'
    const ofTenant =
      tenantId === undefined
        ? 'true'
        : tenantId === null
          ? 'tenant_id IS NULL'
          : 'tenant_id IN (SELECT assumeNotNull(tenant_id) FROM erasing)'
    const before = `NOT (${PLACE} > ${base + throughOrdinal} AND ${PLACE} <= ${base + PLACES - 1})`
    const where = `${isUser} AND ${ofTenant}`
    const visible = visibleSql(state)
    const [row] = await connection.rows(
      `SELECT count() FROM ${EVENTS} WHERE ${where} AND ${before}${visible === undefined ? '' : ` AND ${visible}`}`,
    )
    const replace = 'UPDATE user_id = (SELECT any(pseudonym) FROM erasing)'
    const settings = { allow_nondeterministic_mutations: 1 } as const
    for (const [table, condition] of [
      ['events', `${where} AND ${before}`],
      ...USER_CELLS.map((name) => [name, where]),
    ]) {
      const [found] = await connection.rows(`SELECT count() FROM ${quoted(table as string)} WHERE ${condition}`)
      if (Number(found?.[0] ?? 0) === 0) continue
      await connection.run(`ALTER TABLE ${quoted(table as string)} ${replace} WHERE ${condition}`, { settings })
    }
    await dropOldParts(connection)
    return Number(row?.[0] ?? 0)
  } finally {
    await connection.run('TRUNCATE TABLE erasing')
  }
}

/** The engine keeps parts that others have replaced for some minutes; until they are gone, so is not the name. */
async function dropOldParts(connection: Connection): Promise<void> {
  const tables = ['events', ...USER_CELLS]
  const names = tables.map((name) => `'${name}'`).join(', ')
  for (const name of tables) await connection.run(`ALTER TABLE ${quoted(name)} MODIFY SETTING old_parts_lifetime = 0`)
  try {
    for (let waited = 0; waited < LOOK_FOR_MS; waited += LOOK_EVERY_MS) {
      const [row] = await connection.rows(
        `SELECT count() FROM system.parts WHERE database = currentDatabase() AND NOT active AND table IN (${names})`,
      )
      if (Number(row?.[0] ?? 0) === 0) return
      await sleep(LOOK_EVERY_MS)
    }
  } finally {
    for (const name of tables) await connection.run(`ALTER TABLE ${quoted(name)} RESET SETTING old_parts_lifetime`)
  }
}
