import type { EventKind } from '@tallystick/core/event'
import type { Connection } from './connection.ts'
import { literal } from './dialect.ts'
import { beyondSql, type Through, withinSql } from './places.ts'
import { SEAL, VERSION, VERSION_FROM } from './schema.ts'

/**
 * What is sealed, expired and cleared. One version follows another; each is a row of table `state`, and of several servers
 * that would write the same one the first succeeds: the engine takes one insertion under the version's number and ignores
 * the rest. What a sealing has written counts once the version that names it is there.
 */
export interface State {
  readonly version: number
  /** Told apart by it, whose insertion succeeded. */
  readonly nonce: number
  /** Cells hold exactly the rows before this instant up to these ordinals. */
  readonly watermarkMs: number
  readonly sealed: Through
  /** Every row before the watermark that is in no cell has this version of its own or a smaller one. */
  readonly lateVersion: number
  /** Cells of these sealings count, and of all between `firstSeal` (not itself) and `baseSeal`. */
  readonly seals: readonly number[]
  readonly firstSeal: number
  readonly baseSeal: number
  /** Rows before this instant have expired, but for late ones. */
  readonly rawFromMs: number
  /** And those of some kinds before this. */
  readonly kindsFromMs: number
  readonly cellsFromMs: number
  /** How many rows have expired since the last clear, and how many clears have removed. */
  readonly expired: number
  readonly cleared: number
  /** Rows that are gone and may still stand in the table. */
  readonly hidden: readonly Hidden[]
  /** Up to which re-pricing of each journal the cells say what rows come to. */
  readonly repriced: Through
  /** Rows of that stretch await the prices that the cells have already. */
  readonly repricing?: { readonly seal: number; readonly fromMs: number; readonly toMs: number } | undefined
}

export interface Hidden {
  /** Absent: whenever. */
  readonly beforeMs?: number
  readonly kind?: EventKind
  readonly through: Through
}

const NOTHING: State = {
  version: 0,
  nonce: 0,
  watermarkMs: 0,
  sealed: [],
  lateVersion: VERSION_FROM,
  seals: [],
  firstSeal: 0,
  baseSeal: 0,
  rawFromMs: 0,
  kindsFromMs: 0,
  cellsFromMs: 0,
  expired: 0,
  cleared: 0,
  hidden: [],
  repriced: [],
}

/** Of several rows under one number the first; there is one. */
const LATEST = 'SELECT body FROM state ORDER BY version DESC, at LIMIT 1'

export async function readState(connection: Connection): Promise<State> {
  const [row] = await connection.rows(LATEST)
  return row === undefined ? NOTHING : { ...NOTHING, ...(JSON.parse(row[0] as string) as State) }
}

/** Sealings between two versions; more than a server can begin. */
const NONCES = 65_536

/** Number of a sealing that version `version + 1` may make count. Greater than those of all versions before. */
export function sealOf({ version }: State, nonce: number): number {
  return (version + 1) * NONCES + nonce
}

/** A number that few others come up with at the same time. */
export const nonceOf = (random: number): number => 1 + (random % (NONCES - 1))

/**
 * Makes `changes` of a state the next version. False when another server was faster: what was done for them counts for
 * nothing.
 */
export async function commitState(
  connection: Connection,
  state: State,
  nonce: number,
  changes: Partial<Omit<State, 'version' | 'nonce'>>,
): Promise<boolean> {
  const version = state.version + 1
  const next: State = { ...state, ...changes, version, nonce }
  await connection.insert('state', ['version', 'body'], [[version, JSON.stringify(next)]], {
    insert_deduplicate: 1,
    insert_deduplication_token: `state-${version}`,
  })
  const [row] = await connection.rows(`SELECT body FROM state WHERE version = ${version} ORDER BY at LIMIT 1`)
  return row !== undefined && (JSON.parse(row[0] as string) as State).nonce === nonce
}

/** Inside a statement: true while nobody has made a newer version, so that who comes too late writes nothing. */
export const currentSql = ({ version }: State): string => `(SELECT coalesce(max(version), 0) FROM state) = ${version}`

/** Cells that count. */
export function sealsSql({ baseSeal, firstSeal, seals }: State): string {
  const recent = seals.length === 0 ? 'false' : `${SEAL} IN (${seals.join(', ')})`
  return baseSeal > firstSeal ? `((${SEAL} > ${firstSeal} AND ${SEAL} <= ${baseSeal}) OR ${recent})` : recent
}

/** Rows before the watermark that no cell holds; for a condition that bounds the instant. */
export function lateSql({ lateVersion, sealed }: State): string {
  return `${VERSION} <= ${lateVersion} AND ${beyondSql(sealed)}`
}

/** Rows that are not gone; undefined when that is all of them. */
export function visibleSql({ hidden }: State): string | undefined {
  if (hidden.length === 0) return undefined
  return hidden.map((of) => `NOT ${hiddenSql(of)}`).join(' AND ')
}

export function hiddenSql({ beforeMs, kind, through }: Hidden): string {
  const parts = [
    ...(beforeMs === undefined ? [] : [`timestamp_ms < ${beforeMs}`]),
    ...(kind === undefined ? [] : [`kind = ${literal(kind)}`]),
    withinSql(through),
  ]
  return `(${parts.join(' AND ')})`
}
