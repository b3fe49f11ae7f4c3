import { gzipSync } from 'node:zlib'
import { TallystickError } from '@tallystick/core'
import { FIELD_NAMES, FIELDS, wireName } from '@tallystick/core/event'
import { describe, expect, it } from 'vitest'
import { createTestApp, NOW_MS } from './testing/test-app.ts'

const EVENTS = '/api/v1/events'
const event = (over: object = {}): object => ({ model: 'gpt-4o', input_tokens: 3, ...over })
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

async function send(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = { 'content-type': 'application/json' },
  search = '',
  limits = {},
): Promise<{ status: number; body: Record<string, unknown>; requests: number }> {
  const { call, ingest } = await createTestApp({ limits })
  const response = await call(EVENTS + search, { method: 'POST', headers, body })
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    requests: ingest.requests.length,
  }
}

describe('a body of events', () => {
  it('may be one event, an array, or a batch', async () => {
    for (const body of [event(), [event()], { events: [event()] }]) {
      const answer = await send(JSON.stringify(body))
      expect(answer).toMatchObject({
        status: 200,
        body: { received: 1, accepted: 1, duplicate: 0, conflict: 0, conflicts: [], rejected: [] },
      })
    }
  })

  it('may be empty of events', async () => {
    expect(await send('[]')).toMatchObject({ status: 200, body: { received: 0, accepted: 0 } })
    expect(await send('\n\n', { 'content-type': 'application/x-ndjson' })).toMatchObject({
      status: 200,
      body: { received: 0 },
    })
  })

  it('gives the stamp of the batch to items that have none', async () => {
    const { post, store } = await createTestApp()
    await post(EVENTS, {
      source_id: 's',
      epoch: 7,
      seq: 40,
      events: [event(), event({ seq: 99, source_id: 'own' }), event()],
    })
    const page = await store.scan({ fromMs: 0, toMs: NOW_MS + 1, filters: [], limit: 10, ascending: true })
    expect(page.events.map(({ event: { sourceId, epoch, seq } }) => [sourceId, epoch, seq])).toEqual([
      ['s', 7, 40],
      ['own', 7, 99],
      ['s', 7, 42],
    ])
  })

  it('rejects every item of a batch whose stamp is wrong, naming the field', async () => {
    const { body } = await send(JSON.stringify({ epoch: 'x', events: [event(), event({ epoch: 1 })] }))
    expect(body).toMatchObject({ accepted: 1, rejected: [{ index: 0, field: 'epoch' }] })
  })

  it('may be NDJSON, where a bad line costs only itself', async () => {
    const lines = [
      JSON.stringify(event({ event_id: 'a' })),
      '{"model":',
      '',
      '  ',
      '[1]',
      '17',
      JSON.stringify(event({ event_id: 'b' })),
    ].join('\r\n')
    const { body } = await send(`${lines}\n`, { 'content-type': 'application/x-ndjson' })
    expect(body).toMatchObject({
      received: 5,
      accepted: 2,
      rejected: [
        { index: 1, code: 'invalid_json' },
        { index: 2, code: 'not_an_object' },
        { index: 3, code: 'not_an_object' },
      ],
    })
  })

  it('may start with a byte order mark', async () => {
    expect(await send(bytes(`\ufeff${JSON.stringify(event())}`))).toMatchObject({ status: 200, body: { accepted: 1 } })
  })

  it('may be gzipped, also in several members', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    expect(await send(new Uint8Array(gzipSync(JSON.stringify(event()))), headers)).toMatchObject({
      status: 200,
      body: { accepted: 1 },
    })
    const parts = Buffer.concat([gzipSync('['), gzipSync(JSON.stringify(event())), gzipSync(']')])
    expect(await send(new Uint8Array(parts), headers)).toMatchObject({ status: 200, body: { accepted: 1 } })
  })

  it('passes on acknowledgement, key and the wish for results', async () => {
    const { call, ingest } = await createTestApp()
    await call(`${EVENTS}?ack=applied&results=all`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k-1' },
      body: JSON.stringify(event()),
    })
    await call(EVENTS, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(event()),
    })
    expect(ingest.requests).toMatchObject([
      { ack: 'applied', wantResults: true, idempotencyKey: 'k-1', door: 'native' },
      { ack: 'durable', door: 'native' },
    ])
    expect(ingest.requests[1]).not.toHaveProperty('idempotencyKey')
  })
})

