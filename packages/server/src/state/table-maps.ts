import type { Change, TableName } from './state.ts'
import type { Tables } from './tables.ts'

/** Every table as a map by id. */
export type TableMaps = { readonly [T in TableName]: Map<string, Tables[T]> }

export function emptyTables(): TableMaps {
  return {
    tenants: new Map(),
    agents: new Map(),
    keys: new Map(),
    sessions: new Map(),
    budgets: new Map(),
    leases: new Map(),
    bills: new Map(),
    rules: new Map(),
    firings: new Map(),
    deliveries: new Map(),
    dismissals: new Map(),
    audit: new Map(),
    repricings: new Map(),
    telemetryCourses: new Map(),
    telemetryStandings: new Map(),
    generations: new Map(),
    traces: new Map(),
    holds: new Map(),
    views: new Map(),
    reportSchedules: new Map(),
    reportRuns: new Map(),
  }
}

/** In the order in which a snapshot has them. */
export const TABLE_NAMES: readonly TableName[] = Object.keys(emptyTables()) as TableName[]

/** @returns the changes that take these back */
export function applyChanges(tables: TableMaps, changes: readonly Change[]): readonly Change[] {
  const undo = changes.map(({ table: name, id, row }) => {
    const table = tables[name] as Map<string, unknown>
    const before = table.get(id)
    if (row === undefined) table.delete(id)
    else table.set(id, row)
    return { table: name, id, row: before } as Change
  })
  return undo.reverse()
}
