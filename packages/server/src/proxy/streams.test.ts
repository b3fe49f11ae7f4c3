import type { ServerResponse } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ANSWERS, type Recorded } from '../../../core/src/provider/stream/testing/answers.ts'
import { pieces } from '../../../core/src/provider/stream/testing/pieces.ts'
import { until } from '../http/testing/raw.ts'
import { expectRead, pathOf } from './testing/answered.ts'
import { JSON_TYPE, openProxied, type Proxied, type Reply, send } from './testing/proxied.ts'

/** P-5 and P-9: streams that come as badly as they can. */
const MIB = 1024 * 1024
const providers = [...new Set(ANSWERS.map(({ provider }) => provider))]
let proxied: Proxied
beforeAll(async () => {
  proxied = await openProxied({
    proxy: { entries: providers.map((provider) => `${provider}=STAND_IN provider=${provider} private`) },
  })
})
afterAll(() => proxied.close())

const CHAT_ANSWER = ANSWERS.find(({ name }) => name.startsWith('chat, ')) as Recorded

function ask(provider: string, agent: string, headers: Record<string, string> = {}): Promise<Reply> {
  return send(`${proxied.url}/proxy/${provider}${pathOf(provider)}`, {
    headers: { ...JSON_TYPE, 'x-tallystick-agent': agent, ...headers },
    body: '{"model":"m","stream":true}',
  })
}

const eventOf = async (agent: string): Promise<Record<string, unknown>> => {
  const found = (await proxied.events()).filter(({ agent_id: id }) => id === agent)
  expect(found, agent).toHaveLength(1)
  return found[0] as Record<string, unknown>
}

const written = (response: ServerResponse, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => response.write(bytes, () => setImmediate(resolve)))

/** Until more may be written, or nobody is there for it. */
async function drained(response: ServerResponse): Promise<void> {
  let ready = (): void => undefined
  await new Promise<void>((resolve) => {
    ready = resolve
    response.once('drain', ready).once('close', ready)
  })
  response.off('drain', ready).off('close', ready)
}

