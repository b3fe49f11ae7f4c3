import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClickhouseEngine, startClickhouse } from './start.ts'

describe('the ClickHouse engine of the tests', () => {
  let engine: ClickhouseEngine
  beforeAll(async () => {
    engine = await startClickhouse()
  })
  afterAll(() => engine.stop())

  test('answers the official client: statements, parameters, settings, compression and exceptions', async () => {
    const client = createClient({
      url: engine.url,
      log: { level: ClickHouseLogLevel.OFF },
      compression: { request: true, response: true },
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
    })
    try {
      expect(await client.ping()).toEqual({ success: true })
      await client.command({ query: 'CREATE DATABASE engine_test' })
      await client.command({ query: 'CREATE TABLE engine_test.t (a UInt64, s String) ENGINE = MergeTree ORDER BY a' })
      const rows = [
        ['1', "it's; a \\ \t\n\u0000 é"],
        ['18446744073709551615', ''],
      ]
      await client.insert({ table: 'engine_test.t', values: rows, format: 'JSONCompactEachRow' })
      const ask = async (query: string, query_params: Record<string, unknown>): Promise<unknown> =>
        (await client.query({ query, query_params, format: 'JSONCompactEachRow' })).json()
      expect(await ask('SELECT * FROM engine_test.t ORDER BY a', {})).toEqual(rows)
      expect(
        await ask('SELECT a FROM engine_test.t WHERE s IN {names:Array(String)} AND a < {most:UInt64}', {
          names: [rows[0]?.[1], "o'neill"],
          most: 5,
        }),
      ).toEqual([['1']])
      expect(await ask('SELECT {s:String}', { s: rows[0]?.[1] })).toEqual([[rows[0]?.[1]]])
      await expect(ask('SELECT nothing', {})).rejects.toMatchObject({ code: '47', type: 'UNKNOWN_IDENTIFIER' })
    } finally {
      await client.close()
    }
  })

  test('keeps settings and the database of one statement from the next', async () => {
    const settings = async (query: string): Promise<string> =>
      (await fetch(`${engine.url}/?${query}`, { method: 'POST', body: `SELECT getSetting('max_block_size')` })).text()
    expect(await settings('max_block_size=77')).toBe('77\n')
    expect(await settings('no_such_setting=1')).toMatch(/^Code: 115\. DB::Exception: .*no_such_setting/)
    for (let again = 0; again < 8; again++) expect(await settings('')).not.toBe('77\n')
  })

  test('holds what it has acknowledged over a kill -9', async () => {
    if (!engine.owned) return
    await engine.run('CREATE TABLE kept (a UInt64) ENGINE = MergeTree ORDER BY a')
    await engine.run('INSERT INTO kept VALUES (1), (2)')
    const { url } = engine
    await engine.kill()
    await expect(engine.run('SELECT 1')).rejects.toThrow()
    await engine.restart()
    expect(engine.url).toBe(url)
    expect(await engine.run('SELECT sum(a) FROM kept')).toBe('3\n')
  })

  test('fails as ordered: before a statement, or behind it', async () => {
    if (!engine.owned) return
    await engine.run('CREATE TABLE faulty (a UInt64) ENGINE = MergeTree ORDER BY a')
    await engine.fail({ match: 'INSERT INTO faulty', how: 'refuse' })
    await expect(engine.run('INSERT INTO faulty VALUES (1)')).rejects.toThrow()
    expect(await engine.run('SELECT count() FROM faulty')).toBe('0\n')
    await engine.fail({ match: 'INSERT INTO faulty', how: 'lose_answer' })
    await expect(engine.run('INSERT INTO faulty VALUES (1)')).rejects.toThrow()
    expect(await engine.run('SELECT count() FROM faulty')).toBe('1\n')
    await engine.fail({ match: 'INSERT INTO faulty', how: 'error' })
    await expect(engine.run('INSERT INTO faulty VALUES (1)')).rejects.toThrow('TOO_MANY_PARTS')
  })
})