describe('a body that cannot be read as a whole', () => {
  it.each([
    ['', 'invalid_json'],
    ['{', 'invalid_json'],
    ['{"model":"a"}x', 'invalid_json'],
    ["{'model':'a'}", 'invalid_json'],
    ['{"input_tokens":NaN}', 'invalid_json'],
    ['42', 'invalid_body'],
    ['null', 'invalid_body'],
    ['"text"', 'invalid_body'],
    ['true', 'invalid_body'],
    ['{"events":{}}', 'invalid_body'],
    ['{"events":null}', 'invalid_body'],
  ])('%j is %s', async (body, code) => {
    expect(await send(body)).toMatchObject({ status: 400, body: { code, status: 400 }, requests: 0 })
  })

  it('is refused when it is not UTF-8; of NDJSON only the line', async () => {
    const bad = new Uint8Array([...bytes('[{"model":"'), 0xff, 0xfe, ...bytes('"}]')])
    expect(await send(bad)).toMatchObject({ status: 400, body: { code: 'invalid_json' }, requests: 0 })
    const lines = new Uint8Array([...bytes('{"model":"a"}\n{"model":"'), 0xc0, 0x80, ...bytes('"}\n{"model":"b"}')])
    expect(await send(lines, { 'content-type': 'application/x-ndjson' })).toMatchObject({
      status: 200,
      body: { received: 3, accepted: 2, rejected: [{ index: 1, code: 'invalid_json' }] },
    })
  })

  it.each([
    [undefined, 415],
    ['text/plain', 415],
    ['text/plain; charset=utf-8', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['text/json', 415],
    ['application/json-seq', 415],
    ['application/jsonx', 415],
    ['application/xml', 415],
    ['application/json, text/plain', 415],
    ['application/json; charset=utf-16', 415],
    ['application/json', 200],
    ['Application/JSON; charset="UTF-8"', 200],
    ['application/json;charset=utf8', 200],
    ['application/x-ndjson', 200],
    ['application/x-ndjson; charset=utf-8', 200],
  ])('the content type %s gets %i', async (type, status) => {
    const body = new Uint8Array(bytes(JSON.stringify(event())))
    const answer = await send(body, type === undefined ? {} : { 'content-type': type })
    expect(answer.status).toBe(status)
    expect(answer.body['code']).toBe(status === 415 ? 'unsupported_media_type' : undefined)
    expect(answer.requests).toBe(status === 200 ? 1 : 0)
  })

  it.each([
    ['br', 415, 'unsupported_encoding'],
    ['deflate', 415, 'unsupported_encoding'],
    ['zstd', 415, 'unsupported_encoding'],
    ['gzip, gzip', 415, 'unsupported_encoding'],
    ['gzip, identity', 415, 'unsupported_encoding'],
    ['gzip', 400, 'invalid_encoding'],
    ['identity', 200, undefined],
    ['', 200, undefined],
  ])('the content encoding %j of a plain body gets %i', async (encoding, status, code) => {
    const answer = await send(JSON.stringify(event()), {
      'content-type': 'application/json',
      'content-encoding': encoding,
    })
    expect([answer.status, answer.body['code']]).toEqual([status, code])
  })

  it('is refused when its gzip is cut short or damaged', async () => {
    const zipped = gzipSync(JSON.stringify(event({ model: 'a model with a name' })))
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    expect(await send(new Uint8Array(zipped.subarray(0, -6)), headers)).toMatchObject({
      status: 400,
      body: { code: 'invalid_encoding' },
    })
    zipped[zipped.length - 5] = (zipped[zipped.length - 5] as number) ^ 1
    expect(await send(new Uint8Array(zipped), headers)).toMatchObject({
      status: 400,
      body: { code: 'invalid_encoding' },
    })
  })

  it.each([
    ['?ack=sometimes', {}, 'unknown_value'],
    ['?ack=', {}, 'unknown_value'],
    ['', { 'idempotency-key': 'k'.repeat(256) }, 'too_long'],
    ['', { 'idempotency-key': '' }, 'empty_value'],
  ])('is refused with the parameters %j %j', async (search, headers, code) => {
    const answer = await send(JSON.stringify(event()), { 'content-type': 'application/json', ...headers }, search)
    expect(answer).toMatchObject({ status: 400, body: { code, issues: [{}] }, requests: 0 })
  })
})

describe('ledgers beside the events', () => {
  const ledger = (over: object = {}): object => ({
    source_id: 'gw',
    epoch: 1,
    recorded: 9,
    dropped: { evicted: 2 },
    ...over,
  })

  it('are handed on, with events or without', async () => {
    const { post, ingest } = await createTestApp()
    const ledgers = [ledger(), ledger({ tenant_id: 't', dropped: undefined, later: true })]
    expect(await post(EVENTS, { events: [], ledgers })).toMatchObject({ status: 200, body: { received: 0 } })
    expect(await post(EVENTS, { events: [event()], ledgers: [] })).toMatchObject({ status: 200, body: { received: 1 } })
    expect(await post(EVENTS, { events: [event()] })).toMatchObject({ status: 200 })
    expect(ingest.requests.map(({ ledgers: told }) => told)).toEqual([
      [
        { sourceId: 'gw', epoch: 1, recorded: 9, dropped: new Map([['evicted', 2]]) },
        { tenantId: 't', sourceId: 'gw', epoch: 1, recorded: 9, dropped: new Map() },
      ],
      [],
      undefined,
    ])
  })

  it.each([
    [{}, 'ledgers'],
    [null, 'ledgers'],
    [Array.from({ length: 1001 }, () => ledger()), 'ledgers'],
    [[ledger(), 7], 'ledgers[1]'],
    [[ledger({ source_id: '' })], 'ledgers[0].source_id'],
    [[ledger({ source_id: 'x'.repeat(129) })], 'ledgers[0].source_id'],
    [[ledger({ source_id: 'a\ud800' })], 'ledgers[0].source_id'],
    [[ledger({ tenant_id: 4 })], 'ledgers[0].tenant_id'],
    [[ledger({ epoch: -1 })], 'ledgers[0].epoch'],
    [[ledger({ epoch: '1' })], 'ledgers[0].epoch'],
    [[ledger({ recorded: 1.5 })], 'ledgers[0].recorded'],
    [[ledger({ recorded: undefined })], 'ledgers[0].recorded'],
    [[ledger({ dropped: [1] })], 'ledgers[0].dropped'],
    [[ledger({ dropped: { evicted: -1 } })], 'ledgers[0].dropped.evicted'],
    [[ledger({ dropped: { ['r'.repeat(65)]: 1 } })], 'ledgers[0].dropped'],
    [
      [ledger({ dropped: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`r${n}`, 1])) })],
      'ledgers[0].dropped',
    ],
  ])('are refused with the batch if they are %j', async (ledgers, path) => {
    const answer = await send(JSON.stringify({ events: [event()], ledgers }))
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_body', issues: [{ path }] }, requests: 0 })
  })
})

