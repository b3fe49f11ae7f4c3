import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { TallystickError } from '@tallystick/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { thorough } from '../../../core/src/testing/thorough.ts'
import { until } from '../http/testing/raw.ts'
import { createProxy } from './proxy.ts'
import { createIngestRecorder } from './recorder.ts'
import { CHAT, completion, JSON_TYPE, openProxied, openStandIn, type Proxied, send } from './testing/proxied.ts'
import { readUpstreams } from './upstream.ts'

let proxied: Proxied
beforeEach(async () => {
  proxied = await openProxied()
})
afterEach(() => proxied.close())

const openFiles = (): number => readdirSync('/proc/self/fd').length
const active = (): number | undefined => proxied.tallystick.proxyStats()?.active

/** Sends a request and leaves when something of its answer has come. */
function leave(when: 'at once' | 'with its head' | 'in its body'): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(proxied.port, '127.0.0.1')
    const body = '{"model":"gpt-4o","stream":true}'
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
    socket.write(
      `POST ${CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      () => when === 'at once' && socket.destroy(),
    )
    let text = ''
    socket.on('data', (chunk) => {
      text += String(chunk)
      if (when === 'with its head' || text.includes('data: ')) socket.destroy()
    })
  })
}

describe('P-6', () => {
  it('clients that leave, hundreds of them: the upstream is let go, each is one event, and nothing stays open', async () => {
    let open = 0
    let number = 0
    proxied.standIn.answer = (request, response) => {
      open++
      response.on('close', () => open--)
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: {"id":"left-${number++}","model":"gpt-4o","choices":[]}\n\n`)
    }
    const ways = ['at once', 'with its head', 'in its body'] as const
    await Promise.all(ways.map(leave))
    await proxied.events()
    const before = openFiles()
    const batches = thorough(12, 50)
    for (let batch = 0; batch < batches; batch++)
      await Promise.all(Array.from({ length: 20 }, (_, index) => leave(ways[(batch + index) % 3] as 'at once')))
    await until(() => active() === 0 && open === 0)
    await proxied.events()
    await vi.waitFor(() => expect(openFiles()).toBeLessThanOrEqual(before + 2), { timeout: 10_000 })
    const { accepted } = proxied.tallystick.ingest.counts()
    const { recording, requests } = proxied.tallystick.proxyStats() ?? {}
    // Some of those that leave at once are gone before they were seen.
    expect(requests).toBeGreaterThan(18 * batches)
    expect(accepted).toBe(requests)
    expect(recording).toMatchObject({ recorded: requests, known: 0, rejected: 0, failed: 0, dropped: 0, pending: 0 })
  }, 60_000)

  it('an upstream that is silent is given up after a while: 504, one event', async () => {
    const upstreams = readUpstreams({ entries: [`up=${proxied.standIn.url} provider=openai private`] })
    const recorder = createIngestRecorder({ ingest: proxied.tallystick.ingest, onError: () => undefined })
    const proxy = createProxy({ upstreams, recorder, keyHash: (key) => key, idleMs: 80 })
    const server = await openStandIn((request, response) => proxy.handle(request, response, {}))
    proxied.standIn.answer = () => undefined
    const { status, body } = await send(`${server.url}${CHAT}`, { headers: JSON_TYPE, body: '{"model":"gpt-4o"}' })
    expect(status).toBe(504)
    expect(JSON.parse(body.toString())).toMatchObject({ error: { code: 'upstream_timeout' } })
    await proxy.close()
    await server.close()
    expect(await proxied.events()).toMatchObject([{ request_model: 'gpt-4o', success: false, error_type: 'timeout' }])
  })

  it('an upstream that is not there, and one that leaves without an answer: 502, one event each', async () => {
    proxied.standIn.answer = (request) => request.socket.destroy()
    const { status, headers } = await send(`${proxied.url}${CHAT}`, { headers: JSON_TYPE, body: '{"model":"gpt-4o"}' })
    expect([status, headers['x-tallystick-error']]).toEqual([502, 'upstream_unreachable'])
    await proxied.standIn.close()
    expect((await send(`${proxied.url}${CHAT}`, { body: '{"model":"gpt-4o"}' })).status).toBe(502)
    expect(await proxied.events()).toMatchObject([
      { error_type: 'connection', error_code: 'ECONNRESET', request_model: 'gpt-4o' },
      { error_type: 'connection', error_code: 'ECONNREFUSED', request_model: 'gpt-4o' },
    ])
  })

  it('an answer that is cut short is cut short for the client too, whatever its length was to be', async () => {
    for (const headers of [{}, { 'content-length': '1000' }, { 'content-encoding': 'gzip' }]) {
      proxied.standIn.answer = (request, response) => {
        request.resume()
        response.writeHead(200, { 'content-type': 'text/event-stream', ...headers })
        response.write('data: {"id":"cut"}\n\n', () => request.socket.destroy())
      }
      await expect(send(`${proxied.url}${CHAT}`, { body: '{"model":"gpt-4o"}' })).rejects.toThrow()
    }
    const events = await proxied.events()
    expect(events.length).toBeGreaterThanOrEqual(2)
    for (const event of events) expect(event).toMatchObject({ success: false, error_type: 'connection' })
  })
})

