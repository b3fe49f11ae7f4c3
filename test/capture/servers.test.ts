import { connect } from 'node:net'
import Anthropic from '@anthropic-ai/sdk'
import { EventStore, type UsageEvent } from '@tallystick/core'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GATEWAYS, type Gateway } from './testing/gateways.ts'

vi.setConfig({ testTimeout: 60_000 })

const messages = [{ role: 'user' as const, content: 'Say hi' }]
const REQUEST = JSON.stringify({ model: 'gpt-4o', messages })

/** All that a server sends for these bytes, without what tells the time. */
async function sent(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(request)
  let got = ''
  for await (const data of socket.setEncoding('latin1')) got += data
  return got.replace(/\r\n(?:date|etag): [^\r]*/gi, '').replace(/answer-\d+/g, 'answer')
}

const post = (body: string, more: readonly string[] = ['authorization: Bearer good']): string =>
  [
    'POST /v1/chat/completions HTTP/1.1',
    'host: gateway',
    'connection: close',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...more,
    '',
    body,
  ].join('\r\n')

describe.each(Object.entries(GATEWAYS))('a server in %s', (_, open) => {
  let store: EventStore
  let gateway: Gateway
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  beforeEach(async () => {
    store = new EventStore()
    gateway = await open({ capture: { sink: store, clientAddress: 'truncated' } })
    process.on('unhandledRejection', note)
    // Hono's server tells the console of answers that break off.
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
  })
  afterEach(async () => {
    await gateway.close()
    process.off('unhandledRejection', note)
    vi.restoreAllMocks()
    expect(unhandled.splice(0)).toEqual([])
  })
  const events = async (count: number): Promise<readonly UsageEvent[]> => {
    await vi.waitFor(() => expect(store.length).toBeGreaterThanOrEqual(count), { timeout: 10_000 })
    return store.drainAll()
  }
  const client = (apiKey = 'good'): OpenAI =>
    new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0, defaultHeaders: { 'x-user': 'ada' } })

  it('records request, answer, who asked and what was decided, whole and streamed', async () => {
    const completion = await client().chat.completions.create({ model: 'gpt-4o', messages })
    let text = ''
    for await (const chunk of await client().chat.completions.create({ model: 'gpt-4o', messages, stream: true }))
      text += chunk.choices[0]?.delta.content ?? ''
    expect([completion.choices[0]?.message.content, text]).toEqual(['Hi', 'Hi'])
    const recorded = await events(2)
    const expected = {
      kind: 'llm_request_completed',
      provider: 'openai',
      requestModel: 'gpt-4o',
      responseModel: 'gpt-4o-2024-08-06',
      ...{ method: 'POST', endpoint: '/v1/chat/completions', operation: 'chat', statusCode: 200, success: true },
      ...{ inputTokens: 12, outputTokens: 3, usageBasis: 'measured', finishReason: 'stop', messageCount: 1 },
      ...{ agentId: 'agent_7', userId: 'ada', apiKeyLabel: 'of the test', authMethod: 'bearer', attempt: 1 },
      ...{ backend: 'gpu-2', routingMethod: 'latency', routingConfidence: 0.9, clientIp: '127.0.0.0' },
      tags: { team: 'search', route: '/v1/chat/completions' },
    }
    expect(recorded).toMatchObject([
      { ...expected, stream: false, requestBytes: REQUEST.length },
      { ...expected, stream: true },
    ])
    for (const event of recorded) {
      expect(event.userAgent).toMatch(/^OpenAI\/JS/)
      expect(event.eventId).toMatch(/^answer-\d+$/)
      expect(event.responseBytes).toBeGreaterThan(100)
      expect(event.durationMs).toBeGreaterThanOrEqual(event.ttfbMs as number)
    }
  })

  it('reads answers in the words of the path: Anthropic', async () => {
    const anthropic = new Anthropic({ apiKey: 'good', baseURL: gateway.url, maxRetries: 0 })
    await anthropic.messages.create({ model: 'claude-opus-4-6', max_tokens: 9, messages })
    expect(await events(1)).toMatchObject([
      { provider: 'anthropic', inputTokens: 100, cacheReadTokens: 90, outputTokens: 5 },
    ])
  })

  it('counts what it refuses and what fails, each once', async () => {
    const ask = (apiKey: string, model?: string): Promise<unknown> =>
      client(apiKey)
        .chat.completions.create({ model, messages } as never)
        .catch((error: unknown) => error)
    for (const [key, model] of [
      ['spent', 'gpt-4o'],
      ['banned', 'gpt-4o'],
      ['good', undefined],
      ['good', 'throws'],
    ] as const)
      expect(await ask(key, model)).toBeInstanceOf(OpenAI.APIError)
    const keyed = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-api-key': 'Bearer spent', 'user-agent': 'a'.repeat(2_000), 'content-type': 'application/json' },
      body: JSON.stringify({ model: `gpt-4o\0${'é'.repeat(300)}` }),
    })
    await keyed.text()
    const nobody = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', body: REQUEST })
    expect(nobody.status).toBe(401)
    await nobody.text()
    const failed = { kind: 'llm_request_failed', success: false, usageBasis: 'unknown' }
    const recorded = await events(6)
    expect(recorded[4]).toMatchObject({ ...failed, statusCode: 429, authMethod: 'api_key' })
    expect(recorded[4]?.requestModel).toMatch(/^gpt-4o\ufffdé{100,}$/)
    expect(recorded.toSpliced(4, 1)).toMatchObject([
      { ...failed, statusCode: 429, errorType: 'requests', errorCode: 'rate_limit_exceeded', requestModel: 'gpt-4o' },
      { ...failed, statusCode: 403, errorType: 'permission_error', requestModel: 'gpt-4o' },
      {
        ...failed,
        statusCode: 400,
        errorType: 'invalid_request_error',
        errorCode: 'no_model',
        requestModel: 'unknown',
      },
      { ...failed, statusCode: 500, errorType: 'server_error', requestModel: 'throws' },
      { ...failed, statusCode: 401, errorType: 'authentication_error', authenticated: false },
    ])
  })

  it('records a body that is no JSON as the refusal that it is', async () => {
    const answer = await sent(gateway.url, post('{"model": "gpt-4o", "messages": ['))
    expect(answer).toMatch(/^HTTP\/1\.1 (400|500)/)
    expect(await events(1)).toMatchObject([{ kind: 'llm_request_failed', requestModel: 'unknown' }])
  })

  it('records one event for an answer that its reader gives up, and for one that breaks off', async () => {
    const stream = await client().chat.completions.create({ model: 'waits', messages, stream: true })
    for await (const _chunk of stream) break
    expect(await events(1)).toMatchObject([
      { kind: 'llm_request_failed', aborted: true, errorType: 'client_abort', statusCode: 200, usageBasis: 'unknown' },
    ])
    const broken = await client().chat.completions.create({ model: 'breaks', messages, stream: true })
    await expect(async () => {
      for await (const _chunk of broken);
    }).rejects.toThrow()
    const [event, ...more] = await events(1)
    expect(more).toEqual([])
    expect(event).toMatchObject({ kind: 'llm_request_failed', success: false, statusCode: 200, usageBasis: 'unknown' })
  })

  it('sends the same bytes as without it, and leaves other routes unrecorded', async () => {
    const bare = await open({})
    try {
      const cases = [
        post(REQUEST),
        post(JSON.stringify({ model: 'gpt-4o', messages, stream: true })),
        post(REQUEST, []),
        post(REQUEST, ['authorization: Bearer spent']),
        post(JSON.stringify({ model: 'throws', messages })),
        post('no json'),
        'GET /v1/models HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n',
        'POST /v1/models HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
      ]
      for (const request of cases) expect(await sent(gateway.url, request)).toBe(await sent(bare.url, request))
      expect(await events(6)).toHaveLength(6)
    } finally {
      await bare.close()
    }
  })

  it('passes a stream on as it is written', async () => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer good', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'waits', messages, stream: true }),
    })
    // The rest comes in a minute: what is here has not waited for it.
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('"Hi"')
    await reader.cancel()
    expect(await events(1)).toMatchObject([{ aborted: true }])
  })
})
