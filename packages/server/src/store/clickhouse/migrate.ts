import { TallystickError } from '@tallystick/core'
import type { Connection } from './connection.ts'
import { createDatabase, createTable, name, type Placement, type TableSpec, text } from './ddl.ts'

/** What is done to a database so that it has the next version of the schema. */
export interface Migration {
  /** From 1, each one more than the one before. */
  readonly version: number
  /** For people. */
  readonly about: string
  /**
   * In their order. Each may be run again although it has been done, also by two servers at once; and none takes away what servers
   * of the version before ask for, since those go on: columns and tables are added, and what nobody asks for any more is left to
   * a later version to remove.
   */
  readonly steps: (placement: Placement) => readonly string[]
}

/** Whatever runs statements; rows are lists of values. */
export type SqlRunner = Pick<Connection, 'run' | 'rows'>

/** How far a database is. */
export interface SchemaProgress {
  /** The last version that is there whole; 0 before the first. */
  readonly done: number
  /** The newest that any server has begun to make. */
  readonly begun: number
}

/** Versions that were begun and that are done, a row each. Every server of a cluster has all of it. */
const VERSIONS: TableSpec = {
  name: 'tallystick_schema',
  columns: [
    { name: 'version', type: 'UInt32' },
    { name: 'done', type: 'Bool' },
    { name: 'about', type: 'String' },
    { name: 'at', type: "DateTime64(3, 'UTC')", expression: 'DEFAULT now64(3)' },
  ],
  engine: 'MergeTree',
  orderBy: ['version', 'done'],
}

/** What `migrate` does to a server of ClickHouse without our database, statement by statement. */
export function wholeSchema(migrations: readonly Migration[], placement: Placement): readonly string[] {
  return [
    createDatabase(placement),
    ...createTable(VERSIONS, placement),
    ...migrations.flatMap((migration) => statementsOf(migration, placement)),
  ]
}

/**
 * Brings a database to the newest version. A version that a crash left half done is done again from its first step, which changes
 * nothing where a step has been done.
 *
 * @throws TallystickError `store_newer_schema` when a newer version of Tallystick has begun to change it, before anything is done;
 *   whatever the engine says
 */
export async function migrate(
  runner: SqlRunner,
  migrations: readonly Migration[],
  placement: Placement,
): Promise<void> {
  const known = await schemaProgress(runner, placement)
  assertNotNewer(known?.begun ?? 0, migrations, placement)
  const statements =
    known === undefined
      ? wholeSchema(migrations, placement)
      : migrations.filter(({ version }) => version > known.done).flatMap((one) => statementsOf(one, placement))
  for (const statement of statements) await runner.run(statement)
}

/** @returns undefined where there is no schema of ours */
export async function schemaProgress(runner: SqlRunner, { database }: Placement): Promise<SchemaProgress | undefined> {
  const tables = await runner.rows(
    `SELECT name FROM system.tables WHERE database = ${text(database)} AND name = ${text(VERSIONS.name)}`,
  )
  if (tables.length === 0) return undefined
  const [[done, begun] = [0, 0]] = await runner.rows(
    `SELECT maxIf(version, done), max(version) FROM ${name(database)}.${name(VERSIONS.name)}`,
  )
  return { done: Number(done), begun: Number(begun) }
}

/** Told before the first step, so that servers which do not know the version keep away from what is half done. */
function statementsOf(migration: Migration, placement: Placement): readonly string[] {
  return [note(migration, false, placement), ...migration.steps(placement), note(migration, true, placement)]
}

function note({ version, about }: Migration, done: boolean, { database }: Placement): string {
  return `INSERT INTO ${name(database)}.${name(VERSIONS.name)} (version, done, about) VALUES (${version}, ${done}, ${text(about)})`
}

/** @throws TallystickError `store_newer_schema` */
function assertNotNewer(begun: number, migrations: readonly Migration[], { database }: Placement): void {
  const newest = migrations.at(-1)?.version ?? 0
  if (begun <= newest) return
  throw new TallystickError(
    'store_newer_schema',
    `The database ${database} has version ${begun} of the schema, and this version of Tallystick knows ${newest}.`,
  )
}
