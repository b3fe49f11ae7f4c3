import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2 } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { UsageEvent } from '../../event/index.ts'
import { EventStore } from '../../recorder/index.ts'
import { captureExpress, exchangeOf, type ServerCaptureOptions } from '../express/index.ts'
import { captureHono, type HonoContextLike } from '../hono/index.ts'
import { keptAddress } from './address.ts'

const CHAT = '{"model":"gpt-4o","messages":[{"role":"user","content":"a secret"}]}'
const ANSWER =
  '{"id":"answer-1","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":3}}'

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function listening(server: Server): Promise<string> {
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** What is recorded of one request to a plain server of Node's behind the middleware. */
async function recorded(
  handler: Handler,
  options: Partial<ServerCaptureOptions<IncomingMessage>> = {},
  path = '/v1/chat/completions?key=secret',
): Promise<{ readonly event: UsageEvent | undefined; readonly got: Buffer; readonly count: number }> {
  const store = new EventStore()
  const capture = captureExpress<IncomingMessage>({ sink: store, ...options })
  const url = await listening(
    createHttp((request, response) => capture(request, response, () => handler(request, response))),
  )
  const answer = await fetch(`${url}${path}`, { method: 'POST', body: CHAT })
  const got = Buffer.from(await answer.arrayBuffer())
  // Node tells that an answer has gone a moment after it is here.
  await vi.waitFor(() => expect(store.length).toBeGreaterThan(0), { timeout: 300 }).catch(() => undefined)
  const events = store.drainAll()
  return { event: events[0] as UsageEvent | undefined, got, count: events.length }
}

describe('a server of Node behind the middleware', () => {
  it('is read whichever way it writes headers and pieces', async () => {
    const half = ANSWER.length / 2
    const ways: readonly Handler[] = [
      (_, response) => void response.setHeader('content-type', 'application/json').end(ANSWER),
      (_, response) => void response.writeHead(200, { 'Content-Type': 'application/json' }).end(Buffer.from(ANSWER)),
      (_, response) => void response.writeHead(200, 'fine', ['content-type', 'application/json']).end(ANSWER, 'utf8'),
      (_, response) => {
        response.writeHead(200, [['content-type', 'application/json']] as never)
        response.write(ANSWER.slice(0, half), 'latin1')
        response.end(ANSWER.slice(half), () => undefined)
      },
      (request, response) => {
        response.writeProcessing()
        request.on('data', () => undefined).on('end', () => response.end(ANSWER))
      },
    ]
    for (const way of ways) {
      const { event, got, count } = await recorded(way)
      expect([got.toString(), count]).toEqual([ANSWER, 1])
      expect(event).toMatchObject({
        ...{ eventId: 'answer-1', inputTokens: 12, outputTokens: 3, statusCode: 200, responseBytes: ANSWER.length },
        ...{ requestModel: 'gpt-4o', messageCount: 1, requestBytes: CHAT.length, endpoint: '/v1/chat/completions' },
      })
      expect(JSON.stringify(event)).not.toContain('secret')
    }
  })

  it('over HTTP/2 is counted once, to the byte', async () => {
    const store = new EventStore()
    const capture = captureExpress({ sink: store })
    const url = await listening(
      createHttp2((request, response) => {
        capture(request as never, response as never, () => {
          request.on('data', () => undefined)
          request.on('end', () => response.end(ANSWER))
        })
      }),
    )
    const client = connect(url)
    const stream = client.request({ ':method': 'POST', ':path': '/v1/chat/completions' })
    stream.end(CHAT)
    let got = ''
    for await (const data of stream.setEncoding('utf8')) got += data
    client.close()
    expect(got).toBe(ANSWER)
    await vi.waitFor(() => expect(store.length).toBe(1))
    expect(store.drainAll()).toMatchObject([
      { inputTokens: 12, responseBytes: ANSWER.length, requestBytes: CHAT.length, requestModel: 'gpt-4o' },
    ])
  })

  it('that compresses below the middleware is known by size alone', async () => {
    const packed = gzipSync(ANSWER)
    const { event } = await recorded((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }).end(packed)
    })
    expect(event).toMatchObject({ success: true, usageBasis: 'unknown', responseBytes: packed.length })
  })

  it('is recorded once however often the middleware is mounted', async () => {
    const again = captureExpress<IncomingMessage>({ sink: new EventStore() })
    const { count, event } = await recorded((request, response) => {
      again(request, response, () => response.end(ANSWER))
    })
    expect([count, event?.inputTokens]).toEqual([1, 12])
  })

  it('is told by handlers what bytes do not tell, at other paths and in words of its own', async () => {
    const { event } = await recorded(
      (request, response) => {
        exchangeOf(request).add({ requestModel: 'own-1', inputTokens: 7, outputTokens: 2, upstreamDurationMs: 3 })
        exchangeOf(request).add({ tags: { a: '1' } })
        exchangeOf(request).add({ tags: { b: 'x'.repeat(2_000) }, mcpEnabled: true, mcpServers: ['files'] })
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: done\n\n')
      },
      { target: { operation: 'chat', endpoint: '/ask', speaks: null }, names: { tags: { team: 'search' } } },
      '/ask',
    )
    expect(event).toMatchObject({
      ...{ kind: 'llm_request_completed', endpoint: '/ask', requestModel: 'own-1', stream: true },
      ...{ inputTokens: 7, outputTokens: 2, usageBasis: 'measured', upstreamDurationMs: 3, mcpServers: ['files'] },
      tags: { team: 'search', a: '1', b: 'x'.repeat(1_024) },
    })
  })

  it('goes on when names, sink or target fail, and elsewhere says that nothing is recorded', async () => {
    const fail = (): never => {
      throw new Error('ours')
    }
    const { event, got } = await recorded((_, response) => void response.end(ANSWER), { names: fail })
    expect([event?.inputTokens, got.toString()]).toEqual([12, ANSWER])
    for (const options of [{ target: fail }, { sink: { record: fail } }])
      expect((await recorded((_, response) => void response.end(ANSWER), options)).got.toString()).toBe(ANSWER)
    let known: boolean | undefined
    await recorded(
      (request, response) => {
        const handle = exchangeOf(request)
        handle.add({ agentId: 'nobody' })
        known = handle.recorded
        response.end()
      },
      {},
      '/v1/models',
    )
    expect(known).toBe(false)
  })

  it('gives answers from a cache an event each, though they have the id of the first', async () => {
    const { event } = await recorded((request, response) => {
      exchangeOf(request).add({ cacheHit: true, cacheTier: 'l1' })
      response.setHeader('x-request-id', 'chosen-by-the-client').end(ANSWER)
    })
    expect(event).toMatchObject({ cacheHit: true, inputTokens: 12 })
    expect(event?.eventId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('takes a source that breaks for a failure of its own, not for a reader that went', async () => {
    const store = new EventStore()
    const capture = captureExpress<IncomingMessage>({ sink: store })
    const url = await listening(
      createHttp((request, response) =>
        capture(request, response, () => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write('data: {"id":"a","choices":[]}\n\n', () =>
            response.destroy(Object.assign(new Error('gone'), { code: 'ECONNRESET' })),
          )
        }),
      ),
    )
    const broken = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body: CHAT })
    await expect(broken.text()).rejects.toThrow()
    await vi.waitFor(() => expect(store.length).toBe(1))
    const [event] = store.drainAll()
    expect(event).toMatchObject({ errorType: 'connection', errorCode: 'ECONNRESET', success: false })
    expect(event?.aborted).toBeUndefined()
  })
})