describe('limits', () => {
  const limits = { bodyBytes: 1_000, inflatedBytes: 2_000, batchEvents: 5 }
  const padded = (size: number): string => JSON.stringify([]).padEnd(size, ' ')
  const json = { 'content-type': 'application/json' }

  it.each([
    [999, 200],
    [1_000, 200],
    [1_001, 413],
  ])('a body of %i bytes where 1,000 are allowed gets %i', async (size, status) => {
    const answer = await send(padded(size), json, '', limits)
    expect(answer.status).toBe(status)
    if (status === 413) expect(answer.body['code']).toBe('body_too_large')
  })

  it.each([
    [1_999, 200],
    [2_000, 200],
    [2_001, 413],
  ])('a body that inflates to %i bytes where 2,000 are allowed gets %i', async (size, status) => {
    const answer = await send(
      new Uint8Array(gzipSync(padded(size))),
      { ...json, 'content-encoding': 'gzip' },
      '',
      limits,
    )
    expect(answer.status).toBe(status)
    if (status === 413) expect(answer.body['code']).toBe('body_too_large')
  })

  it.each([
    [4, 200],
    [5, 200],
    [6, 413],
  ])('%i events where 5 are allowed get %i, as JSON and as NDJSON', async (count, status) => {
    const items = Array.from({ length: count }, () => ({ model: 'a' }))
    expect((await send(JSON.stringify(items), json, '', limits)).status).toBe(status)
    const lines = items.map((item) => JSON.stringify(item)).join('\n')
    expect((await send(lines, { 'content-type': 'application/x-ndjson' }, '', limits)).status).toBe(status)
  })

  it('stops a gzip bomb at the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20), { level: 9 })
    const before = process.memoryUsage().arrayBuffers
    const answer = await send(new Uint8Array(bomb), { ...json, 'content-encoding': 'gzip' })
    expect(answer).toMatchObject({ status: 413, body: { code: 'body_too_large' }, requests: 0 })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(48 * 1024 * 1024)
  })

  it('weighs a large body before it becomes millions of objects', async () => {
    const answer = await send(`[${'{},'.repeat(2_000_000)}{}]`)
    expect(answer).toMatchObject({ status: 413, body: { code: 'too_many_events' }, requests: 0 })
    const keys = await send(
      `{${Array.from({ length: 1_000 }, (_, index) => `"k${index}":1`).join(',')},"x":[${'1,'.repeat(3_000_000)}1]}`,
    )
    expect(keys).toMatchObject({ status: 413, requests: 0 })
  })

  it('refuses 100,000 events', async () => {
    const answer = await send(`[${'{"model":"a"},'.repeat(99_999)}{"model":"a"}]`)
    expect(answer).toMatchObject({ status: 413, body: { code: 'too_many_events' }, requests: 0 })
  })

  it('refuses what does not fit beside the bodies already held', async () => {
    const answer = await send(padded(800), json, '', { ...limits, heldBytes: 500 })
    expect(answer).toMatchObject({ status: 503, body: { code: 'overloaded' } })
  })

  it('gives back what it held, whatever came of it', async () => {
    const { app, call, ingest } = await createTestApp({ limits })
    const bodies = [padded(10), padded(1_001), '{', 'x'.repeat(500)]
    for (const body of bodies) await call(EVENTS, { method: 'POST', headers: json, body })
    await call(EVENTS, {
      method: 'POST',
      headers: { ...json, 'content-encoding': 'gzip' },
      body: new Uint8Array(gzipSync(padded(2_001))),
    })
    ingest.failure = new TallystickError('disk_full')
    await call(EVENTS, { method: 'POST', headers: json, body: JSON.stringify(event()) })
    expect(app.context.budget.held).toBe(0)
  })
})

