import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { UsageEvent } from '../event/index.ts'
import { EventStore } from '../recorder/index.ts'
import { captureFetch } from './fetch.ts'
import { askedAt } from './retrieval.ts'
import { targetOf } from './target.ts'
import { openStandIn, type StandIn } from './testing/stand-in.ts'
import type { Tracing } from './tracing.ts'

const USAGE = { input_tokens: 75, output_tokens: 25, input_tokens_details: { cached_tokens: 64 } }
const RESPONSE = { id: 'resp_1', object: 'response', model: 'gpt-5', background: true, created_at: 1_700_000_000 }
const queued = { ...RESPONSE, status: 'queued', usage: null }
const done = { ...RESPONSE, status: 'completed', completed_at: 1_700_000_090, usage: USAGE }

let server: StandIn
let answer: { readonly body: string; readonly type: string; readonly status: number }
let recorded: UsageEvent[]
let spans: number
let fetch: typeof globalThis.fetch
beforeEach(async () => {
  server = await openStandIn((_, response) => {
    response.writeHead(answer.status, { 'content-type': answer.type })
    response.end(answer.body)
  })
  recorded = []
  spans = 0
  const tracing: Tracing = {
    begin() {
      spans++
      return undefined
    },
  }
  const sink = { record: (event: unknown) => recorded.push(event as UsageEvent) > 0 }
  fetch = captureFetch({ sink, tracing, target: (url) => targetOf(url, 'openai') })
})
afterEach(() => server.close())

async function ask(method: 'POST' | 'GET', body: object, status = 200): Promise<readonly UsageEvent[]> {
  answer = { body: JSON.stringify(body), type: 'application/json', status }
  const url = `${server.url}/v1/responses${method === 'GET' ? '/resp_1?include=x' : ''}`
  const init = method === 'POST' ? { body: JSON.stringify({ model: 'gpt-5', background: true }) } : {}
  await (await fetch(url, { method, ...init })).text()
  return recorded.splice(0)
}

async function stream(method: 'POST' | 'GET', ...responses: readonly object[]): Promise<readonly UsageEvent[]> {
  const pieces = responses.map((response) => `data: ${JSON.stringify({ type: 'response.x', response })}\n\n`)
  answer = { body: pieces.join(''), type: 'text/event-stream', status: 200 }
  await (await fetch(`${server.url}/v1/responses${method === 'GET' ? '/resp_1?stream=true' : ''}`, { method })).text()
  return recorded.splice(0)
}

describe('a response that is made in the background', () => {
  it('is one event, of the look that finds it over, at the time when it was asked for', async () => {
    expect(await ask('POST', queued)).toEqual([])
    expect(await ask('GET', queued)).toEqual([])
    expect(await ask('GET', { ...queued, status: 'in_progress' })).toEqual([])
    const [event, ...more] = await ask('GET', done)
    expect(more).toEqual([])
    expect(event).toMatchObject({
      eventId: 'resp_1',
      kind: 'llm_request_completed',
      requestModel: 'gpt-5',
      operation: 'chat',
      endpoint: '/v1/responses',
      inputTokens: 75,
      outputTokens: 25,
      usageBasis: 'measured',
      timestampMs: 1_700_000_000_000,
      durationMs: 90_000,
    })
    // Only what asked for it is a request to a model.
    expect(spans).toBe(1)
  })

  it('tells the same at every look, so that it is counted once', async () => {
    const [first] = await ask('GET', done)
    expect(await ask('GET', done)).toEqual([first])
    const store = new EventStore()
    fetch = captureFetch({ sink: store, target: (url) => targetOf(url, 'openai') })
    await ask('GET', done)
    await ask('GET', done)
    expect(store.drainAll()).toHaveLength(1)
  })

  it('is an event however it ends', async () => {
    const failed = { ...RESPONSE, status: 'failed', error: { code: 'server_error', message: 'a secret' }, usage: null }
    expect(await ask('GET', failed)).toMatchObject([{ kind: 'llm_request_failed', errorCode: 'server_error' }])
    for (const status of ['incomplete', 'cancelled']) {
      const [event, ...more] = await ask('GET', { ...done, status, completed_at: null })
      expect(more).toEqual([])
      expect(event).toMatchObject({ finishReason: status, inputTokens: 75, timestampMs: 1_700_000_000_000 })
      // How long it took is not known, and not how long the look took.
      expect(event?.durationMs).toBeUndefined()
    }
  })

  it('is the event of what asked for it where that stays until the end, and else of the stream that goes on', async () => {
    expect(await stream('POST', queued, done)).toMatchObject([{ eventId: 'resp_1', inputTokens: 75, stream: true }])
    expect(await stream('POST', queued, { ...queued, status: 'in_progress' })).toEqual([])
    expect(await stream('GET', { ...queued, status: 'in_progress' }, done)).toMatchObject([
      { eventId: 'resp_1', inputTokens: 75, timestampMs: 1_700_000_000_000 },
    ])
  })

  it('that cannot be asked for is a request that failed, and one that cannot be looked up is none', async () => {
    const error = { error: { type: 'invalid_request_error', message: 'no' } }
    expect(await ask('POST', error, 400)).toMatchObject([{ kind: 'llm_request_failed', statusCode: 400 }])
    expect(await ask('GET', error, 404)).toEqual([])
    const closed = server.url
    await server.close()
    await expect(fetch(`${closed}/v1/responses/resp_1`)).rejects.toThrow()
    expect(recorded).toEqual([])
  })
})

describe('looking something up', () => {
  it('of a response that was made at once is no event, whenever it was', async () => {
    for (const background of [false, null, undefined]) expect(await ask('GET', { ...done, background })).toEqual([])
    expect(await ask('POST', { ...done, background: false })).toHaveLength(1)
  })

  it('passes untouched for anything else', async () => {
    answer = { body: JSON.stringify(done), type: 'application/json', status: 200 }
    for (const path of [
      '/v1/responses',
      '/v1/responses/',
      '/v1/responses/resp_1/input_items',
      '/v1/chat/completions/x',
    ])
      await (await fetch(`${server.url}${path}`)).text()
    await (await fetch(`${server.url}/v1/responses/resp_1`, { method: 'DELETE' })).text()
    expect(recorded).toEqual([])
  })

  it('knows where it was asked for, below any path', () => {
    expect(askedAt('/openai/v1/responses/resp_1')).toBe('/openai/v1/responses')
    for (const path of ['', '/', '/responses', '/v1/responses/', '/v1/responses/a/b', '/v1/models/responses'])
      expect(askedAt(path)).toBeUndefined()
  })
})
