import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import {
  bucketStartOf,
  bucketStarts,
  type Interval,
  QUANTITY_OF,
  type Quantity,
  quantityValue,
  sketchIndex,
} from '@tallystick/core/query'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readRows } from './chunk-reader.ts'
import { bucketSql, jsonPointer, quantitySql, sketchIndexSql } from './expressions.ts'

let instance: DuckDBInstance
let connection: DuckDBConnection

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:')
  connection = await instance.connect()
})
afterAll(() => instance.closeSync())

const column = async (sql: string, values: readonly number[]): Promise<unknown[]> => {
  const rows = await readRows(
    connection,
    `SELECT ${sql} FROM (SELECT unnest([${values.map((value) => `${value}::BIGINT`)}]) AS v)`,
  )
  return rows.map(([value]) => value)
}

test('the sketch index of the engine is that of sketchIndex over the whole range', async () => {
  const values = new Set<number>([0, 1, 127, 128, 129, Number.MAX_SAFE_INTEGER])
  for (let power = 7; power < 53; power++) {
    for (let near = -2; near <= 2; near++) values.add(2 ** power + near)
    for (const step of [1, 2, 63, 64]) values.add(2 ** power + step * 2 ** (power - 6) - 1)
  }
  const random = fc.sample(fc.oneof(fc.maxSafeNat(), fc.nat(100_000), fc.nat()), { seed: 1, numRuns: 5_000 })
  const all = [...values].filter((value) => value <= Number.MAX_SAFE_INTEGER).concat(random)
  expect(await column(sketchIndexSql('v'), all)).toEqual(all.map(sketchIndex))
  expect(await column(sketchIndexSql('v'), [-1, -500])).toEqual([0, 0])
})

test('a rate of the engine is that of quantityValue, unknown and impossible parts included', async () => {
  const rate = QUANTITY_OF.get('output_milli_tokens_per_second') as Quantity
  const part = fc.option(fc.oneof(fc.nat(5_000), fc.maxSafeNat(), fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER)))
  const pairs = fc.sample(fc.tuple(part, part), { seed: 3, numRuns: 3_000 })
  const literals = pairs.map(([tokens, ms]) => `(${tokens}::BIGINT, ${ms}::BIGINT)`)
  const rows = await readRows(
    connection,
    `SELECT ${quantitySql(rate)} FROM (VALUES ${literals.join(', ')}) AS v(output_tokens, duration_ms)`,
  )
  const expected = pairs.map(([outputTokens, durationMs]) =>
    quantityValue(rate, {
      eventId: 'e',
      timestampMs: 0,
      kind: 'llm_request_completed',
      ...(outputTokens === null ? {} : { outputTokens }),
      ...(durationMs === null ? {} : { durationMs }),
    }),
  )
  expect(rows.map(([value]) => value ?? undefined)).toEqual(expected)
})

test('instants fall into the buckets of bucketStartOf, across changes of daylight saving and months', async () => {
  const cases: readonly [Interval, string, number, number][] = [
    ['1d', 'Europe/Berlin', Date.UTC(2025, 2, 25, 7), Date.UTC(2025, 3, 4, 1)],
    ['1d', 'Europe/Berlin', Date.UTC(2024, 0, 1), Date.UTC(2027, 0, 1)],
    ['3h', 'Australia/Lord_Howe', Date.UTC(2025, 3, 4), Date.UTC(2025, 3, 8)],
    ['1h', 'Australia/Lord_Howe', Date.UTC(2025, 9, 3), Date.UTC(2025, 9, 6)],
    ['1mo', 'Asia/Kathmandu', Date.UTC(2020, 0, 17), Date.UTC(2026, 5, 2)],
    ['1w', 'America/New_York', Date.UTC(2025, 9, 1), Date.UTC(2025, 11, 1)],
    ['15m', 'UTC', Date.UTC(2025, 0, 1) + 77, Date.UTC(2025, 0, 2)],
  ]
  for (const [interval, zone, fromMs, toMs] of cases) {
    const starts = bucketStarts(fromMs, toMs, interval, zone)
    const inner = starts.filter((start) => start > fromMs).flatMap((start) => [start - 1, start])
    const instants = [
      fromMs,
      toMs - 1,
      ...inner,
      ...fc.sample(fc.integer({ min: fromMs, max: toMs - 1 }), { seed: 2, numRuns: 200 }),
    ]
    const found = await column(bucketSql('v', starts, toMs), instants)
    expect(found.map((index) => starts[index as number])).toEqual(
      instants.map((instant) => bucketStartOf(instant, interval, zone)),
    )
  }
})

test('a tag is found under any key', async () => {
  const keys = ['team', 'a.b', 'a/b~c', '~1', '"', "'", '', '0', '*', '$', '[0]', '__proto__', 'ключ', '\u{1f642}']
  for (const key of keys) {
    const json = JSON.stringify(
      Object.fromEntries([
        ['other', 'no'],
        [key, `value of ${key}`],
      ]),
    )
    expect(await readRows(connection, 'SELECT $1 ->> $2', [json, jsonPointer(key)]), key).toEqual([[`value of ${key}`]])
    expect(await readRows(connection, 'SELECT $1 ->> $2', ['{"another":"x"}', jsonPointer(key)]), key).toEqual([[null]])
  }
})