describe('a bad item', () => {
  const good = event({ event_id: 'good' })
  const reject = async (item: unknown): Promise<Record<string, unknown>> => {
    const body = `[${JSON.stringify(event({ event_id: 'before' }))},${typeof item === 'string' ? item : JSON.stringify(item)},${JSON.stringify(good)}]`
    const answer = await send(body)
    expect(answer).toMatchObject({ status: 200, body: { received: 3, accepted: 2 } })
    const rejected = answer.body['rejected'] as Record<string, unknown>[]
    expect(rejected).toHaveLength(1)
    expect(rejected[0]).toMatchObject({ index: 1 })
    return rejected[0] as Record<string, unknown>
  }

  const integers = FIELD_NAMES.filter((name) => FIELDS[name].type === 'integer').filter(
    (name) => !/^cost|Savings/.test(name),
  )
  it.each(integers.map(wireName))('with a wrong %s is rejected alone', async (field) => {
    for (const value of ['1e400', '-1', '1.5', '"12"', '9007199254740993', 'true', '[]', '{}']) {
      const rejection = await reject(`{"model":"a","${field}":${value}}`)
      expect(rejection['field']).toBe(field)
    }
  })

  it.each([
    [{ event_id: '' }, 'event_id'],
    [{ event_id: 'x'.repeat(129) }, 'event_id'],
    [{ timestamp_ms: 0 }, 'timestamp_ms'],
    [{ timestamp_ms: Date.UTC(9999, 0) }, 'timestamp_ms'],
    [{ timestamp: 'yesterday' }, 'timestamp'],
    [{ model: 'm'.repeat(1_000_000) }, 'model'],
    [{ model: '\ud800' }, 'model'],
    [{ model: '\u0000' }, 'model'],
    [{ kind: 'unheard_of' }, 'kind'],
  ])('is named with its field: %#', async (over, field) => {
    const rejection = await reject({ model: 'a', ...over })
    expect(rejection['field']).toBe(field)
    expect(String(rejection['message']).length).toBeLessThan(300)
  })

  it('nested a thousand levels deep is rejected alone', async () => {
    const rejection = await reject(`{"model":"a","detail":${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}}`)
    expect(rejection).toMatchObject({ code: 'too_deep' })
  })

  it('may be named __proto__ or constructor without doing harm', async () => {
    const body = '[{"model":"__proto__","__proto__":{"polluted":1}},{"model":"constructor","tags":{"__proto__":"t"}}]'
    expect(await send(body)).toMatchObject({ status: 200, body: { accepted: 2 } })
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('that repeats an id is a duplicate', async () => {
    const { post } = await createTestApp()
    const { body } = await post(EVENTS, [event({ event_id: 'same' }), event({ event_id: 'same' })])
    expect(body).toMatchObject({ received: 2, accepted: 1, duplicate: 1 })
  })
})

describe('a failure behind the door', () => {
  it('is told as the code it is, with when to come back', async () => {
    const { call, ingest } = await createTestApp()
    ingest.failure = new TallystickError('journal_unavailable', 'The journal is being moved.')
    const response = await call(EVENTS, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[]' })
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.json()).toMatchObject({ code: 'journal_unavailable', detail: 'The journal is being moved.' })
  })

  it('of any other kind tells nothing of itself', async () => {
    const { call, ingest, errors } = await createTestApp()
    ingest.failure = new Error('secret path /var/lib/secret')
    const response = await call(EVENTS, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[]' })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toMatch(/secret|stack|node_modules/)
    expect(errors).toEqual([ingest.failure])
  })
})