describe("a server of the web's standard behind the middleware", () => {
  async function served(
    handle: (request: Request) => Response | Promise<Response>,
  ): Promise<{ readonly response: Response; readonly store: EventStore }> {
    const store = new EventStore()
    const request = new Request('http://gateway/v1/chat/completions', { method: 'POST', body: CHAT })
    const context: HonoContextLike = { req: { raw: request }, env: undefined, res: new Response() }
    await captureHono({ sink: store })(context, async () => {
      context.res = await handle(request)
    })
    return { response: context.res, store }
  }

  it('sees bodies that handlers read, however they do', async () => {
    const ways: readonly ((request: Request) => Promise<unknown>)[] = [
      (request) => request.json(),
      (request) => request.text(),
      async (request) => Buffer.from(await request.arrayBuffer()).toString(),
      (request) => new Response(request.body).text(),
      // Whoever only looks has not read it.
      async (request) => (request.body === null ? undefined : request.json()),
    ]
    for (const way of ways) {
      const { response, store } = await served(async (request) => {
        expect(JSON.stringify(await way(request))).toContain('secret')
        return new Response(ANSWER, { headers: { 'content-type': 'application/json' } })
      })
      expect(await response.text()).toBe(ANSWER)
      expect(store.drainAll()).toMatchObject([{ requestModel: 'gpt-4o', messageCount: 1, inputTokens: 12 }])
    }
  })

  it('records what is thrown, given up, and left without a body', async () => {
    const store = new EventStore()
    const request = new Request('http://gateway/v1/chat/completions', { method: 'POST', body: CHAT })
    const context: HonoContextLike = { req: { raw: request }, env: {}, res: new Response() }
    const thrown = new Error('of a handler')
    await expect(captureHono({ sink: store })(context, () => Promise.reject(thrown))).rejects.toBe(thrown)
    expect(store.drainAll()).toMatchObject([{ kind: 'llm_request_failed' }])

    const streaming = await served(
      () => new Response(new ReadableStream({ type: 'bytes' }), { headers: { 'content-type': 'text/event-stream' } }),
    )
    await streaming.response.body?.cancel()
    expect(streaming.store.drainAll()).toMatchObject([{ aborted: true, errorType: 'client_abort' }])

    const empty = await served(() => new Response(null, { status: 503 }))
    expect(empty.store.drainAll()).toMatchObject([{ kind: 'llm_request_failed', statusCode: 503 }])
  })
})

describe('the address of a client', () => {
  it.each([
    ['203.0.113.77', '203.0.113.0'],
    ['::ffff:203.0.113.77', '203.0.113.0'],
    ['2001:db8:1:2::3', '2001:db8:1::'],
    ['fe80::1%eth0', 'fe80::'],
    ['::1', '::'],
    ['not an address', undefined],
    [undefined, undefined],
  ])('%s is kept as %s', (address, kept) => {
    expect(keptAddress(address, 'truncated')).toBe(kept)
    expect(keptAddress(address, 'off')).toBeUndefined()
  })
})