describe('P-7: what cannot be recorded goes by all the same, and is counted', () => {
  it('with a full disk, in the middle of a stream', async () => {
    const { ingest } = proxied.tallystick
    let full = false
    const errors: unknown[] = []
    const recorder = createIngestRecorder({
      ingest: {
        submit: (request) =>
          full ? Promise.reject(new TallystickError('disk_full')) : ingest.submit({ ...request, ack: 'received' }),
      },
      onError: (error) => errors.push(error),
    })
    const upstreams = readUpstreams({ entries: [`up=${proxied.standIn.url} provider=openai private`] })
    const proxy = createProxy({ upstreams, recorder, keyHash: (key) => key })
    const server = await openStandIn((request, response) => proxy.handle(request, response, {}))
    proxied.standIn.answer = async (request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"id":"d-1","choices":[{"finish_reason":"stop"}]}\n\n')
      full = true
      await new Promise((resolve) => setTimeout(resolve, 20))
      response.end('data: [DONE]\n\n')
    }
    const { status, body } = await send(`${server.url}${CHAT}`, { body: '{"model":"gpt-4o","stream":true}' })
    expect([status, body.toString().endsWith('[DONE]\n\n')]).toEqual([200, true])
    await recorder.settled()
    expect(proxy.stats().recording).toMatchObject({ recorded: 0, failed: 1, pending: 0 })
    expect(errors).toMatchObject([{ code: 'disk_full' }])
    full = false
    proxied.standIn.answer = (_, response) => response.end('{}')
    await send(`${server.url}${CHAT}`, { body: '{"model":"gpt-4o"}' })
    await recorder.settled()
    expect(proxy.stats().recording).toMatchObject({ recorded: 1, failed: 1 })
    await proxy.close()
    await server.close()
  })

  it('with more of it waiting than is kept', async () => {
    const recorder = createIngestRecorder({
      ingest: { submit: () => new Promise(() => undefined) },
      onError: () => undefined,
    })
    for (let index = 0; index < 20_100; index++) recorder.record({ kind: 'llm_request_completed' }, {})
    expect(recorder.counts).toMatchObject({ dropped: 100, pending: 20_000 })
  })

  it('with what a door would refuse: the member is left out, the request is counted', async () => {
    proxied.standIn.answer = (request, response) => {
      request.resume()
      response.writeHead(200, { ...JSON_TYPE, 'x-request-id': 'r-1' })
      response.end(
        JSON.stringify({
          model: `m${'é'.repeat(200)}`,
          choices: [{ finish_reason: 'f'.repeat(200) }],
          usage: { prompt_tokens: 1, completion_tokens: 2 },
        }),
      )
    }
    await send(`${proxied.url}${CHAT}`, { body: '{"model":"gpt-4o"}' })
    const [event] = await proxied.events()
    expect(event).toMatchObject({ event_id: 'r-1', request_model: 'gpt-4o', input_tokens: 1, output_tokens: 2 })
    // Of a reason that is none of those there are it is told that there was one.
    expect(event).toMatchObject({ finish_reason: 'other' })
    expect(proxied.tallystick.proxyStats()?.recording).toMatchObject({ recorded: 1, rejected: 0 })
  })
})

