import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CANARY, FAILED, PAYLOAD, payload } from '../../format/litellm/testing/payload.ts'
import { createTestApp, type TestApp } from '../testing/test-app.ts'
import { LitellmReader } from './read.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

async function send(app: TestApp, body: string | Uint8Array<ArrayBuffer>, headers = {}): Promise<Response> {
  return app.call('/litellm/callback', { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })
}

const BATCH = [PAYLOAD, FAILED, payload({ id: 'third' })]

describe('POST /litellm/callback', () => {
  it.each([
    ['json_array', JSON.stringify(BATCH), {}],
    ['json_array over several lines', JSON.stringify(BATCH, null, 2), {}],
    ['ndjson, which is sent as JSON', BATCH.map((one) => JSON.stringify(one)).join('\n'), {}],
    [
      'ndjson that says so',
      `${BATCH.map((one) => JSON.stringify(one)).join('\r\n')}\r\n\r\n`,
      { 'content-type': 'application/x-ndjson' },
    ],
    ['a batch with a null in it', JSON.stringify([...BATCH, null]), {}],
  ])('takes %s', async (_, body, headers) => {
    const app = await createTestApp()
    const response = await send(app, body, headers)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ received: 3, accepted: 3, rejected: [] })
  })

  it('takes one payload by itself, and gzip', async () => {
    const app = await createTestApp()
    expect(await (await send(app, JSON.stringify(PAYLOAD))).json()).toMatchObject({ accepted: 1 })
    const packed = new Uint8Array(gzipSync(JSON.stringify(FAILED)))
    expect(await (await send(app, packed, { 'content-encoding': 'gzip' })).json()).toMatchObject({ accepted: 1 })
  })

  it('names what it cannot take item by item', async () => {
    const app = await createTestApp()
    const response = await send(app, JSON.stringify([PAYLOAD, payload({ startTime: 'soon' })]))
    expect(await response.json()).toMatchObject({
      accepted: 1,
      rejected: [{ index: 1, event_id: 'msg_01XFDUDYJgAACzvnptvVoYEL', field: 'startTime' }],
    })
  })

  it.each([['{"id": tru'], [''], ['"text"'], ['[{"id":"a"}'], ['nonsense']])(
    'refuses %j without quoting it',
    async (body) => {
      const app = await createTestApp()
      const response = await send(app, body)
      expect(response.status).toBe(400)
      const text = await response.text()
      expect(text).toContain('invalid_json')
      expect(app.ingest.requests).toEqual([])
    },
  )

  it('takes bodies longer than others, which are mostly prompt, and holds little of them', async () => {
    const app = await createTestApp({ limits: { bodyBytes: 1000, callbackBytes: 300_000 } })
    const long = payload({ messages: [{ role: 'user', content: 'word '.repeat(40_000) }] })
    expect(await (await send(app, JSON.stringify([long]))).json()).toMatchObject({ accepted: 1 })
    const longer = payload({ messages: 'x'.repeat(300_000) })
    expect((await send(app, JSON.stringify(longer))).status).toBe(413)
    expect(app.app.context.budget.held).toBe(0)
  })

  it('refuses more payloads than a batch may have', async () => {
    const app = await createTestApp({ limits: { batchEvents: 2 } })
    expect((await send(app, JSON.stringify(BATCH))).status).toBe(413)
  })

  it('keeps no text', async () => {
    const app = await createTestApp()
    const answer = await (await send(app, JSON.stringify(BATCH))).text()
    const events = await (await app.call('/api/v1/events')).text()
    expect(events).toContain('claude-sonnet-4-5')
    expect(answer + events).not.toContain(CANARY)
  })
})

it('reads the same payloads wherever the network cuts the body', () => {
  const bytes = new TextEncoder().encode(`${JSON.stringify([PAYLOAD, FAILED])}\n`)
  const lines = new TextEncoder().encode(`${JSON.stringify(PAYLOAD)}\n\n${JSON.stringify(FAILED)}`)
  const read = (pieces: readonly Uint8Array[]): unknown => {
    const reader = new LitellmReader(10)
    for (const piece of pieces) reader.write(piece)
    return JSON.parse(JSON.stringify(reader.end()))
  }
  fc.assert(
    fc.property(
      fc.constantFrom(bytes, lines),
      fc.array(fc.nat({ max: lines.length }), { maxLength: 6 }),
      (body, cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), body.length]
        const pieces = places.slice(1).map((end, at) => body.subarray(places[at], end))
        expect(read(pieces)).toEqual(read([bytes]))
      },
    ),
    { seed: 3, numRuns: 100 },
  )
})

it("passes over Python's NaN and Infinity in what is not read", () => {
  const reader = new LitellmReader(1)
  reader.write(new TextEncoder().encode('{"id":"a","response":{"logprobs":[NaN,-Infinity]},"model":"m"}'))
  expect(reader.end()).toEqual([{ id: 'a', response: {}, model: 'm' }])
})
