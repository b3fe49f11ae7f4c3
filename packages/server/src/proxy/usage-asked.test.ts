import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UsageHider } from './hide-usage.ts'
import { CHAT, JSON_TYPE, openProxied, type Proxied, send } from './testing/proxied.ts'

/** `proxy.include_usage`: the stream is asked for its usage, and a client that did not ask does not see it. */
let proxied: Proxied
const got: { readonly body: string; readonly length: string | undefined; readonly encoding: string | undefined }[] = []

const chunk = (more: object): string => `data: ${JSON.stringify({ id: 'c-1', model: 'gpt-4o', ...more })}`
const TEXT = chunk({
  choices: [{ delta: { content: 'data: {"choices":[],"usage":{"prompt_tokens":1}}' } }],
  usage: null,
})
const STOP = chunk({ choices: [{ delta: {}, finish_reason: 'stop' }] })
const USAGE = chunk({ choices: [], usage: { prompt_tokens: 12, completion_tokens: 3 } })
const FILTER = chunk({ choices: [], prompt_filter_results: [] })
const stream = (...events: readonly string[]): string => events.map((event) => `${event}\n\n`).join('')

beforeAll(async () => {
  proxied = await openProxied({ proxy: { includeUsage: true } })
  proxied.standIn.answer = async (request, response) => {
    let body = ''
    for await (const piece of request.setEncoding('utf8')) body += piece
    got.push({ body, length: request.headers['content-length'], encoding: request.headers['accept-encoding'] })
    const asked = body.includes('include_usage')
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of [FILTER, TEXT, STOP, ...(asked ? [USAGE] : []), 'data: [DONE]']) response.write(`${event}\n\n`)
    response.end()
  }
})
afterAll(() => proxied.close())

describe('a stream that tells its usage only when it is asked', () => {
  it.each([
    [
      '{"model":"gpt-4o","stream":true}',
      '{"stream_options":{"include_usage":true},"model":"gpt-4o","stream":true}',
      true,
    ],
    [' \n{ "stream" : true }', ' \n{"stream_options":{"include_usage":true}, "stream" : true }', true],
    ['{"stream":true,"stream_options":{"include_usage":true}}', undefined, false],
    ['{"stream":true,"stream_options":{"include_obfuscation":false}}', undefined, false],
    ['{"stream":false}', undefined, false],
    ['{"model":"gpt-4o","messages":[{"content":"\\"stream\\":true"}]}', undefined, false],
    ['{"stream":true', undefined, false],
  ])('%s', async (body, sent, isHidden) => {
    got.length = 0
    const { body: answer } = await send(`${proxied.url}${CHAT}`, {
      headers: { ...JSON_TYPE, 'accept-encoding': 'gzip', 'x-tallystick-agent': `asks-${Math.abs(body.length)}` },
      body,
    })
    const expected = sent ?? body
    expect(got).toEqual([
      {
        body: expected,
        length: isHidden ? String(Buffer.byteLength(expected)) : got[0]?.length,
        encoding: isHidden ? 'identity' : 'gzip',
      },
    ])
    const told = expected.includes('include_usage') && !isHidden
    expect(answer.toString()).toBe(stream(FILTER, TEXT, STOP, ...(told ? [USAGE] : []), 'data: [DONE]'))
  })

  it('is recorded with what it told', async () => {
    const events = await proxied.events()
    const asked = events.filter(({ agent_id: agent }) => agent === 'asks-32')
    expect(asked).toMatchObject([{ input_tokens: 12, output_tokens: 3, usage_basis: 'measured', success: true }])
  })

  it('answers other than chat streams pass untouched', async () => {
    got.length = 0
    const body = '{"model":"gpt-4o","stream":true}'
    await send(`${proxied.url}/proxy/up/v1/responses`, { headers: JSON_TYPE, body })
    expect(got[0]?.body).toBe(body)
  })
})

describe('UsageHider', () => {
  it('takes out the chunk of usage and nothing else, wherever the stream is cut and however its lines end', () => {
    const events = [TEXT, STOP, USAGE, FILTER, ': a comment', 'data: [DONE]', 'data: {"usage":{', 'event: x\ndata: {}']
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...events), { maxLength: 12 }),
        fc.constantFrom('\n', '\r\n'),
        fc.array(fc.nat(4000), { maxLength: 30 }),
        fc.boolean(),
        (chosen, newline, places, isWhole) => {
          const written = (list: readonly string[]): string =>
            list.map((event) => `${event.replaceAll('\n', newline)}${newline}${newline}`).join('')
          const whole = Buffer.from(written(chosen) + (isWhole ? '' : 'data: {"cut'))
          const expected = written(chosen.filter((event) => event !== USAGE)) + (isWhole ? '' : 'data: {"cut')
          const cuts = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b)
          const hider = new UsageHider()
          let out = ''
          let from = 0
          for (const to of [...cuts, whole.length]) {
            out += hider.write(whole.subarray(from, to)).toString()
            from = to
          }
          expect(out + hider.end().toString()).toBe(expected)
        },
      ),
      { seed: 20_261_121, numRuns: 2_000 },
    )
  })

  it('holds no more than an event may have', () => {
    const hider = new UsageHider()
    const long = Buffer.alloc(100_000, 0x78)
    const first = hider.write(long).byteLength
    expect(first).toBeGreaterThan(99_000)
    expect(first + hider.write(Buffer.from('\n\n')).byteLength + hider.end().byteLength).toBe(100_002)
  })
})
