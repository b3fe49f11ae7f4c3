import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClickhouseEngine, startClickhouse } from '../../../../../test/engines/clickhouse/start.ts'
import { run } from '../../cli/testing/run.ts'
import { openClickhouseStore } from './open.ts'
import { TABLES } from './tables.ts'
import { addressOf } from './testing/open-test-store.ts'

let engine: ClickhouseEngine
beforeAll(async () => {
  engine = await startClickhouse()
}, 60_000)
afterAll(() => engine?.stop())

async function printed(...flags: readonly string[]): Promise<string> {
  const { code, out, err } = await run(['schema', 'clickhouse', ...flags])
  expect([code, err]).toEqual([0, ''])
  return out
}

/** Statements end with a semicolon at the end of a line; none has one elsewhere. */
const statementsOf = (text: string): readonly string[] =>
  text
    .split(/;\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')

const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const columnsOf = (database: string): Promise<string> =>
  engine.run(
    `SELECT table, name, type, default_expression, compression_codec FROM system.columns WHERE database = '${database}' ORDER BY table, position`,
  )
const tablesOf = (database: string): Promise<string> =>
  engine.run(
    `SELECT name, engine, partition_key, sorting_key, primary_key FROM system.tables WHERE database = '${database}' ORDER BY name`,
  )

describe('tallystick schema clickhouse', () => {
  it('prints what a server makes by itself', async () => {
    const [byHand, byStore] = [`by_hand_${process.pid}`, `by_store_${process.pid}`]
    for (const statement of statementsOf(await printed('--database', byHand))) await engine.run(statement)
    const store = await openClickhouseStore({ address: addressOf(engine, byStore), maintainEveryMs: 0 })
    await store.close()
    expect(await columnsOf(byHand)).toBe(await columnsOf(byStore))
    expect(await tablesOf(byHand)).toBe(await tablesOf(byStore))
    // And a server that finds them has nothing to do.
    const again = await openClickhouseStore({ address: addressOf(engine, byHand), maintainEveryMs: 0 })
    expect((await again.stats()).events).toBe(0)
    await again.close()
  })

  it('prints the tables of a cluster as they were looked through', async () => {
    await expect(await printed('--cluster', 'events', '--database', 'tallystick')).toMatchFileSnapshot(
      './testing/schema-of-a-cluster.sql',
    )
  })

  it('prints statements for a cluster that the engine reads, each for all of it', async () => {
    for (const statement of statementsOf(await printed('--cluster', 'events'))) {
      if (statement.startsWith('INSERT INTO')) continue
      expect(await engine.run(`SELECT formatQuery(${literal(statement)}) FORMAT TSVRaw`)).toContain('ON CLUSTER')
    }
  })

  it('spreads events by nothing but what is part of their identity', () => {
    const [events] = TABLES
    const names = new Set(events?.columns.map(({ name }) => name))
    const used = [...(events?.shardBy ?? '').matchAll(/\w+/g)].map(([word]) => word).filter((word) => names.has(word))
    expect(used).not.toEqual([])
    expect(used.filter((column) => !events?.orderBy.includes(column))).toEqual([])
  })

  it('prints JSON, and refuses what is no name', async () => {
    const { cluster, database, statements } = JSON.parse(await printed('--cluster', 'events', '--json')) as {
      readonly cluster: string
      readonly database: string
      readonly statements: readonly string[]
    }
    expect([cluster, database]).toEqual(['events', 'tallystick'])
    expect(statements.length).toBeGreaterThan(TABLES.length)
    expect(await run(['schema', 'clickhouse', '--cluster', 'a; DROP DATABASE b'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('no name'),
    })
  })
})
