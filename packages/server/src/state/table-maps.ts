import type { Change, TableName } from './state.ts'
import type { Tables } from './tables.ts'

/** Every table as a map by id. */
export type TableMaps = { readonly [T in TableName]: Map<string, Tables[T]> }

export const TABLE_NAMES: readonly TableName[] = [
  'tenants',
  'agents',
  'keys',
  'sessions',
  'budgets',
  'leases',
  'rules',
  'firings',
  'deliveries',
  'audit',
]

export function emptyTables(): TableMaps {
  return {
    tenants: new Map(),
    agents: new Map(),
    keys: new Map(),
    sessions: new Map(),
    budgets: new Map(),
    leases: new Map(),
    rules: new Map(),
    firings: new Map(),
    deliveries: new Map(),
    audit: new Map(),
  }
}

/** @returns the changes that take these back */
export function applyChanges(tables: TableMaps, changes: readonly Change[]): readonly Change[] {
  return changes
    .map((change): Change => {
      const table = tables[change.table] as Map<string, unknown>
      const before = { ...change, row: table.get(change.id) } as Change
      if (change.row === undefined) table.delete(change.id)
      else table.set(change.id, change.row)
      return before
    })
    .reverse()
}
