import { gzipSync } from 'node:zlib'
import { fromBinary } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import { TallystickError } from '@tallystick/core'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ExportResponseSchema, RpcStatusSchema } from '../../format/otlp/generated/otlp_pb.ts'
import { createTestApp } from '../testing/test-app.ts'
import { message, spanBytes, tracesBody } from './testing/bodies.ts'
import { openReceiver, type Receiver } from './testing/receiver.ts'

const PROTOBUF = { 'content-type': 'application/x-protobuf' }
const SEED = 20261121

let receiver: Receiver
beforeEach(async () => {
  receiver = await openReceiver()
})
afterEach(() => receiver.tallystick.close())

const traces = (body: Uint8Array | string, headers: Record<string, string> = PROTOBUF): Promise<Response> =>
  receiver.send('/v1/traces', body, headers)
const statusOf = async (response: Response): Promise<{ http: number; code: number; message: string }> => {
  const { code, message: text } = fromBinary(RpcStatusSchema, new Uint8Array(await response.arrayBuffer()))
  return { http: response.status, code, message: text }
}
const partialOf = async (response: Response): Promise<readonly [number, number, string | undefined]> => {
  const { partialSuccess } = fromBinary(ExportResponseSchema, new Uint8Array(await response.arrayBuffer()))
  return [response.status, Number(partialSuccess?.rejected ?? 0n), partialSuccess?.errorMessage]
}

describe('a body of protobuf', () => {
  it('that is empty is a success without anything in it', async () => {
    const response = await traces(new Uint8Array())
    expect(response.headers.get('content-type')).toBe('application/x-protobuf')
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 0])
  })

  it('cut at any byte is either read as what it still is, or refused as a whole with google.rpc.Status', async () => {
    const whole = tracesBody([spanBytes({ 'gen_ai.usage.input_tokens': 5 })])
    for (let length = 0; length <= whole.byteLength; length++) {
      const response = await traces(whole.slice(0, length))
      if (response.status === 200) continue
      expect(await statusOf(response)).toMatchObject({
        http: 400,
        code: 3,
        message: expect.stringContaining('invalid_body'),
      })
    }
    expect(await receiver.totals()).toMatchObject({ requests: 1, input_tokens: 5 })
  })

  it('with any byte changed costs nobody else anything', async () => {
    const whole = tracesBody([spanBytes({ 'gen_ai.usage.input_tokens': 5 })])
    for (let at = 0; at < whole.byteLength; at++) {
      const changed = whole.slice()
      changed[at] = (changed[at] as number) ^ 0xff
      expect([200, 400]).toContain((await traces(changed)).status)
    }
  })

  it('of random bytes never ends in anything but an answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        for (const path of ['/v1/traces', '/v1/logs', '/v1/metrics'])
          expect([200, 400]).toContain((await receiver.send(path, bytes, PROTOBUF)).status)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('with members that nobody knows, of every wire type, is read all the same', async () => {
    const unknown = message((writer) => {
      writer.tag(1_000, WireType.Varint).uint32(7)
      writer.tag(1_001, WireType.Bit64).fixed64(7n)
      writer.tag(1_002, WireType.Bit32).fixed32(7)
      writer.tag(1_003, WireType.LengthDelimited).string('later')
    })
    const span = new Uint8Array([...spanBytes({ 'gen_ai.usage.input_tokens': 5 }), ...unknown])
    expect((await traces(new Uint8Array([...tracesBody([span]), ...unknown]))).status).toBe(200)
    expect(await receiver.totals()).toMatchObject({ requests: 1, input_tokens: 5 })
  })

  it('with values and groups nested without end is read without going after them', async () => {
    let value = message((writer) => writer.tag(1, WireType.LengthDelimited).string('deep'))
    // An AnyValue of an ArrayValue of an AnyValue; lengths grow, so a thousand levels take some kilobytes.
    for (let level = 0; level < 1_000; level++) {
      const inner = value
      const list = message((writer) => writer.tag(1, WireType.LengthDelimited).bytes(inner))
      value = message((writer) => writer.tag(5, WireType.LengthDelimited).bytes(list))
    }
    const pair = message((writer) => {
      writer.tag(1, WireType.LengthDelimited).string('deep')
      writer.tag(2, WireType.LengthDelimited).bytes(value)
    })
    const attribute = message((writer) => writer.tag(9, WireType.LengthDelimited).bytes(pair))
    const span = new Uint8Array([...spanBytes({ 'gen_ai.usage.input_tokens': 5 }), ...attribute])
    expect((await traces(tracesBody([span]))).status).toBe(200)
    const groups = new Uint8Array(200_000).fill(0x0b)
    expect((await traces(groups)).status).toBe(400)
    expect(await receiver.totals()).toMatchObject({ requests: 1 })
  })

  it('of more items than anybody sends, or an item of more attributes, is refused before it becomes objects', async () => {
    const empty = new Uint8Array(600_000).map((_, at) => (at % 2 === 0 ? 0x12 : 0))
    const scopeOf = (spans: Uint8Array): Uint8Array<ArrayBuffer> => {
      const resource = message((writer) =>
        writer.tag(2, WireType.LengthDelimited).bytes(spans as Uint8Array<ArrayBuffer>),
      )
      return message((writer) => writer.tag(1, WireType.LengthDelimited).bytes(resource))
    }
    expect(await statusOf(await traces(scopeOf(empty)))).toMatchObject({
      http: 413,
      message: expect.stringContaining('too_many_events'),
    })
    const attributes = new Uint8Array(200_000).map((_, at) => (at % 2 === 0 ? 0x4a : 0))
    expect(await statusOf(await traces(tracesBody([attributes as Uint8Array<ArrayBuffer>])))).toMatchObject({
      http: 400,
      message: expect.stringContaining('too_many_entries'),
    })
  })
})

