import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { FIELDS, type FieldName, wireName } from '@tallystick/core/event'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { gzipOfZeros } from './testing/bomb.ts'
import { expectExactly, lawOf, query } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { type BadItem, Intake } from './testing/intake.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

/** Generous: twice what the process has been seen to take. */
const MOST_MIB = 600
const EVENTS_IN_ONE_BODY = 100_000

let dataDir: string
let server: ServerProcess
let intake: Intake
const client = new HttpClient()

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'bad-input-'))
  server = await ServerProcess.start(dataDir)
  intake = new Intake(client, server.url)
})

/** After every kind of nonsense: the process lives, its law balances, and it counts what it said it counts. */
afterEach(async () => {
  expect(server.alive).toBe(true)
  const rejected = Object.fromEntries(intake.rejected)
  expect(await lawOf(client, server.url)).toMatchObject({
    balanced: true,
    server: {
      received:
        intake.accepted.length +
        intake.duplicates +
        intake.conflicts +
        Object.values(rejected).reduce((sum, count) => sum + count, 0),
      accepted: intake.accepted.length,
      duplicate: intake.duplicates,
      conflict: intake.conflicts,
      rejected,
      failed: 0,
      in_flight: 0,
    },
  })
  expect(server.memory().peakMib).toBeLessThan(MOST_MIB)
})

afterAll(async () => {
  await endServers()
  rmSync(dataDir, { recursive: true })
})

/** What is no number of the kind wanted, as JSON text. */
const NO_INTEGERS: readonly { readonly text: string; readonly code: string }[] = [
  { text: '"NaN"', code: 'invalid_type' },
  { text: '"12"', code: 'invalid_type' },
  { text: 'true', code: 'invalid_type' },
  { text: '{}', code: 'invalid_type' },
  { text: '[7]', code: 'invalid_type' },
  { text: '1.5', code: 'not_an_integer' },
  { text: '1e-7', code: 'not_an_integer' },
  { text: '-1', code: 'out_of_range' },
  { text: '1e400', code: 'out_of_range' },
  { text: '-1e400', code: 'out_of_range' },
  { text: '9007199254740993', code: 'out_of_range' },
]

const numbersOf = (type: 'integer' | 'ratio'): FieldName[] =>
  (Object.keys(FIELDS) as FieldName[]).filter((name) => FIELDS[name].type === type)

/** The code for a field: instants have one of their own, and a ratio may be a fraction but nothing above 1. */
function codeFor(field: FieldName, code: string, text: string): string | undefined {
  if (field === 'timestampMs' && code === 'out_of_range') return 'timestamp_out_of_range'
  if (FIELDS[field].type === 'ratio' && code === 'not_an_integer') return text === '1.5' ? 'out_of_range' : undefined
  return code
}

const badNumbers = (field: FieldName): BadItem[] =>
  NO_INTEGERS.flatMap(({ text, code }) => {
    const wire = wireName(field)
    const expected = codeFor(field, code, text)
    return expected === undefined ? [] : [{ json: intake.eventWith(wire, text), code: expected, field: wire }]
  })

test('every number that is none is refused by its field, and the events beside it are accepted', async () => {
  const fields = [...numbersOf('integer'), ...numbersOf('ratio')]
  expect(fields.length).toBeGreaterThan(30)
  for (const field of fields) await intake.refusesItems(badNumbers(field))

  const aliases = ['cost_micros', 'cost_usd'].flatMap((field) =>
    ['"12"', '-1', '1e400'].map((text) => ({
      json: intake.eventWith(field, text),
      code: text === '"12"' ? 'invalid_type' : 'out_of_range',
      field,
    })),
  )
  const nested = NO_INTEGERS.map(({ text, code }) => ({
    json: intake.eventWith('units', `{"web_searches":${text}}`),
    code,
    field: 'units.web_searches',
  }))
  await intake.refusesItems([...aliases, ...nested])
})

test('numbers that JSON does not have cost their line, or the body where there are no lines', async () => {
  for (const text of ['NaN', 'Infinity', '-Infinity', 'undefined', '+1', '.5', '0x10', '01']) {
    const item = intake.eventWith('input_tokens', text)
    await intake.refusesBody(`[${JSON.stringify(intake.event())},${item}]`, { status: 400, code: 'invalid_json' })
    await intake.refusesItems([{ json: item, code: 'invalid_json' }], 'ndjson')
  }
})

test('ids that are empty, too long or no text are refused; the longest is accepted', async () => {
  const bad = (text: string, code: string): BadItem => ({
    json: intake.eventWith('event_id', text),
    code,
    field: 'event_id',
  })
  await intake.refusesItems([
    bad('""', 'empty_value'),
    bad(JSON.stringify('x'.repeat(129)), 'too_long'),
    bad(JSON.stringify('\u00e9'.repeat(65)), 'too_long'),
    bad(JSON.stringify('x'.repeat(1_000_000)), 'too_long'),
    bad('"\\ud800"', 'invalid_text'),
    bad('"nul\\u0000"', 'invalid_text'),
    bad('12', 'invalid_type'),
    bad('{}', 'invalid_type'),
  ])
  await intake.accepts([
    intake.event({ event_id: 'x'.repeat(128) }),
    intake.event({ event_id: '\u00e9'.repeat(64) }),
    intake.event({ event_id: '__proto__' }),
    intake.event({ event_id: 'constructor' }),
  ])
})

