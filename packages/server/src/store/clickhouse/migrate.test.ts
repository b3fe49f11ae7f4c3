import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClickhouseEngine, startClickhouse } from '../../../../../test/engines/clickhouse/start.ts'
import { addColumns, createTable, type Placement, type TableSpec } from './ddl.ts'
import { type Migration, migrate, type SqlRunner, schemaProgress, wholeSchema } from './migrate.ts'

const EVENTS: TableSpec = {
  name: 'events',
  columns: [
    { name: 'id', type: 'UInt128' },
    { name: 'amount', type: 'Int64', codec: 'Delta, ZSTD(1)' },
  ],
  engine: 'ReplacingMergeTree',
  orderBy: ['id'],
  shardBy: 'id',
}
const TOTALS: TableSpec = {
  name: 'totals',
  columns: [{ name: 'day', type: 'Date' }],
  engine: 'MergeTree',
  orderBy: ['day'],
}
const TAG = { name: 'tag', type: 'LowCardinality(String)', expression: "DEFAULT 'none'" }

const MIGRATIONS: readonly Migration[] = [
  { version: 1, about: 'events', steps: (placement) => createTable(EVENTS, placement) },
  {
    version: 2,
    about: "tags; totals of days: it's both",
    steps: (placement) => [...addColumns(EVENTS, [TAG], placement), ...createTable(TOTALS, placement)],
  },
]

let engine: ClickhouseEngine
let databases = 0
beforeAll(async () => {
  engine = await startClickhouse()
}, 60_000)
afterAll(() => engine.stop())

const fresh = (): Placement => ({ database: `migrate_${++databases}_${process.pid}` })

const runner: SqlRunner = {
  async run(statement) {
    await engine.run(statement)
  },
  async rows(statement) {
    const text = await engine.run(`${statement} FORMAT JSONCompactEachRow`)
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as readonly unknown[])
  },
}

/** A server that is killed at a statement: before it is run, or behind it. */
function killedAt(statement: number, ran: boolean): SqlRunner & { readonly statements: () => number } {
  let at = 0
  return {
    rows: runner.rows,
    statements: () => at,
    async run(text) {
      if (++at === statement && !ran) throw new Error('killed')
      await runner.run(text)
      if (at === statement) throw new Error('killed')
    },
  }
}

async function shapeOf({ database }: Placement): Promise<string> {
  return engine.run(
    `SELECT table, name, type, default_expression FROM system.columns WHERE database = '${database}' ORDER BY table, position`,
  )
}