describe('P-5: a stream', () => {
  it('of any provider, cut at any bytes, a hundred of them: whole for the client and read right', async () => {
    const cases = fc.sample(
      fc.record({ recorded: fc.constantFrom(...ANSWERS), cuts: fc.array(fc.nat(5_000), { maxLength: 40 }) }),
      { seed: 20_261_122, numRuns: 100 },
    )
    proxied.standIn.answer = async (request, response) => {
      request.resume()
      const { recorded, cuts } = cases[Number(request.headers['x-case'])] as (typeof cases)[number]
      response.writeHead(200, { 'content-type': recorded.contentType })
      for (const piece of pieces(recorded.bytes, cuts)) await written(response, piece)
      response.end()
    }
    const replies = await Promise.all(
      cases.map(({ recorded }, index) => ask(recorded.provider, `cut-${index}`, { 'x-case': String(index) })),
    )
    const events = new Map((await proxied.events()).map((event) => [event['agent_id'], event]))
    for (const [index, { recorded }] of cases.entries()) {
      expect(replies[index]?.body.equals(recorded.bytes), recorded.name).toBe(true)
      expectRead(events.get(`cut-${index}`) ?? {}, recorded, recorded.name)
    }
  })

  it('that breaks off at any byte breaks off for the client too, and is one failure', async () => {
    const whole = ANSWERS.filter(({ expected, bytes }) => expected.complete && bytes.length > 0)
    const cases = fc.sample(fc.record({ recorded: fc.constantFrom(...whole), at: fc.nat(5_000) }), {
      seed: 20_261_123,
      numRuns: 60,
    })
    proxied.standIn.answer = async (request, response) => {
      request.resume()
      const { recorded, at } = cases[Number(request.headers['x-case'])] as (typeof cases)[number]
      response.writeHead(200, { 'content-type': recorded.contentType })
      response.flushHeaders()
      await written(response, recorded.bytes.subarray(0, at % recorded.bytes.length))
      request.socket.destroy()
    }
    const outcomes = await Promise.allSettled(
      cases.map(({ recorded }, index) => ask(recorded.provider, `broken-${index}`, { 'x-case': String(index) })),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(cases.map(() => 'rejected'))
    const events = new Map((await proxied.events()).map((event) => [event['agent_id'], event]))
    for (const [index, { recorded }] of cases.entries()) {
      const event = events.get(`broken-${index}`)
      expect(event, recorded.name).toMatchObject({ kind: 'llm_request_failed', error_type: 'connection' })
      // What came before the break is in no text: it is what the provider had told by then, or nothing.
      const { input = 0 } = recorded.expected
      expect(Number(event?.['input_tokens'] ?? 0), recorded.name).toBeLessThanOrEqual(input)
    }
  })

  it('behind fifty megabytes of comments is read, held nowhere, and passes', async () => {
    const flood = Buffer.from(': ping\n\n'.repeat(8 * 1024))
    const count = Math.ceil((50 * MIB) / flood.byteLength)
    proxied.standIn.answer = async (request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (let sent = 0; sent < count; sent++) if (!response.write(flood)) await drained(response)
      response.end(CHAT_ANSWER.bytes)
    }
    const response = await fetch(`${proxied.url}/proxy/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { ...JSON_TYPE, 'x-tallystick-agent': 'flood' },
      body: '{"model":"m","stream":true}',
    })
    const before = process.memoryUsage.rss()
    let size = 0
    let most = 0
    for await (const bytes of response.body as ReadableStream<Uint8Array>) {
      size += bytes.byteLength
      most = Math.max(most, process.memoryUsage.rss())
    }
    expect(size).toBe(count * flood.byteLength + CHAT_ANSWER.bytes.byteLength)
    expect(most - before).toBeLessThan(150 * MIB)
    const event = await eventOf('flood')
    expectRead(event, CHAT_ANSWER, 'flood')
    expect(event['response_bytes']).toBe(size)
  })
})

describe('P-9: an upstream', () => {
  it('that never stops is let go when the client leaves, and held by nobody meanwhile', async () => {
    const endless: readonly (readonly [string, string])[] = [
      ['text/event-stream', `data: {"choices":[{"delta":{"content":"${'x'.repeat(1_000)}"}}]}\n\n`],
      ['text/event-stream', 'data: no end of a line '],
      ['application/json', '[[[{"usage":{"usage":"'],
    ]
    for (const [index, [contentType, text]] of endless.entries()) {
      const chunk = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)))
      let closed = false
      let open = false
      proxied.standIn.answer = async (request, response) => {
        request.resume()
        open = true
        response.on('close', () => {
          closed = true
        })
        response.writeHead(200, { 'content-type': contentType })
        while (!closed) {
          if (!response.write(chunk)) await drained(response)
        }
      }
      const response = await fetch(`${proxied.url}/proxy/openai/v1/chat/completions`, {
        method: 'POST',
        headers: { ...JSON_TYPE, 'x-tallystick-agent': `endless-${index}` },
        body: '{"model":"m","stream":true}',
      })
      const before = process.memoryUsage.rss()
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      for (let size = 0; size < 20 * MIB; ) size += (await reader.read()).value?.byteLength ?? 0
      expect(process.memoryUsage.rss() - before).toBeLessThan(150 * MIB)
      expect([open, closed]).toEqual([true, false])
      await reader.cancel()
      await until(() => closed)
      const event = await eventOf(`endless-${index}`)
      expect(event).toMatchObject({ aborted: true, error_type: 'client_abort', usage_basis: 'unknown' })
      expect(Number(event['response_bytes'])).toBeGreaterThanOrEqual(20 * MIB)
    }
  })

  it('that drips, one byte at a time, is read right', async () => {
    for (const recorded of providers.map((provider) => ANSWERS.find((answer) => answer.provider === provider))) {
      if (recorded === undefined) continue
      proxied.standIn.answer = async (request, response) => {
        request.resume()
        response.writeHead(200, { 'content-type': recorded.contentType })
        for (let at = 0; at < recorded.bytes.length; at++) await written(response, recorded.bytes.subarray(at, at + 1))
        response.end()
      }
      const { body } = await ask(recorded.provider, `drip-${recorded.provider}`)
      expect(body.equals(recorded.bytes), recorded.name).toBe(true)
    }
    const events = new Map((await proxied.events()).map((event) => [event['agent_id'], event]))
    for (const provider of providers)
      expectRead(
        events.get(`drip-${provider}`) ?? {},
        ANSWERS.find((answer) => answer.provider === provider) as Recorded,
        provider,
      )
  })
})
