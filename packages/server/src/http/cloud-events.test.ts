import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import type { Listening } from './bind.ts'
import { listen } from './listen.ts'
import { createTestApp } from './testing/test-app.ts'

const EVENTS = '/api/v1/events'
const DATA = { model: 'gpt-4o', input_tokens: 3 }
const ONE = { specversion: '1.0', id: '1', source: '/a', type: 't', time: '2026-11-21T08:00:00Z', data: DATA }
const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=UTF-8' }
const BATCH = { 'content-type': 'application/cloudevents-batch+json' }
const BINARY = {
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-source': '/caf%C3%A9',
  'ce-type': 't',
  'ce-time': '2026-11-21T08:00:00Z',
}

const running: Listening[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})

type Send = (
  headers: Record<string, string>,
  body: string | Uint8Array<ArrayBuffer>,
  path?: string,
) => Promise<Response>

async function opened(way: 'socket' | 'fetch'): Promise<{ send: Send; listed(): Promise<unknown> }> {
  const { app, call } = await createTestApp()
  const server = await listen(app, { port: 0 })
  running.push(server)
  return {
    send: (headers, body, path = EVENTS) =>
      way === 'socket'
        ? fetch(server.url + path, { method: 'POST', headers, body })
        : call(path, { method: 'POST', headers, body }),
    listed: async () => ((await (await call(EVENTS)).json()) as { events: unknown }).events,
  }
}

describe.each(['socket', 'fetch'] as const)('CloudEvents over %s', (way) => {
  it('come structured', async () => {
    const { send, listed } = await opened(way)
    const response = await send(STRUCTURED, JSON.stringify(ONE))
    expect(await response.json()).toMatchObject({ received: 1, accepted: 1 })
    expect(await listed()).toMatchObject([
      { source_id: '/a', timestamp_ms: Date.parse(ONE.time), request_model: 'gpt-4o' },
    ])
  })

  it('come in batches, packed or not, and bad ones are named', async () => {
    const { send } = await opened(way)
    const body = JSON.stringify([ONE, { ...ONE, id: '2' }, { ...ONE, id: undefined }, 7])
    const response = await send({ ...BATCH, 'content-encoding': 'gzip' }, new Uint8Array(gzipSync(body)))
    expect(await response.json()).toMatchObject({
      received: 4,
      accepted: 2,
      rejected: [
        { index: 2, field: 'id', code: 'missing_field' },
        { index: 3, code: 'not_an_object' },
      ],
    })
    expect(await (await send(BATCH, '[]')).json()).toMatchObject({ received: 0 })
  })

  it('come binary, with their attributes in headers', async () => {
    const { send, listed } = await opened(way)
    const response = await send(BINARY, JSON.stringify(DATA))
    expect(await response.json()).toMatchObject({ accepted: 1 })
    expect(await listed()).toMatchObject([{ source_id: '/café', timestamp_ms: Date.parse(ONE.time) }])
  })

  it('are the same event in every mode', async () => {
    const { send } = await opened(way)
    await send({ ...BINARY, 'ce-source': '/a' }, JSON.stringify(DATA))
    expect(await (await send(STRUCTURED, JSON.stringify(ONE))).json()).toMatchObject({ duplicate: 1 })
    expect(await (await send(BATCH, JSON.stringify([ONE]))).json()).toMatchObject({ duplicate: 1 })
  })

  it.each([
    ['a batch that is none', BATCH, JSON.stringify(ONE), 400, 'invalid_body'],
    ['no JSON', STRUCTURED, '{', 400, 'invalid_json'],
    ['another format', { 'content-type': 'application/cloudevents+avro' }, '{}', 415, 'unsupported_media_type'],
    ['a header that is not encoded', { ...BINARY, 'ce-source': '%zz' }, '{}', 400, 'malformed_request'],
  ])('are refused as a whole for %s', async (_, headers, body, status, code) => {
    const { send } = await opened(way)
    const response = await send(headers, body)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code })
  })

  it('are not taken where another protocol is spoken', async () => {
    const { send } = await opened(way)
    const response = await send(STRUCTURED, JSON.stringify(ONE), '/api/v1/analytics/events')
    expect(response.status).toBe(415)
  })
})
