import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { FIELDS, type FieldName, wireName } from '@tallystick/core/event'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { thorough } from '../../packages/core/src/testing/thorough.ts'
import { gzipOfZeros } from './testing/bomb.ts'
import { lawOf, query } from './testing/figures.ts'
import { type Answer, HttpClient } from './testing/http-client.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

/** Generous: twice what the process has been seen to take. */
const MOST_MIB = 600
/** A message is for reading: what was sent, however long, must not come back in it. */
const LONGEST_ANSWER = 1_000
const RECENT_MS = Date.now() - 60_000

let dataDir: string
let server: ServerProcess
let url: string
const client = new HttpClient()
/** Ids that were accepted. */
const accepted: string[] = []

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'bad-input-protocol012-'))
  server = await ServerProcess.start(dataDir)
  url = `${server.url}/api/v1/analytics/events`
})

/** After every kind of nonsense: the process lives, its law balances, and it counts what it said it counts. */
afterEach(async () => {
  expect(server.alive).toBe(true)
  expect(await lawOf(client, server.url)).toMatchObject({
    balanced: true,
    server: { accepted: accepted.length, duplicate: 0, conflict: 0, failed: 0, in_flight: 0 },
  })
  expect(server.memory().peakMib).toBeLessThan(MOST_MIB)
})

afterAll(async () => {
  client.close()
  await endServers()
  rmSync(dataDir, { recursive: true })
})

type Members = Readonly<Record<string, unknown>>

const event = (over: Members = {}): Members => ({
  ic_token: 'any',
  event_id: `e${accepted.length}`,
  timestamp_ms: RECENT_MS,
  event_type: 'llm_request_completed',
  model: 'gpt-4o-mini',
  provider: 'openai',
  input_tokens: 150,
  output_tokens: 50,
  ...over,
})

/** JSON of a sound event with one member put in, or replaced, as raw text. */
function eventWith(member: string, text: string): string {
  const { [member]: _, ...rest } = event()
  return `${JSON.stringify(rest).slice(0, -1)},${JSON.stringify(member)}:${text}}`
}

interface Bad {
  readonly json: string
  readonly reason: string
  readonly field?: string
}

/** Refused by itself with 400, and in a batch beside a good event that is accepted. */
async function refuses(items: readonly Bad[], format: 'json' | 'ndjson' = 'json'): Promise<void> {
  for (const { json, reason, field } of items) {
    if (format === 'json') refused(await client.post(url, json), 400, reason, field)
  }
  const good = event()
  const all = [JSON.stringify(good), ...items.map(({ json }) => json)]
  const answer =
    format === 'json'
      ? await client.post(url, `[${all.join(',')}]`)
      : await client.post(url, all.join('\n'), { 'content-type': 'application/x-ndjson' })
  expect(answer.status).toBe(200)
  const { results } = answer.json as { results: Members[] }
  expect(results.map(({ status, reason, field }) => [status, reason, field])).toEqual([
    ['accepted', undefined, undefined],
    ...items.map(({ reason, field }) => ['rejected', reason, field]),
  ])
  accepted.push(good['event_id'] as string)
}

/** Refused in the words of the dialect, shortly, with nothing of the inside. */
function refused(answer: Answer, status: number, reason: string, field?: string): void {
  expect(answer).toMatchObject({ status, json: { error: { code: expect.any(String), details: { reason } } } })
  if (field !== undefined) expect(answer.json).toMatchObject({ error: { details: { fields: [{ field }] } } })
  expect(answer.text.length).toBeLessThan(LONGEST_ANSWER)
  expect(answer.text).not.toMatch(/node_modules|\.[jt]s:\d/)
}

async function accepts(item: Members): Promise<void> {
  expect(await client.post(url, item)).toMatchObject({ status: 202 })
  accepted.push(item['event_id'] as string)
}

test('I-3: every number that is none is refused by its field', async () => {
  const texts: readonly (readonly [string, string])[] = [
    ['"12"', 'invalid_type'],
    ['{}', 'invalid_type'],
    ['1.5', 'not_an_integer'],
    ['-1', 'out_of_range'],
    ['1e400', 'out_of_range'],
    ['9007199254740993', 'out_of_range'],
  ]
  const integers = (Object.keys(FIELDS) as FieldName[]).filter(
    (name) => FIELDS[name].type === 'integer' && name !== 'timestampMs',
  )
  expect(integers.length).toBeGreaterThan(30)
  const fields = [...integers.map(wireName), 'cost_micros']
  await refuses(
    fields.flatMap((field) => texts.map(([text, reason]) => ({ json: eventWith(field, text), reason, field }))),
  )
  await refuses([
    { json: eventWith('cost_micros', '9000000000000000000'), reason: 'out_of_range', field: 'cost_micros' },
    { json: eventWith('threshold_percent', '256'), reason: 'out_of_range', field: 'threshold_percent' },
    { json: eventWith('port', '65536'), reason: 'out_of_range', field: 'port' },
  ])
  for (const text of ['NaN', 'Infinity', '+1', '.5', '0x10', '01']) {
    refused(await client.post(url, eventWith('input_tokens', text)), 400, 'invalid_json')
    await refuses([{ json: eventWith('input_tokens', text), reason: 'invalid_json' }], 'ndjson')
  }
  await accepts(event({ input_tokens: -0, output_tokens: 0 }))
})

