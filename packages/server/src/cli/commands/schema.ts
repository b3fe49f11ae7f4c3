import { TallystickError } from '@tallystick/core'
import { examples, type RegisterCommand } from '../command.ts'

interface Options {
  readonly cluster?: string
  readonly database: string
  readonly json?: boolean
}

/** What ClickHouse lets stand for a cluster, and the store for a database, without quotes. */
const NAME = /^[A-Za-z_][\w.-]{0,63}$/

/** `tallystick schema clickhouse`: the statements that make the tables, for whoever makes them by hand. */
export const registerSchema: RegisterCommand = (program, terminal) => {
  const group = examples(program.command('schema').description('print what makes the tables of a store'), [
    'tallystick schema clickhouse',
  ])
  const command = group
    .command('clickhouse')
    .description('the tables of ClickHouse as SQL: of one server, or of a cluster; see docs/cluster.md')
    .option('--cluster <name>', 'make them on every server of this cluster, replicated and spread over its shards')
    .option('--database <name>', 'where they are', 'tallystick')
    .option('--json', 'print the statements as JSON')
  examples(command, [
    'tallystick schema clickhouse | clickhouse-client --multiquery',
    'tallystick schema clickhouse --cluster events --database tallystick > schema.sql',
  ])
  command.action(async () => {
    const { database, cluster, json } = command.opts<Options>()
    for (const [flag, value] of Object.entries({ database, cluster }))
      if (value !== undefined && !NAME.test(value))
        throw new TallystickError(
          'usage',
          `--${flag} ${JSON.stringify(value)} is no name: use letters, digits and underscores.`,
        )
    const { wholeSchema } = await import('../../store/clickhouse/migrate.ts')
    const { MIGRATIONS } = await import('../../store/clickhouse/migrations.ts')
    const statements = wholeSchema(MIGRATIONS, { database, ...(cluster === undefined ? {} : { cluster }) })
    terminal.out(
      json === true
        ? `${JSON.stringify({ database, cluster: cluster ?? null, statements }, null, 2)}\n`
        : `${statements.map((statement) => `${statement};`).join('\n\n')}\n`,
    )
  })
}
