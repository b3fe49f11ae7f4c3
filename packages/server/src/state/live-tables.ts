import type { Change, ControlState, TableName } from './state.ts'
import { applyChanges, emptyTables, type TableMaps } from './table-maps.ts'
import type { Tables } from './tables.ts'

/** The rows as everybody sees them, and who is told when they change. */
export class LiveTables {
  readonly maps: TableMaps
  readonly #listeners = new Set<(changes: readonly Change[]) => void>()
  readonly #onError: (error: unknown) => void

  /** @param onError told what a listener threw: a write that shows must reach the disk whatever becomes of those who are told */
  constructor(onError: (error: unknown) => void, maps: TableMaps = emptyTables()) {
    this.#onError = onError
    this.maps = maps
  }

  rows<T extends TableName>(table: T): ReadonlyMap<string, Tables[T]> {
    return this.maps[table] as ReadonlyMap<string, Tables[T]>
  }

  /** @returns the changes that take these back */
  apply(changes: readonly Change[]): readonly Change[] {
    const undo = applyChanges(this.maps, changes)
    for (const listener of this.#listeners) {
      try {
        listener(changes)
      } catch (error) {
        this.#onError(error)
      }
    }
    return undo
  }

  onChange(listener: Parameters<ControlState['onChange']>[0]): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
