import { TallystickError } from '@tallystick/core'
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

/** Whatever runs statements. */
export interface SqlRunner {
  command(statement: string): Promise<void>
  /** Rows as objects. */
  rows(statement: string): Promise<readonly Readonly<Record<string, unknown>>[]>
}

/** How far a database is. */
export interface SchemaProgress {
  /** The last migration of which every step is done; 0 before the first. */
  readonly version: number
  /** The newest of which any step is done. */
  readonly begun: number
}

/** Steps that are done, one row each. Every server of a cluster has all of it. */
const STEPS: TableSpec = {
  name: 'tallystick_schema',
  columns: [
    { name: 'version', type: 'UInt32' },
    { name: 'step', type: 'UInt32' },
    { name: 'steps', type: 'UInt32' },
    { name: 'about', type: 'String' },
    { name: 'done_at', type: "DateTime64(3, 'UTC')", expression: 'DEFAULT now64(3)' },
  ],
  engine: 'ReplacingMergeTree',
  orderBy: ['version', 'step'],
}

/** Where it is written down what is done: before anything else. */
export function schemaOfSchema(placement: Placement): readonly string[] {
  return [createDatabase(placement), ...createTable(STEPS, placement)]
}

/** Every statement of every migration, with what is written down between them: what `migrate` does to an empty database. */
export function wholeSchema(migrations: readonly Migration[], placement: Placement): readonly string[] {
  return [
    ...schemaOfSchema(placement),
    ...migrations.flatMap((migration) => {
      const steps = migration.steps(placement)
      return steps.flatMap((step, at) => [step, doneStatement(migration, at, steps.length, placement)])
    }),
  ]
}

/**
 * Brings a database to the newest version. What a crash left half done is gone on with at the step that is not written down as
 * done; a step that was done and not written down is done once more.
 *
 * @throws TallystickError `store_newer_schema` when a newer version of Tallystick has begun to change it, before anything is done;
 *   whatever the engine says
 */
export async function migrate(
  runner: SqlRunner,
  migrations: readonly Migration[],
  placement: Placement,
): Promise<void> {
  const known = await doneSteps(runner, placement)
  assertNotNewer(known, migrations, placement)
  if (known === undefined) for (const statement of schemaOfSchema(placement)) await runner.command(statement)
  for (const migration of migrations) {
    const steps = migration.steps(placement)
    const done = known?.get(migration.version)
    for (const [at, step] of steps.entries()) {
      if (done?.steps.has(at + 1)) continue
      await runner.command(step)
      await runner.command(doneStatement(migration, at, steps.length, placement))
    }
  }
}

/** @returns undefined where there is no schema of ours */
export async function schemaProgress(runner: SqlRunner, placement: Placement): Promise<SchemaProgress | undefined> {
  const known = await doneSteps(runner, placement)
  if (known === undefined) return undefined
  let version = 0
  while ((known.get(version + 1)?.steps.size ?? -1) >= (known.get(version + 1)?.of ?? 0)) version++
  return { version, begun: Math.max(0, ...known.keys()) }
}

interface Done {
  /** From 1. */
  readonly steps: Set<number>
  readonly of: number
}

async function doneSteps(runner: SqlRunner, { database }: Placement): Promise<ReadonlyMap<number, Done> | undefined> {
  const tables = await runner.rows(
    `SELECT name FROM system.tables WHERE database = ${text(database)} AND name = ${text(STEPS.name)}`,
  )
  if (tables.length === 0) return undefined
  const rows = await runner.rows(
    `SELECT version, step, max(steps) AS steps FROM ${name(database)}.${name(STEPS.name)} GROUP BY version, step`,
  )
  const found = new Map<number, Done>()
  for (const row of rows) {
    const version = Number(row['version'])
    const done = found.get(version) ?? { steps: new Set<number>(), of: Number(row['steps']) }
    done.steps.add(Number(row['step']))
    found.set(version, done)
  }
  return found
}

/** @throws TallystickError `store_newer_schema` */
function assertNotNewer(
  known: ReadonlyMap<number, Done> | undefined,
  migrations: readonly Migration[],
  { database }: Placement,
): void {
  const newest = migrations.at(-1)?.version ?? 0
  const begun = Math.max(0, ...(known?.keys() ?? []))
  if (begun <= newest) return
  throw new TallystickError(
    'store_newer_schema',
    `The database ${database} has version ${begun} of the schema, and this version of Tallystick knows ${newest}.`,
  )
}

function doneStatement({ version, about }: Migration, at: number, steps: number, { database }: Placement): string {
  return `INSERT INTO ${name(database)}.${name(STEPS.name)} (version, step, steps, about) VALUES (${version}, ${at + 1}, ${steps}, ${text(about)})`
}
