import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { UsageEvent } from '../event/index.ts'
import { createPriceBook } from '../pricing/index.ts'
import { ANSWERS } from '../provider/stream/testing/answers.ts'
import { EventStore } from '../recorder/index.ts'
import { type CaptureOptions, captureFetch } from './fetch.ts'
import { openStandIn, type StandIn } from './testing/stand-in.ts'

const open: StandIn[] = []
afterEach(async () => {
  for (const provider of open.splice(0)) await provider.close()
})

async function standIn(answer: Parameters<typeof openStandIn>[0]): Promise<StandIn> {
  const provider = await openStandIn(answer)
  open.push(provider)
  return provider
}

function capture(options: Partial<CaptureOptions> = {}): { fetch: typeof fetch; events: () => UsageEvent[] } {
  const store = new EventStore()
  return { fetch: captureFetch({ sink: store, ...options }), events: () => store.drainAll() as UsageEvent[] }
}

const SSE = { 'content-type': 'text/event-stream' }
const CHAT = JSON.stringify({
  model: 'gpt-4o',
  stream: true,
  messages: [{ role: 'user', content: 'a secret of mine' }],
})
const post = (body: string = CHAT, more: RequestInit = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body,
  ...more,
})
const piece = (value: object): string => `data: ${JSON.stringify(value)}\n\n`
const USAGE = { prompt_tokens: 1_000, completion_tokens: 200 }

