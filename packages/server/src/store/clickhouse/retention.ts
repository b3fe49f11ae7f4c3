import type { EventKind } from '@tallystick/core/event'
import { EVENT_KINDS } from '@tallystick/core/event'
import { DAY_MS } from '../sql/cellsets.ts'
import { quoted } from '../sql/columns.ts'
import type { PruneRequest } from '../store.ts'
import { EVENTS } from './answer.ts'
import type { Connection } from './connection.ts'
import { readApplied } from './journals.ts'
import { CELL_TABLES, SEAL } from './schema.ts'
import { floorTo, floorToQuarter, insertCells, ROLLUPS } from './seal.ts'
import { commitState, currentSql, type Hidden, hiddenSql, readState, type State, sealOf, visibleSql } from './state.ts'

/** What has expired for good. */
export interface Expiry {
  readonly eventsMs: number
  readonly kindsMs: number
  readonly cellsMs: number
  readonly hidden: readonly Hidden[]
  readonly rows: number
}

const anyOf = (hidden: readonly Hidden[]): string => `(${hidden.map(hiddenSql).join(' OR ')})`

/**
 * What a request comes to, by the rule of the embedded store: rows down to a quarter-hour, cells down to a UTC day, no further
 * than the last sealed day. Undefined when there is nothing to do.
 */
export async function expiryOf(
  connection: Connection,
  state: State,
  { cellsBeforeMs = 0, eventsBeforeMs = 0, kindsBeforeMs = new Map() }: PruneRequest,
): Promise<Expiry | undefined> {
  const floorDay = (instantMs: number): number => floorTo(instantMs, DAY_MS)
  const sealedDayMs = floorDay(state.watermarkMs)
  const cellsMs = Math.min(floorDay(cellsBeforeMs), sealedDayMs)
  const eventsMs = Math.max(cellsMs, Math.min(floorToQuarter(eventsBeforeMs), sealedDayMs))
  // A row that no cell holds yet waits for the next time.
  const through = state.sealed
  const hidden: Hidden[] = eventsMs > 0 ? [{ beforeMs: eventsMs, through }] : []
  let kindsMs = 0
  for (const [kind, instantMs] of kindsBeforeMs as ReadonlyMap<EventKind, number>) {
    const kindMs = Math.min(floorToQuarter(instantMs), sealedDayMs)
    if (kindMs <= eventsMs || !EVENT_KINDS.includes(kind)) continue
    hidden.push({ beforeMs: kindMs, kind, through })
    kindsMs = Math.max(kindsMs, kindMs)
  }
  if (hidden.length === 0) return undefined
  const where = [anyOf(hidden), visibleSql(state)].filter((part) => part !== undefined)
  const [row] = await connection.rows(`SELECT count() FROM ${EVENTS} WHERE ${where.join(' AND ')}`)
  const rows = Number(row?.[0] ?? 0)
  const idle = rows === 0 && cellsMs <= state.cellsFromMs && eventsMs <= state.rawFromMs
  return idle ? undefined : { eventsMs, kindsMs, cellsMs, hidden, rows }
}

/** Keeps what cells need of the rows that go, and hides them; false when another server did something first. */
export async function expire(
  connection: Connection,
  state: State,
  { cellsMs, eventsMs, hidden, kindsMs, rows }: Expiry,
  nonce: number,
): Promise<boolean> {
  const seal = sealOf(state, nonce)
  if (rows > 0) {
    for (const rollup of ROLLUPS) {
      const { expiredLevel: level } = rollup.set
      if (level === undefined) continue
      await insertCells(connection, rollup, level, seal, [anyOf(hidden), visibleSql(state), currentSql(state)])
    }
  }
  return commitState(connection, state, nonce, {
    seals: rows > 0 ? [...state.seals, seal] : state.seals,
    rawFromMs: Math.max(state.rawFromMs, eventsMs),
    kindsFromMs: Math.max(state.kindsFromMs, kindsMs),
    cellsFromMs: Math.max(state.cellsFromMs, cellsMs),
    expired: state.expired + rows,
    hidden: [...state.hidden, ...hidden],
  })
}

/** Hides everything up to what has been applied; false when another server did something first. */
export async function clearAll(connection: Connection, state: State, nonce: number): Promise<boolean> {
  const applied = await readApplied(connection)
  const visible = visibleSql(state)
  const [row] = await connection.rows(
    `SELECT count() FROM ${EVENTS}${visible === undefined ? '' : ` WHERE ${visible}`}`,
  )
  const seal = sealOf(state, nonce)
  return commitState(connection, state, nonce, {
    watermarkMs: 0,
    sealed: applied,
    seals: [],
    firstSeal: seal,
    baseSeal: seal,
    rawFromMs: 0,
    kindsFromMs: 0,
    cellsFromMs: 0,
    expired: 0,
    cleared: state.cleared + state.expired + Number(row?.[0] ?? 0),
    hidden: [{ through: applied }],
  })
}

/**
 * Removes from the tables what is hidden, and then forgets that it was: whatever a crash has cut short is done by the next one
 * who looks.
 */
export async function dropHidden(connection: Connection, nonce: number): Promise<void> {
  const state = await readState(connection)
  if (state.hidden.length === 0) return
  await connection.run(`ALTER TABLE events DELETE WHERE ${anyOf(state.hidden)}`)
  const filled = await connection.rows(
    `SELECT DISTINCT table FROM system.parts WHERE database = currentDatabase() AND active AND rows > 0`,
  )
  const names = new Set(filled.map(([name]) => name))
  for (const { name } of CELL_TABLES) {
    if (names.has(name))
      await connection.run(
        `ALTER TABLE ${quoted(name)} DELETE WHERE t < ${state.cellsFromMs} OR ${SEAL} <= ${state.firstSeal}`,
      )
  }
  // Not made to count when somebody was faster: the next look finds it again.
  await commitState(connection, state, nonce, { hidden: [] })
}

/** So many sealings are named one by one before those that count are all there is. */
const NAMED_SEALS = 40

/** Removes the cells of sealings that came second, so that all of them count and need not be named. */
export async function settleSeals(connection: Connection, nonce: number): Promise<void> {
  const state = await readState(connection)
  if (state.seals.length <= NAMED_SEALS) return
  // The latest stay named: whoever began beside one of them may still be writing.
  const settled = state.seals.slice(0, NAMED_SEALS / 2)
  const baseSeal = Math.max(...settled)
  const lost = `${SEAL} > ${state.baseSeal} AND ${SEAL} <= ${baseSeal} AND ${SEAL} NOT IN (${settled.join(', ')})`
  for (const { name } of CELL_TABLES) {
    const [row] = await connection.rows(`SELECT count() FROM ${quoted(name)} WHERE ${lost}`)
    if (Number(row?.[0] ?? 0) > 0) await connection.run(`ALTER TABLE ${quoted(name)} DELETE WHERE ${lost}`)
  }
  await commitState(connection, state, nonce, { seals: state.seals.slice(NAMED_SEALS / 2), baseSeal })
}