describe('figures that cannot be', () => {
  const EXTREMES: readonly (readonly [value: number | bigint, why: string])[] = [
    [-1, 'out_of_range'],
    [-(2n ** 63n), 'out_of_range'],
    [2n ** 63n - 1n, 'out_of_range'],
    [2n ** 53n, 'out_of_range'],
    [1.5, 'not_an_integer'],
    [Number.NaN, 'not_an_integer'],
    [Number.POSITIVE_INFINITY, 'out_of_range'],
  ]

  it('reject their span, and only that', async () => {
    const spans = EXTREMES.map(([value]) => spanBytes({ 'gen_ai.usage.input_tokens': value }))
    const response = await traces(tracesBody([...spans, spanBytes({ 'gen_ai.usage.input_tokens': 5 })]))
    const [status, rejected, text] = await partialOf(response)
    expect([status, rejected]).toEqual([200, EXTREMES.length])
    expect(text).toMatch(/^7 of 8 were not taken\. First: out_of_range: input_tokens/)
    expect(await receiver.totals()).toMatchObject({ requests: 1, input_tokens: 5 })
  })

  it('each for its reason', async () => {
    for (const [value, why] of EXTREMES) {
      const [, , text] = await partialOf(await traces(tracesBody([spanBytes({ 'gen_ai.usage.output_tokens': value })])))
      expect(text).toContain(why)
    }
  })

  it('reject a span at an instant that cannot be, and one that nothing can be known again by', async () => {
    const far = spanBytes({ 'gen_ai.usage.input_tokens': 5 }, { startNanos: 2n ** 64n - 1n, endNanos: 2n ** 64n - 1n })
    expect((await partialOf(await traces(tracesBody([far]))))[2]).toContain('timestamp_out_of_range')
    const nameless = spanBytes({ 'gen_ai.usage.input_tokens': 5 }, { traceId: new Uint8Array(16) })
    expect((await partialOf(await traces(tracesBody([nameless]))))[2]).toContain('neither a valid trace id')
  })

  it('reject a point of a metric', async () => {
    const point = (value: number | string): object => ({
      timeUnixNano: '1795215594109000000',
      asDouble: value,
      attributes: [{ key: 'gen_ai.request.model', value: { stringValue: 'gpt-4o' } }],
    })
    const sum = (values: readonly (number | string)[], aggregationTemporality: unknown = 1): object => ({
      name: 'gen_ai.client.inference.usage.input_tokens',
      sum: { isMonotonic: true, aggregationTemporality, dataPoints: values.map(point) },
    })
    const body = (metric: object): object => ({ resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] })
    const rejected = async (metric: object): Promise<unknown> =>
      ((await (await receiver.send('/v1/metrics', body(metric))).json()) as { partialSuccess?: object }).partialSuccess
    expect(await rejected(sum([-1, 'NaN', 0.5]))).toMatchObject({ rejectedDataPoints: '3' })
    expect(await rejected(sum([7], 0))).toMatchObject({ rejectedDataPoints: '1' })
    expect(await rejected(sum([7]))).toBeUndefined()
    expect(await receiver.totals()).toMatchObject({ input_tokens: 7 })
  })
})