test('an id that comes again is a duplicate with the same content and a conflict with another, within a batch too', async () => {
  const first = intake.event()
  const other = intake.event()
  const changed = { ...first, input_tokens: first.input_tokens + 1 }
  await intake.recognises([first, first, changed, other], ['accepted', 'duplicate', 'conflict', 'accepted'])
  await intake.recognises([changed, other, first], ['conflict', 'duplicate', 'duplicate'])
})

test('instants of 1970, of 9999 and of no calendar are refused', async () => {
  const bad = (field: string, text: string, code: string): BadItem => {
    const { timestamp_ms: _, ...rest } = intake.event()
    return { json: `${JSON.stringify(rest).slice(0, -1)},"${field}":${text}}`, code, field }
  }
  const texts = ['nonsense', '2025-02-30T00:00:00Z', '2025-03-01T25:00:00Z', '2025-03-01 10:00', '12', '2025-03-01']
  await intake.refusesItems([
    bad('timestamp_ms', '0', 'timestamp_out_of_range'),
    bad('timestamp_ms', '1700000000', 'timestamp_out_of_range'),
    bad('timestamp_ms', '253402300799000', 'timestamp_out_of_range'),
    bad('timestamp', '"1970-01-01T00:00:00Z"', 'timestamp_out_of_range'),
    bad('timestamp', '"9999-12-31T23:59:59Z"', 'timestamp_out_of_range'),
    ...texts.map((text) => bad('timestamp', JSON.stringify(text), 'invalid_timestamp')),
    bad('timestamp', '1700000000000', 'invalid_timestamp'),
  ])
})

test('names that objects have of their own are names like any other', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']
  const events = names.map((model) => intake.event({ model }))
  await intake.accepts(events)
  // Members of that name, which a careless copy would set on the prototype of everything.
  const plain = intake.event()
  const members = `"__proto__":{"model":"polluted","polluted":1},"constructor":{"prototype":{"polluted":1}},"tags":{"__proto__":"t","constructor":"t"}`
  await intake.accepts([plain], `[${JSON.stringify(plain).slice(0, -1)},${members}}]`)

  const range = { from: '2000-01-01T00:00:00Z', to: Date.now() + 86_400_000, measures: ['requests'] }
  const rows = await query(client, server.url, { ...range, group_by: ['model'], filters: { model: names } })
  expect(new Map(rows.map(({ model, requests }) => [model, requests]))).toEqual(new Map(names.map((name) => [name, 1])))
  const tagged = await query(client, server.url, { ...range, group_by: ['tags.__proto__'] })
  expect(tagged.find((row) => Object.values(row).includes('t'))).toMatchObject({ requests: 1 })
})

test('a megabyte as a name is refused, and does not come back in the answer', async () => {
  const long = JSON.stringify('m'.repeat(1_048_576))
  const fields = ['model', 'request_model', 'provider', 'agent_id', 'user_id']
  await intake.refusesItems(fields.map((field) => ({ json: intake.eventWith(field, long), code: 'too_long', field })))
})

test('text that is no Unicode is refused by its field, and bytes that are no UTF-8 by their line or body', async () => {
  const half = '"\\ud83d half a pair"'
  await intake.refusesItems([
    ...['model', 'user_id', 'error_message'].map((field) => ({
      json: intake.eventWith(field, half),
      code: 'invalid_text',
      field,
    })),
    { json: intake.eventWith('tags', `{"team":${half}}`), code: 'invalid_text', field: 'tags' },
    { json: intake.eventWith('tags', `{${half}:"team"}`), code: 'invalid_text', field: 'tags' },
  ])
  const broken = Buffer.from(`[${JSON.stringify(intake.event({ model: 'gpt-\u00e9' }))}]`, 'latin1')
  await intake.refusesBody(broken, { status: 400, code: 'invalid_json' })

  const mates = [intake.event(), intake.event()] as const
  const lines = Buffer.concat([
    Buffer.from(`${JSON.stringify(mates[0])}\n`),
    broken.subarray(1, -1),
    Buffer.from(`\n${JSON.stringify(mates[1])}`),
  ])
  const answer = await client.post(`${server.url}/api/v1/events`, lines, { 'content-type': 'application/x-ndjson' })
  expect(answer).toMatchObject({ status: 200, json: { accepted: 2, rejected: [{ index: 1, code: 'invalid_json' }] } })
  intake.accepted.push(...mates)
  intake.rejected.set('invalid_json', (intake.rejected.get('invalid_json') ?? 0) + 1)
})