describe('P-9: an upstream that means no good', () => {
  it('figures that cannot be are not believed and the rest of them only as an estimate, and the request is counted', async () => {
    const told: readonly (readonly [string, string])[] = [
      ['{"prompt_tokens":9000000000000000000,"completion_tokens":1}', 'estimated'],
      ['{"prompt_tokens":-5,"completion_tokens":1}', 'estimated'],
      ['{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":6}}', 'estimated'],
      ['{"prompt_tokens":1e400,"completion_tokens":"9"}', 'estimated'],
      ['{"prompt_tokens":1.5,"completion_tokens":null}', 'unknown'],
      ['{"prompt_tokens":5,"completion_tokens":1}', 'measured'],
      ['[[[[1]]]]', 'unknown'],
      ['"x"', 'unknown'],
    ]
    const usages = told.map(([usage]) => usage)
    let number = 0
    proxied.standIn.answer = (request, response) => {
      request.resume()
      response.writeHead(200, JSON_TYPE)
      response.end(`{"id":"u-${number}","model":"gpt-4o","choices":[],"usage":${usages[number++]}}`)
    }
    for (const _ of usages)
      expect((await send(`${proxied.url}${CHAT}`, { body: '{"model":"gpt-4o"}' })).status).toBe(200)
    const events = await proxied.events()
    expect(events.map(({ event_id: id }) => id).sort()).toEqual(usages.map((_, index) => `u-${index}`))
    const bases = new Map(events.map(({ event_id: id, usage_basis: basis }) => [id, basis]))
    expect(told.map(([usage], index) => [usage, bases.get(`u-${index}`)])).toEqual(told)
    for (const { input_tokens: input } of events) expect(input === undefined || Number.isSafeInteger(input)).toBe(true)
  })

  it('a bomb of a gigabyte passes as the few bytes it is, and is not unpacked to its end', async () => {
    // Ten times over: one member behind the other, as gzip allows.
    const member = gzipSync(Buffer.alloc(100 * 1024 * 1024))
    const bomb = Buffer.concat(Array.from({ length: 10 }, () => member))
    proxied.standIn.answer = (request, response) => {
      request.resume()
      response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' })
      response.end(bomb)
    }
    const before = process.memoryUsage().rss
    const { body } = await send(`${proxied.url}${CHAT}`, { body: '{"model":"gpt-4o"}' })
    expect(body.equals(bomb)).toBe(true)
    const [event] = await proxied.events()
    expect(event).toMatchObject({ status_code: 200, usage_basis: 'unknown', success: true })
    expect(Number(event?.['response_bytes'])).toBeLessThan(70 * 1024 * 1024)
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024)
  })

  it('what says that it is compressed and is not, or in a way that nobody knows, passes and is counted', async () => {
    for (const encoding of ['gzip', 'br', 'zstd', 'gzip, gzip', 'constructor']) {
      proxied.standIn.answer = (request, response) => {
        request.resume()
        response.writeHead(200, {
          'content-type': 'text/event-stream',
          'content-encoding': encoding,
          'x-request-id': encoding,
        })
        response.end('no such thing')
      }
      expect((await send(`${proxied.url}${CHAT}`, { body: '{"model":"gpt-4o"}' })).body.toString()).toBe(
        'no such thing',
      )
    }
    const events = await proxied.events()
    expect(events).toHaveLength(5)
    for (const event of events) expect(event).toMatchObject({ success: true, usage_basis: 'unknown' })
  })

  it('headers past all bounds, or none of HTTP at all: 502', async () => {
    proxied.standIn.answer = (_, response) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n`)
    }
    expect((await send(`${proxied.url}${CHAT}`, { body: '{}' })).status).toBe(502)
    proxied.standIn.answer = (_, response) => {
      response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n')
    }
    expect((await send(`${proxied.url}${CHAT}`, { body: '{}' })).status).toBe(502)
    proxied.standIn.answer = (_, response) => {
      response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')
    }
    expect((await send(`${proxied.url}${CHAT}`, { body: '{}' })).status).toBe(502)
    proxied.standIn.answer = (_, response) => {
      response.writeHead(200, JSON_TYPE)
      response.end(completion('fine'))
    }
    expect((await send(`${proxied.url}${CHAT}`, { body: '{}' })).status).toBe(200)
  })
})
