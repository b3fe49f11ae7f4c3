import type { FaultFs } from '../../../../core/src/journal/testing/fault-fs.ts'
import { steppingClock } from '../../../../core/src/journal/testing/power-cut.ts'
import { type DurableState, openState, type StateOptions } from '../open.ts'
import type { Change, ControlState } from '../state.ts'
import { applyChanges, emptyTables, TABLE_NAMES, type TableMaps } from '../table-maps.ts'
import { tenant } from './conformance.ts'

export const DIR = '/data/state'

/** Small enough that a short life makes several snapshots and drops segments. */
export const SMALL = { segmentBytes: 900, snapshotBytes: 1_500 }

/** The write of number `n`: a row that tells that it was made, one that all share, one that comes and one that goes. */
export function writeOf(n: number): readonly Change[] {
  return [
    tenant(`w${n}`, 'x'.repeat((n * 37) % 90)),
    { table: 'agents', id: 'shared', row: { id: 'shared', name: `by ${n}`, createdMs: n } },
    { table: 'agents', id: `a${n}`, row: { id: `a${n}`, createdMs: n } },
    { table: 'agents', id: `a${n - 4}`, row: undefined },
  ]
}

export function tablesOf(state: ControlState): TableMaps {
  return Object.fromEntries(TABLE_NAMES.map((table) => [table, state.rows(table)])) as unknown as TableMaps
}

/** What these writes, in their order, make. */
export function madeBy(writes: Iterable<number>): TableMaps {
  const tables = emptyTables()
  for (const n of writes) applyChanges(tables, writeOf(n))
  return tables
}

/** What became of the writes of a life. */
export class Oracle {
  issued = 0
  readonly acked = new Set<number>()
  /** Told to be no part of it. */
  readonly refused = new Set<number>()

  async write(fs: FaultFs, state: ControlState): Promise<void> {
    const n = ++this.issued
    try {
      await state.write(writeOf(n))
      this.acked.add(n)
    } catch {
      // When the power goes nobody is told anything any more.
      if (!fs.crashed) this.refused.add(n)
    }
  }
}

export function openSmall(fs: FaultFs, options: Partial<StateOptions> = {}): Promise<DurableState> {
  return openState({ dir: DIR, fs, clock: steppingClock(), ...SMALL, ...options })
}

/** Writes alone and several at once; whatever fails passes. Undefined if the state did not open. */
export async function live(fs: FaultFs, oracle: Oracle, steps = 24): Promise<DurableState | undefined> {
  let state: DurableState
  try {
    state = await openSmall(fs)
  } catch {
    return undefined
  }
  for (let step = 0; step < steps; step++)
    await Promise.all(Array.from({ length: 1 + (step % 3) }, () => oracle.write(fs, state)))
  return state
}

/** Opens what is left, goes on writing, opens that, and tells every promise that was broken. */
export async function broken(fs: FaultFs, oracle: Oracle): Promise<readonly string[]> {
  const found: string[] = []
  const state = await openSmall(fs)
  const made = [...state.rows('tenants').keys()].map((id) => Number(id.slice(1)))
  for (const n of oracle.acked) if (!made.includes(n)) found.push(`write ${n} was acknowledged and is lost`)
  for (const n of oracle.refused) if (made.includes(n)) found.push(`write ${n} was refused and is there`)
  if (!same(tablesOf(state), madeBy(made))) found.push('a write is there in part')
  const next = oracle.issued + 1
  await state.write(writeOf(next))
  await state.close()
  const again = await openSmall(fs.afterKill())
  if (!same(tablesOf(again), madeBy([...made, next]))) found.push('what was there is not there the next time')
  await again.close()
  return found
}

export function same(a: TableMaps, b: TableMaps): boolean {
  // A row whose removal was taken back comes last.
  const textOf = (rows: ReadonlyMap<string, unknown>): string =>
    JSON.stringify([...rows].sort(([x], [y]) => (x < y ? -1 : 1)))
  return TABLE_NAMES.every((table) => textOf(a[table]) === textOf(b[table]))
}