test('a gigabyte of zeros in a megabyte is refused without being unpacked, as is what is no gzip', async () => {
  const gzip = { 'content-encoding': 'gzip' }
  const before = server.memory().nowMib
  const bomb = await gzipOfZeros(1_024)
  expect(bomb.byteLength).toBeLessThan(2 * 1_048_576)
  for (let times = 0; times < 3; times++) await intake.refusesBody(bomb, { status: 413, code: 'body_too_large' }, gzip)
  expect(server.memory().nowMib - before).toBeLessThan(200)

  const sound = gzipSync(JSON.stringify([intake.event()]))
  await intake.refusesBody(sound.subarray(0, -9), { status: 400, code: 'invalid_encoding' }, gzip)
  await intake.refusesBody('[]', { status: 400, code: 'invalid_encoding' }, gzip)
  await intake.refusesBody(
    gzipSync(sound),
    { status: 415, code: 'unsupported_encoding' },
    {
      'content-encoding': 'gzip, gzip',
    },
  )
  await intake.refusesBody(sound, { status: 415, code: 'unsupported_encoding' }, { 'content-encoding': 'br' })
})

test('a hundred thousand events in one body are refused as a whole, in each format', async () => {
  const item = JSON.stringify({ model: 'gpt-4o' })
  const items = Array.from({ length: EVENTS_IN_ONE_BODY }, () => item)
  const expected = { status: 413, code: 'too_many_events' }
  await intake.refusesBody(`[${items.join(',')}]`, expected)
  await intake.refusesBody(`{"source_id":"s","events":[${items.join(',')}]}`, expected)
  await intake.refusesBody(items.join('\n'), expected, { 'content-type': 'application/x-ndjson' })
  await intake.refusesBody(gzipSync(`[${items.join(',')}]`), expected, { 'content-encoding': 'gzip' })
  const wide = Array.from({ length: 40 }, (_, at) => `"member_${at}":"${'v'.repeat(20)}"`).join(',')
  await intake.refusesBody(`[${Array.from({ length: 10_500 }, () => `{${wide}}`).join(',')}]`, {
    status: 413,
    code: 'body_too_large',
  })
})

test('what is nested a thousand deep is refused, and so is what is nested a million deep', async () => {
  const deep = (levels: number, open: string, close: string): string =>
    `${open.repeat(levels)}${close === '}' ? '1' : ''}${close.repeat(levels)}`
  await intake.refusesItems([
    { json: intake.eventWith('detail', deep(1_000, '{"a":', '}')), code: 'too_deep' },
    { json: intake.eventWith('tags', deep(1_000, '{"a":', '}')), code: 'too_deep' },
    { json: intake.eventWith('model', deep(1_000, '[', ']')), code: 'too_deep' },
    { json: intake.eventWith('nobody_knows_this', deep(1_000, '[', ']')), code: 'too_deep' },
    { json: deep(1_000, '[', ']'), code: 'too_deep' },
    { json: deep(1_000, '{"a":', '}'), code: 'too_deep' },
  ])
  const answer = await client.post(`${server.url}/api/v1/events`, deep(1_000_000, '[', ']'))
  expect([400, 413]).toContain(answer.status)
})

test('items that are no objects, and bodies that are no events, are told apart', async () => {
  await intake.refusesItems(['null', '5', '"text"', '[]', 'true'].map((json) => ({ json, code: 'not_an_object' })))
  for (const body of ['', ' ', '[', '{"model":"m"', '{"model":"m"} x', "{'model':'m'}", '\u0000'])
    await intake.refusesBody(body, { status: 400, code: 'invalid_json' })
  for (const body of ['null', '5', '"text"', 'true', '{"events":5}', '{"events":{}}', '{"events":null}'])
    await intake.refusesBody(body, { status: 400, code: 'invalid_body' })
})

test('other content types, and what a form of a web page can post, are refused', async () => {
  const sound = JSON.stringify([intake.event()])
  const form = new URLSearchParams({ model: 'gpt-4o', input_tokens: '12' }).toString()
  const multipart = `--b\r\ncontent-disposition: form-data; name="model"\r\n\r\ngpt-4o\r\n--b--\r\n`
  const bodies: readonly (readonly [string, string])[] = [
    ['text/plain', sound],
    ['text/plain;application/json', sound],
    ['application/xml', sound],
    ['application/json; charset=iso-8859-1', sound],
    ['', sound],
    ['application/x-www-form-urlencoded', form],
    ['multipart/form-data; boundary=b', multipart],
  ]
  for (const [type, body] of bodies)
    await intake.refusesBody(body, { status: 415, code: 'unsupported_media_type' }, { 'content-type': type })
})

test('after all that exactly the good ones are counted, also by a store that is made anew', async () => {
  expect(intake.accepted.length).toBeGreaterThan(100)
  await expectExactly(client, server.url, intake.accepted)
  expect(await server.stop()).toBe(0)
  for (const name of readdirSync(dataDir)) if (name.startsWith('tallystick.duckdb')) rmSync(join(dataDir, name))
  server = await ServerProcess.start(dataDir)
  await expectExactly(client, server.url, intake.accepted)
  intake = new Intake(client, server.url)
})