describe('migrations of the ClickHouse schema', () => {
  it('bring an empty database to the newest version, and do nothing to one that has it', async () => {
    const placement = fresh()
    expect(await schemaProgress(runner, placement)).toBeUndefined()
    await migrate(runner, MIGRATIONS, placement)
    expect(await schemaProgress(runner, placement)).toEqual({ done: 2, begun: 2 })
    const again = killedAt(1, false)
    await migrate(again, MIGRATIONS, placement)
    expect(again.statements()).toBe(0)
  })

  it('give the same when they are killed at any statement, before or behind it, and run again', async () => {
    const whole = fresh()
    const counted = killedAt(0, false)
    await migrate(counted, MIGRATIONS, whole)
    const statements = counted.statements()
    expect(statements).toBeGreaterThan(6)
    for (let at = 1; at <= statements; at++) {
      for (const ran of [false, true]) {
        const placement = fresh()
        await expect(migrate(killedAt(at, ran), MIGRATIONS, placement)).rejects.toThrow('killed')
        await migrate(runner, MIGRATIONS, placement)
        expect(await schemaProgress(runner, placement)).toEqual({ done: 2, begun: 2 })
        expect(await shapeOf(placement), `${at} ${ran}`).toBe(await shapeOf(whole))
      }
    }
  }, 60_000)

  it('may be run by several servers at once', async () => {
    const placement = fresh()
    await Promise.all([1, 2, 3].map(() => migrate(runner, MIGRATIONS, placement)))
    expect(await schemaProgress(runner, placement)).toEqual({ done: 2, begun: 2 })
  })

  it('leave servers of the version before at work', async () => {
    const placement = fresh()
    const { database } = placement
    const old = `INSERT INTO ${database}.events (id, amount) VALUES`
    await migrate(runner, MIGRATIONS.slice(0, 1), placement)
    await engine.run(`${old} (1, 10)`)
    await migrate(runner, MIGRATIONS, placement)
    await engine.run(`${old} (2, 20)`)
    expect(await engine.run(`SELECT id, amount, tag FROM ${database}.events ORDER BY id`)).toBe(
      '1\t10\tnone\n2\t20\tnone\n',
    )
  })

  it('are refused to a version that does not know them, also half done, before anything is changed', async () => {
    const placement = fresh()
    await expect(migrate(killedAt(8, true), MIGRATIONS, placement)).rejects.toThrow('killed')
    expect(await schemaProgress(runner, placement)).toEqual({ done: 1, begun: 2 })
    const older = killedAt(1, false)
    await expect(migrate(older, MIGRATIONS.slice(0, 1), placement)).rejects.toMatchObject({
      code: 'store_newer_schema',
      message: expect.stringContaining('version 2'),
    })
    expect(older.statements()).toBe(0)
  })

  it('stand written down whole for a cluster, in words that the engine reads', async () => {
    const statements = wholeSchema(MIGRATIONS, { database: "an 'odd' one", cluster: 'the `one`' })
    for (const statement of statements) {
      if (statement.startsWith('INSERT')) continue
      const read = await engine.run(`SELECT formatQuery(${quoted(statement)}) FORMAT TSVRaw`)
      expect(read).toContain('ON CLUSTER')
    }
    expect(statements.join(';\n\n')).toMatchInlineSnapshot(`
      "CREATE DATABASE IF NOT EXISTS \`an 'odd' one\` ON CLUSTER \`the \\\`one\\\`\`;

      CREATE TABLE IF NOT EXISTS \`an 'odd' one\`.\`tallystick_schema\` ON CLUSTER \`the \\\`one\\\`\`
      (
        \`version\` UInt32,
        \`done\` Bool,
        \`about\` String,
        \`at\` DateTime64(3, 'UTC') DEFAULT now64(3)
      )
      ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/all', '{shard}-{replica}')
      ORDER BY (version, done);

      INSERT INTO \`an 'odd' one\`.\`tallystick_schema\` (version, done, about) VALUES (1, false, 'events');

      CREATE TABLE IF NOT EXISTS \`an 'odd' one\`.\`events_local\` ON CLUSTER \`the \\\`one\\\`\`
      (
        \`id\` UInt128,
        \`amount\` Int64 CODEC(Delta, ZSTD(1))
      )
      ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{database}/{table}/{shard}', '{replica}')
      ORDER BY id;

      CREATE TABLE IF NOT EXISTS \`an 'odd' one\`.\`events\` ON CLUSTER \`the \\\`one\\\`\`
      AS \`an 'odd' one\`.\`events_local\`
      ENGINE = Distributed('the \`one\`', 'an \\'odd\\' one', 'events_local', id);

      INSERT INTO \`an 'odd' one\`.\`tallystick_schema\` (version, done, about) VALUES (1, true, 'events');

      INSERT INTO \`an 'odd' one\`.\`tallystick_schema\` (version, done, about) VALUES (2, false, 'tags; totals of days: it\\'s both');

      ALTER TABLE \`an 'odd' one\`.\`events_local\` ON CLUSTER \`the \\\`one\\\`\`
        ADD COLUMN IF NOT EXISTS \`tag\` LowCardinality(String) DEFAULT 'none';

      ALTER TABLE \`an 'odd' one\`.\`events\` ON CLUSTER \`the \\\`one\\\`\`
        ADD COLUMN IF NOT EXISTS \`tag\` LowCardinality(String) DEFAULT 'none';

      CREATE TABLE IF NOT EXISTS \`an 'odd' one\`.\`totals\` ON CLUSTER \`the \\\`one\\\`\`
      (
        \`day\` Date
      )
      ENGINE = ReplicatedMergeTree('/clickhouse/tables/{database}/{table}/all', '{shard}-{replica}')
      ORDER BY day;

      INSERT INTO \`an 'odd' one\`.\`tallystick_schema\` (version, done, about) VALUES (2, true, 'tags; totals of days: it\\'s both')"
    `)
  })
})

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