test('I-4: text that is no Unicode is refused by its field, bytes that are no UTF-8 by their line or body', async () => {
  const half = '"\\ud83d half a pair"'
  await refuses(
    [
      ['event_id', half],
      ['model', half],
      ['provider', half],
      ['error_message', half],
      ['agent_id', '"nul\\u0000"'],
    ].map(([field = '', text = '']) => ({ json: eventWith(field, text), reason: 'invalid_text', field })),
  )
  const broken = Buffer.from(JSON.stringify(event({ model: 'gpt-\u00e9' })), 'latin1')
  refused(await client.post(url, broken), 400, 'invalid_json')
  const overlong = Buffer.concat([Buffer.from('{"ic_token":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')])
  refused(await client.post(url, overlong), 400, 'invalid_json')

  const item = event({ model: 'g\u202egpt\u200b', event_id: 'caf\u00e9' })
  const marked = await client.post(url, Buffer.from(`\ufeff${JSON.stringify(item)}`))
  expect(marked.status).toBe(202)
  accepted.push('caf\u00e9')
  // Twins that look alike are two ids: nothing is normalised behind the sender's back.
  await accepts(event({ event_id: 'cafe\u0301' }))
})

test('I-11: instants of 1970, of 9999 and of no calendar are refused', async () => {
  const bad = (field: string, text: string, reason: string): Bad => {
    const { timestamp_ms: _, ...rest } = event()
    return { json: `${JSON.stringify(rest).slice(0, -1)},"${field}":${text}}`, reason, field }
  }
  await refuses([
    bad('timestamp_ms', '0', 'timestamp_out_of_range'),
    bad('timestamp_ms', '-1', 'timestamp_out_of_range'),
    bad('timestamp_ms', '1700000000', 'timestamp_out_of_range'),
    bad('timestamp_ms', '253402300799000', 'timestamp_out_of_range'),
    bad('timestamp_ms', String(Date.now() + 2 * 86_400_000), 'timestamp_out_of_range'),
    bad('timestamp_ms', '"2026-01-01T00:00:00Z"', 'invalid_type'),
    bad('timestamp_ms', '1.5', 'not_an_integer'),
    bad('timestamp', '"yesterday"', 'invalid_timestamp'),
  ])
})