describe('a wrapped fetch', () => {
  it('records a request that is an object, also one of a class that a server has put in the place of the global', async () => {
    let number = 0
    const server = await standIn((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        `{"id":"c${++number}","model":"gpt-4o","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}`,
      )
    })
    const url = `${server.url}/v1/chat/completions`
    const { fetch, events } = capture()
    await (await fetch(new Request(url, post()))).text()
    const { Request: native } = globalThis
    globalThis.Request = class extends native {}
    try {
      await (await fetch(new native(url, post()))).text()
    } finally {
      globalThis.Request = native
    }
    const expected = {
      ...{ requestModel: 'gpt-4o', endpoint: '/v1/chat/completions', method: 'POST', inputTokens: 3 },
      ...{ requestBytes: CHAT.length, messageCount: 1 },
    }
    expect(events()).toMatchObject([expected, expected])
    // Sent as it would be without us: with its length, and whole.
    expect(server.seen.map(({ headers, body }) => [headers['content-length'], body])).toEqual([
      [String(CHAT.length), CHAT],
      [String(CHAT.length), CHAT],
    ])
  })

  it('ties the tries of a request that is an object, and lets one be given up', async () => {
    let number = 0
    const server = await standIn((_, response) => {
      if (number === 2) return
      response.writeHead(number++ === 0 ? 429 : 200, { 'content-type': 'application/json' })
      response.end(`{"id":"c${number}","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}`)
    })
    const { fetch, events } = capture()
    const request = new Request(`${server.url}/v1/chat/completions`, post())
    await (await fetch(request.clone())).text()
    await (await fetch(request.clone())).text()
    const controller = new AbortController()
    const given = fetch(request, { signal: controller.signal })
    setImmediate(() => controller.abort())
    await expect(given).rejects.toThrow()
    const [first, second, third] = events()
    expect([first, second, third]).toMatchObject([
      { statusCode: 429, attempt: 1, requestModel: 'gpt-4o' },
      { statusCode: 200, attempt: 2, requestModel: 'gpt-4o' },
      { aborted: true, requestModel: 'gpt-4o' },
    ])
    expect(second?.operationId).toBe(first?.operationId)
    expect(third?.operationId).not.toBe(first?.operationId)
  })

  it('records a request that cannot be sent, since its body has been read, as one that failed', async () => {
    const { fetch, events } = capture()
    const request = new Request('https://api.openai.com/v1/chat/completions', post())
    await request.text()
    await expect(fetch(request)).rejects.toThrow(TypeError)
    expect(events()).toMatchObject([{ kind: 'llm_request_failed', endpoint: '/v1/chat/completions' }])
  })

  it('gives every answer through as it came, to the byte, and records what was in it', async () => {
    for (const { name, provider, contentType, bytes, expected } of ANSWERS) {
      const server = await standIn((_, response) => {
        response.writeHead(200, { 'content-type': contentType })
        for (let at = 0; at < bytes.length; at += 97) response.write(bytes.subarray(at, at + 97))
        response.end()
      })
      const { fetch, events } = capture({ target: () => ({ provider, operation: 'chat', endpoint: '/x' }) })
      const response = await fetch(`${server.url}/x`, post())
      const got = new Uint8Array(await response.arrayBuffer())
      expect(createHash('sha256').update(got).digest('hex'), name).toBe(
        createHash('sha256').update(bytes).digest('hex'),
      )
      const [event, ...more] = events()
      expect(more, name).toEqual([])
      expect(event?.inputTokens, name).toBe(expected.input)
      expect(event?.outputTokens, name).toBe(expected.output)
      expect(event?.usageBasis, name).toBe(
        expected.input === undefined && expected.output === undefined
          ? 'unknown'
          : expected.complete
            ? 'measured'
            : 'estimated',
      )
      if (expected.id !== undefined) expect(event?.eventId, name).toBe(expected.id)
      await server.close()
    }
  })

  it('records who, what, how long and at what cost, and nothing of what was said', async () => {
    const server = await standIn(async (_, response) => {
      response.writeHead(200, SSE)
      response.write(
        piece({ id: 'chatcmpl-7', model: 'gpt-4o-2024-08-06', choices: [{ delta: { content: 'a long answer' } }] }),
      )
      await setTimeout(20)
      response.end(
        `${piece({ choices: [{ finish_reason: 'stop' }] })}${piece({ choices: [], usage: USAGE })}data: [DONE]\n\n`,
      )
    })
    const { fetch, events } = capture({
      prices: createPriceBook(),
      names: ({ headers }) => ({
        agentId: 'agent_7',
        userId: headers.get('x-user') ?? 'nobody',
        tags: { team: 'search' },
      }),
      target: (url) => ({ provider: 'openai', operation: 'chat', endpoint: url.pathname }),
    })
    const response = await fetch(
      `${server.url}/v1/chat/completions`,
      post(CHAT, { headers: { 'x-user': 'ada', 'x-stainless-retry-count': '1', 'idempotency-key': 'op-1' } }),
    )
    expect([response.url, response.status]).toEqual([`${server.url}/v1/chat/completions`, 200])
    await response.text()
    const [event] = events()
    expect(event).toMatchObject({
      eventId: 'chatcmpl-7',
      kind: 'llm_request_completed',
      provider: 'openai',
      requestModel: 'gpt-4o',
      responseModel: 'gpt-4o-2024-08-06',
      operation: 'chat',
      endpoint: '/v1/chat/completions',
      stream: true,
      success: true,
      statusCode: 200,
      finishReason: 'stop',
      ...{ inputTokens: 1_000, outputTokens: 200, usageBasis: 'measured' },
      // $2.50 and $10 a million.
      costNanoUsd: 4_500_000,
      ...{ agentId: 'agent_7', userId: 'ada', tags: { team: 'search' }, attempt: 2, operationId: 'op-1' },
      requestBytes: CHAT.length,
    })
    expect(event?.durationMs).toBeGreaterThanOrEqual(event?.ttfbMs ?? Number.POSITIVE_INFINITY)
    const stored = JSON.stringify(event)
    for (const text of ['a secret of mine', 'a long answer'])
      for (let at = 0; at + 12 <= text.length; at++) expect(stored).not.toContain(text.slice(at, at + 12))
    expect(server.seen[0]?.body).toBe(CHAT)
  })

  it('counts a refusal as a failure with its code, and hands it on', async () => {
    const server = await standIn((_, response) => {
      response.writeHead(429, { 'content-type': 'application/json', 'x-request-id': 'req_9' })
      response.end(JSON.stringify({ error: { message: 'slow down', type: 'requests', code: 'rate_limit_exceeded' } }))
    })
    const { fetch, events } = capture()
    const response = await fetch(`${server.url}/v1/chat/completions`, post())
    expect([response.status, ((await response.json()) as { error: object }).error]).toEqual([
      429,
      { message: 'slow down', type: 'requests', code: 'rate_limit_exceeded' },
    ])
    expect(events()).toMatchObject([
      {
        kind: 'llm_request_failed',
        eventId: 'req_9',
        statusCode: 429,
        success: false,
        errorType: 'requests',
        errorCode: 'rate_limit_exceeded',
        usageBasis: 'unknown',
        provider: 'openai',
      },
    ])
  })

  let answers = 0
  const stall = async (response: ServerResponse): Promise<void> => {
    response.writeHead(200, SSE)
    response.write(piece({ id: `answer-${++answers}`, choices: [{ delta: { content: 'x' } }] }))
  }

  it('records one event for an answer that its reader gives up, that times out, or that breaks off', async () => {
    const server = await standIn((request, response) =>
      request.url?.includes('break')
        ? stall(response)
            .then(() => setTimeout(10))
            .then(() => void response.destroy())
        : stall(response),
    )
    const { fetch, events } = capture()
    const address = `${server.url}/v1/chat/completions`

    const given = await fetch(address, post())
    const reader = (given.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await reader.cancel()
    expect(events()).toMatchObject([
      { kind: 'llm_request_failed', aborted: true, errorType: 'client_abort', eventId: 'answer-1' },
    ])

    const late = await fetch(address, post(CHAT, { signal: AbortSignal.timeout(1_500) }))
    await expect(late.text()).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(events()).toMatchObject([{ kind: 'llm_request_failed', aborted: true, errorType: 'timeout' }])

    const controller = new AbortController()
    const stopped = await fetch(address, post(CHAT, { signal: controller.signal }))
    controller.abort()
    await expect(stopped.text()).rejects.toMatchObject({ name: 'AbortError' })
    expect(events()).toMatchObject([{ kind: 'llm_request_failed', aborted: true, errorType: 'client_abort' }])

    const broken = await fetch(`${server.url}/break/chat/completions`, post())
    await expect(broken.text()).rejects.toThrow()
    expect(events()).toMatchObject([{ kind: 'llm_request_failed', statusCode: 200, errorType: 'connection' }])
  })

  it('records a stream that stops before its end as cut off, and no answer at all as no connection', async () => {
    const server = await standIn((_, response) => {
      response.writeHead(200, SSE)
      response.end(piece({ id: 'chatcmpl-9', choices: [{ delta: { content: 'x' } }] }))
    })
    const { fetch, events } = capture()
    await (await fetch(`${server.url}/v1/chat/completions`, post())).text()
    expect(events()).toMatchObject([{ kind: 'llm_request_failed', errorType: 'truncated', usageBasis: 'unknown' }])
    await server.close()
    await expect(fetch(`${server.url}/v1/chat/completions`, post())).rejects.toThrow('fetch failed')
    expect(events()).toMatchObject([{ kind: 'llm_request_failed', errorType: 'connection', errorCode: 'ECONNREFUSED' }])
  })

  it('leaves everything else alone, and goes on when its own parts fail', async () => {
    const server = await standIn((_, response) => void response.end('{"object":"response","status":"completed"}'))
    const { fetch, events } = capture({
      names: () => {
        throw new Error('no names')
      },
    })
    expect(await (await fetch(`${server.url}/v1/models`)).text()).toContain('completed')
    expect(events()).toEqual([])
    await (await fetch(`${server.url}/v1/responses`, post())).text()
    expect(events()).toHaveLength(1)
    const failing = captureFetch({
      sink: {
        record: () => {
          throw new Error('no sink')
        },
      },
    })
    expect(await (await failing(`${server.url}/v1/responses`, post())).text()).toContain('completed')
  })
})
