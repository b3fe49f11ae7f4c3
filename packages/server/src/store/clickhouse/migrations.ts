import { createTable } from './ddl.ts'
import type { Migration } from './migrate.ts'
import { TABLES } from './tables.ts'

/**
 * THE versions of the schema. What has been published stays as it is: a change is a further version, whose steps bring a database
 * of the one before to what `TABLES` says.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    about: 'events, their journals, and cells of what is sealed',
    steps: (placement) => TABLES.flatMap((table) => createTable(table, placement)),
  },
]
