import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { FIELD_NAMES, type UsageEvent, wireJson, wireName } from '@tallystick/core/event'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { arbitraryEvent } from '../../../core/src/event/testing/arbitrary.ts'
import { PARQUET_COLUMNS, writeParquet } from './parquet.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parquet-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

async function read(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:')
  try {
    const connection = await instance.connect()
    return (await connection.runAndReadAll(sql)).getRowObjectsJson()
  } finally {
    instance.closeSync()
  }
}

const file = (): string => join(dir, "it's.parquet")

async function write(events: readonly UsageEvent[], names?: readonly string[]): Promise<number> {
  const lines = join(dir, 'events.ndjson')
  writeFileSync(lines, events.map((event) => `${wireJson(event)}\n`).join(''))
  const columns = names?.map(
    (name) => PARQUET_COLUMNS.find((column) => column.name === name) as (typeof PARQUET_COLUMNS)[number],
  )
  return writeParquet(lines, file(), columns)
}

/** The bytes of a text: what reads answers here drops the mark that some texts begin with. */
const hex = (text: string | undefined): string | null =>
  text === undefined ? null : Buffer.from(text).toString('hex').toUpperCase()

const from = (): string => `read_parquet('${file().replaceAll("'", "''")}')`

describe('a Parquet file of events', () => {
  it('has the same sums and the same texts, to the last digit', async () => {
    const events = fc.sample(arbitraryEvent(), { seed: 3, numRuns: 400 })
    expect(await write(events)).toBe(400)
    const [sums] = await read(
      `SELECT count(*) AS n, sum(input_tokens)::VARCHAR AS input, sum(cost_nano_usd)::VARCHAR AS cost FROM ${from()}`,
    )
    const sum = (pick: (event: UsageEvent) => number | undefined): string =>
      events.reduce((total, event) => total + BigInt(pick(event) ?? 0), 0n).toString()
    expect(sums).toEqual({
      n: '400',
      input: sum((event) => event.inputTokens),
      cost: sum((event) => event.costNanoUsd),
    })
    const rows = await read(
      `SELECT hex(event_id) AS event_id, hex(request_model) AS request_model, mcp_servers, detail::VARCHAR AS detail FROM ${from()}`,
    )
    expect(rows.map((row) => row['event_id'])).toEqual(events.map((event) => hex(event.eventId)))
    expect(rows.map((row) => row['request_model'])).toEqual(events.map((event) => hex(event.requestModel)))
    expect(rows.map((row) => row['mcp_servers'])).toEqual(events.map((event) => event.mcpServers ?? null))
    expect(rows.map((row) => (row['detail'] === null ? null : JSON.parse(row['detail'] as string)))).toEqual(
      events.map((event) => event.detail ?? null),
    )
  })

  it('has a typed column for every member, and the instant as a timestamp beside its milliseconds', async () => {
    await write([
      {
        eventId: 'a',
        timestampMs: 1_795_262_400_001,
        kind: 'tool_invocation',
        tags: { ['__proto__']: 'x', Team: 'y', team: 'z' },
        costNanoUsd: Number.MAX_SAFE_INTEGER,
      },
    ])
    const columns = await read(`DESCRIBE SELECT * FROM ${from()}`)
    const typeOf = new Map(columns.map((row) => [row['column_name'], row['column_type']]))
    expect([...typeOf.keys()].filter((name) => name !== 'timestamp')).toEqual(FIELD_NAMES.map(wireName))
    expect(typeOf.get('timestamp')).toBe('TIMESTAMP')
    expect(typeOf.get('cost_nano_usd')).toBe('BIGINT')
    expect(typeOf.get('tags')).toBe('MAP(VARCHAR, VARCHAR)')
    expect(
      await read(
        `SELECT "timestamp"::VARCHAR AS t, cost_nano_usd AS cost, tags['__proto__'] AS own, tags['team'] AS team FROM ${from()}`,
      ),
    ).toEqual([{ t: '2026-11-21 12:00:00.001', cost: String(Number.MAX_SAFE_INTEGER), own: 'x', team: 'z' }])
  })

  it('of no events has its columns all the same, and of some columns only those', async () => {
    expect(await write([])).toBe(0)
    expect(await read(`DESCRIBE SELECT * FROM ${from()}`)).toHaveLength(PARQUET_COLUMNS.length)
    await write([{ eventId: 'a', timestampMs: 5, kind: 'tool_invocation' }], ['timestamp', 'event_id'])
    expect((await read(`DESCRIBE SELECT * FROM ${from()}`)).map((row) => row['column_name'])).toEqual([
      'timestamp',
      'event_id',
    ])
    expect(readdirSync(dir)).toEqual(['events.ndjson', "it's.parquet"])
  })
})
