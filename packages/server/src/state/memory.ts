import { TallystickError } from '@tallystick/core'
import type { Change, ControlState, TableName } from './state.ts'
import { applyChanges, emptyTables, type TableMaps } from './table-maps.ts'
import type { Tables } from './tables.ts'

/** A control state that is gone with the process: for a server with a memory store, and for tests. */
export function openMemoryState(): ControlState {
  const tables: TableMaps = emptyTables()
  const listeners = new Set<(changes: readonly Change[]) => void>()
  let closed = false
  return {
    rows: <T extends TableName>(table: T) => tables[table] as ReadonlyMap<string, Tables[T]>,
    async write(changes) {
      if (closed) throw new TallystickError('shutting_down')
      applyChanges(tables, changes)
      for (const listener of listeners) listener(changes)
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      closed = true
    },
  }
}