describe('a body of JSON', () => {
  it('is refused as JSON where it is none, or not of the shape', async () => {
    const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }
    for (const [body, why] of [
      ['', 'invalid_json'],
      ['{"resourceSpans":', 'invalid_json'],
      ['[]', 'invalid_body'],
      ['null', 'invalid_body'],
      ['{"resourceSpans":{}}', 'invalid_body'],
      ['{"resourceSpans":[1]}', 'invalid_body'],
      ['{"resourceSpans":[{"resource":[]}]}', 'invalid_body'],
      ['{"resourceSpans":[{"scopeSpans":[{"spans":[null]}]}]}', 'invalid_body'],
      ['{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":{}}]}]}]}', 'invalid_body'],
    ] as const) {
      const response = await traces(body, JSON_TYPE)
      expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/json'])
      expect(await response.json()).toMatchObject({ code: 3, message: expect.stringContaining(why) })
    }
    const deep = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a","value":${'{"arrayValue":{"values":['.repeat(20_000)}${']}}'.repeat(20_000)}}]}]}]}]}`
    expect([200, 400]).toContain((await traces(deep, JSON_TYPE)).status)
  })

  it('of more objects than a body may become is refused before it is parsed', async () => {
    const body = `{"resourceSpans":[${'{},'.repeat(1_600_000)}{}]}`
    const response = await traces(body, { 'content-type': 'application/json' })
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { message: expect.stringContaining('too_many_entries') },
    ])
  })

  it('may have any names of members and attributes', async () => {
    const attribute = (key: string, value: object): object => ({ key, value })
    const span = {
      traceId: '5B8EFFF798038103D269B633813FC60C',
      spanId: 'EEE19B7EC3C1B174',
      startTimeUnixNano: 1_795_215_593_209_000_000,
      endTimeUnixNano: '1795215594109000000',
      later: { $x: 1 },
      attributes: [
        attribute('gen_ai.request.model', { stringValue: 'gpt-4o' }),
        attribute('gen_ai.usage.input_tokens', { intValue: '5' }),
        attribute('gen_ai.usage.output_tokens', { doubleValue: 2 }),
        attribute('__proto__', { stringValue: 'x' }),
        attribute('constructor', { kvlistValue: { values: [] } }),
        {},
      ],
    }
    const resource = {
      attributes: [
        attribute('tallystick.tag.__proto__', { stringValue: 'x' }),
        attribute('tallystick.tag.region', { stringValue: 'eu' }),
      ],
    }
    const response = await receiver.send('/v1/traces', {
      resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }],
    })
    expect([response.status, await response.text()]).toEqual([200, '{}'])
    const [event] = await receiver.events()
    expect(event).toMatchObject({
      event_id: '5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174',
      input_tokens: 5,
      output_tokens: 2,
      duration_ms: 900,
    })
    expect(event?.['tags']).toMatchObject({ region: 'eu' })
  })
})

describe('refusals that come before the body is looked at', () => {
  const bomb = gzipSync(new Uint8Array(30 * 1024 * 1024))

  it.each([
    ['another content type', { 'content-type': 'text/plain' }, 'x', 415],
    ['no content type', { 'content-type': '' }, 'x', 415],
    ['another encoding', { ...PROTOBUF, 'content-encoding': 'zstd' }, 'x', 415],
    ['a gzip stream that is none', { ...PROTOBUF, 'content-encoding': 'gzip' }, 'x', 400],
    ['a bomb', { ...PROTOBUF, 'content-encoding': 'gzip' }, bomb, 413],
    ['a body that is too large', PROTOBUF, new Uint8Array(11 * 1024 * 1024), 413],
  ] as const)('%s', async (_, headers, body, status) => {
    const response = await traces(body, headers)
    expect(response.status).toBe(status)
    expect(response.headers.get('retry-after')).toBeNull()
    const type = headers['content-type'] === PROTOBUF['content-type'] ? 'application/x-protobuf' : 'application/json'
    expect(response.headers.get('content-type')).toBe(type)
  })

  it('another method', async () => {
    const response = await receiver.tallystick.fetch(new Request('http://localhost/v1/logs'), { trusted: true })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
  })
})

describe('trouble of the server', () => {
  it.each([
    ['journal_unavailable', 503, '1'],
    ['disk_full', 503, '5'],
    ['overloaded', 503, '1'],
    ['shutting_down', 503, '1'],
  ] as const)('%s is 503 with Retry-After, in the encoding of the request', async (code, status, after) => {
    const { ingest } = await createTestApp()
    const { app } = await createTestApp({
      ingest: { ...ingest, submit: () => Promise.reject(new TallystickError(code)) },
    })
    for (const type of ['application/x-protobuf', 'application/json']) {
      const body =
        type === 'application/json'
          ? JSON.stringify({
              resourceLogs: [
                {
                  scopeLogs: [
                    {
                      logRecords: [
                        { timeUnixNano: '1795215594109000000', eventName: 'claude_code.api_request', attributes: [] },
                      ],
                    },
                  ],
                },
              ],
            })
          : tracesBody([spanBytes({ 'gen_ai.usage.input_tokens': 5 })])
      const path = type === 'application/json' ? '/v1/logs' : '/v1/traces'
      const response = await app.fetch(
        new Request(`http://localhost${path}`, { method: 'POST', headers: { 'content-type': type }, body }),
      )
      expect([response.status, response.headers.get('retry-after'), response.headers.get('content-type')]).toEqual([
        status,
        after,
        type,
      ])
    }
  })
})