test('I-13: what a page of another site can post without asking is refused', async () => {
  const sound = JSON.stringify(event())
  for (const type of [
    'text/plain',
    'text/plain;application/json',
    '',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=b',
    'application/xml',
    'application/json; charset=utf-16',
  ])
    refused(await client.post(url, sound, { 'content-type': type }), 415, 'unsupported_media_type')
  for (const headers of [{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])
    refused(await client.post(url, sound, headers), 403, 'forbidden_origin')
  refused(await client.post(url, sound, { host: 'evil.example' }), 421, 'misdirected_host')
})

test('I-14: of two members of one name the last counts, for judging and for keeping', async () => {
  const { input_tokens: _, ...rest } = event()
  const twice = (first: string, last: string): string =>
    `{"input_tokens":${first},${JSON.stringify(rest).slice(1, -1)},"input_tokens":${last}}`
  await refuses([{ json: twice('5', '-1'), reason: 'out_of_range', field: 'input_tokens' }])
  const { input_tokens: __, ...kept } = event({ model: 'twice' })
  const last = `{"input_tokens":-1,${JSON.stringify(kept).slice(1, -1)},"input_tokens":7}`
  expect((await client.post(url, last)).status).toBe(202)
  accepted.push(kept['event_id'] as string)
  const rows = await query(client, server.url, { measures: ['input_tokens'], filters: { model: ['twice'] } })
  expect(rows).toMatchObject([{ input_tokens: 7 }])
})

test('names that objects have of their own are names like any other', async () => {
  for (const name of ['__proto__', 'constructor', 'hasOwnProperty'])
    await accepts(event({ event_id: name, model: name }))
  const item = event({ event_id: 'members' })
  const text = `${JSON.stringify(item).slice(0, -1)},"__proto__":{"ic_token":"x","polluted":1},"constructor":{"prototype":{"polluted":1}}}`
  expect((await client.post(url, text)).status).toBe(202)
  accepted.push('members')
  // A token that only the prototype has is none.
  refused(await client.post(url, '{"__proto__":{"ic_token":"x"}}'), 401, 'unauthorized')
})

test('I-1: zeros that take a thousandth of their room on the way are refused without being unpacked', async () => {
  const gzip = { 'content-encoding': 'gzip' }
  const before = server.memory().nowMib
  const bomb = await gzipOfZeros(thorough(256, 1_024))
  for (let times = 0; times < 3; times++) refused(await client.post(url, bomb, gzip), 413, 'body_too_large')
  const sound = gzipSync(JSON.stringify(event()))
  const members = Buffer.concat([sound, bomb])
  refused(await client.post(url, members, gzip), 413, 'body_too_large')
  refused(await client.post(url, gzipSync(bomb), gzip), 400, 'invalid_json')
  expect(server.memory().nowMib - before).toBeLessThan(200)
  refused(await client.post(url, sound.subarray(0, -9), gzip), 400, 'invalid_encoding')
  refused(await client.post(url, sound, { 'content-encoding': 'gzip, gzip' }), 415, 'unsupported_encoding')
  refused(await client.post(url, sound, { 'content-encoding': 'deflate' }), 415, 'unsupported_encoding')
})

test('I-2: bodies, batches, strings and nesting beyond their limit are refused, and what is at it is not', async () => {
  const small = JSON.stringify({ model: 'm' })
  const many = (count: number): string => `[${Array.from({ length: count }, () => small).join(',')}]`
  refused(await client.post(url, many(10_001), { authorization: 'Bearer t' }), 413, 'too_many_events')
  refused(await client.post(url, many(100_000), { authorization: 'Bearer t' }), 413, 'too_many_events')
  refused(await client.post(url, `[${'"x",'.repeat(3_000_000)}1]`), 413, 'body_too_large')
  refused(await client.post(url, `{"ic_token":"t","model":"${'x'.repeat(11_000_000)}"}`), 413, 'body_too_large')
  // One event with a million members, below the limit of bytes.
  const wide = Array.from({ length: 500_000 }, (_, at) => `"k${at}":1`).join(',')
  refused(await client.post(url, `{${wide}}`), 413, 'too_many_events')

  const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
  await refuses([
    { json: eventWith('model', deep(1_000)), reason: 'too_deep' },
    { json: eventWith('nobody_knows_this', deep(16)), reason: 'too_deep' },
    { json: eventWith('model', JSON.stringify('m'.repeat(1_000_000))), reason: 'too_long', field: 'model' },
    { json: eventWith('event_id', JSON.stringify('x'.repeat(129))), reason: 'too_long', field: 'event_id' },
    { json: eventWith('ic_token', JSON.stringify('x'.repeat(8_193))), reason: 'too_long', field: 'ic_token' },
  ])
  expect([400, 413]).toContain((await client.post(url, deep(1_000_000))).status)
  await accepts(event({ event_id: 'x'.repeat(128), ic_token: 't'.repeat(8_192), beside: 1 }))
  await accepts(JSON.parse(eventWith('nobody_knows_this', deep(15))) as Members)
})

test('whatever bytes come, the answer is one of the dialect, never 5xx', async () => {
  const json = fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text))
  const members = fc
    .dictionary(
      fc.constantFrom(
        'ic_token',
        'event_id',
        'timestamp_ms',
        'event_type',
        'model',
        'provider',
        'input_tokens',
        'detail',
      ),
      fc.jsonValue({ maxDepth: 2 }),
    )
    .map((value) => Buffer.from(JSON.stringify(value)))
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    json,
    members,
  )
  const headers = fc.record(
    {
      'content-type': fc.constantFrom('application/json', 'application/x-ndjson', 'text/plain'),
      'content-encoding': fc.constantFrom('gzip', 'identity', 'br'),
      authorization: fc.constantFrom('Bearer x', 'Basic eDp5', 'Bearer', 'Bearer a.b.c'),
      'x-forwarded-for': fc.constantFrom('1.2.3.4', ',,,', '"'),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  await fc.assert(
    fc.asyncProperty(body, headers, fc.boolean(), async (bytes, given, packed) => {
      const sent = packed ? gzipSync(bytes) : bytes
      const answer = await client.post(url, sent, packed ? { ...given, 'content-encoding': 'gzip' } : given)
      expect(answer.status).toBeLessThan(500)
      if (answer.status === 202) accepted.push((answer.json as { event_id: string }).event_id)
      else if (answer.status === 200) expect(answer.json).toHaveProperty('results')
      else expect(answer.json).toMatchObject({ error: { code: expect.any(String), message: expect.any(String) } })
    }),
    { seed: 6, numRuns: thorough(300, 1_500) },
  )
})

test('whatever a listing is asked for, the answer is a page or says what is wrong', async () => {
  const name = fc.constantFrom('period', 'start', 'end', 'page', 'per_page', 'agent_id', 'x')
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('1', '0', '100', 'today', '2026-01-01', '9'.repeat(400), '%00', "' OR 1=1"),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, text), { maxLength: 4 }), async (pairs) => {
      const answer = await client.call(`${url}/list?${new URLSearchParams(pairs)}`)
      expect([200, 400]).toContain(answer.status)
      expect(answer.json).toHaveProperty(answer.status === 200 ? 'data' : 'error')
    }),
    { seed: 7, numRuns: thorough(60, 300) },
  )
})

test('after all that exactly the good ones are listed', async () => {
  const ids: string[] = []
  for (let page = 1; ; page++) {
    const { json } = await client.call(`${url}/list?per_page=100&page=${page}`)
    const { data } = json as { data: { event_id: string }[] }
    if (data.length === 0) break
    ids.push(...data.map(({ event_id }) => event_id))
  }
  expect(ids.sort()).toEqual(accepted.toSorted())
})
