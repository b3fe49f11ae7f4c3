import { existsSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { createOpenAI } from '@ai-sdk/openai'
import { EventStore, SyncClient } from '@tallystick/core'
import { captureFetch, type ExchangeSink, type Target } from '@tallystick/core/capture'
import { captureModel } from '@tallystick/core/capture/ai'
import { generateText, streamText, wrapLanguageModel } from 'ai'
import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { openStandIn } from '../../packages/core/src/capture/testing/stand-in.ts'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { folder, ROOT, start } from '../e2e/cli.ts'
import { carrying } from './testing/carriers.ts'
import { filesBelow, PieceFinder, piecesOf, type Text, whole } from './testing/pieces.ts'

/**
 * Nothing that a person or a model wrote is kept: no 12 characters of it are in any byte that is stored, sent or logged, whatever
 * way the request took and whatever became of it.
 */
vi.setConfig({ testTimeout: 120_000 })

const SEED = 20_261_121
const word = fc.string({ unit: fc.constantFrom(...'bcdfghjkmnpqrstvwxz23456789'), minLength: 14, maxLength: 30 })
const wide = fc.string({ unit: 'grapheme', minLength: 24, maxLength: 60 }).filter((text) => new Set(text).size > 12)
/** A prompt that is one word, and so looks like a code; of a language that is written without spaces too. */
const oneWord = fc.string({
  unit: fc.constantFrom(...'bcdfghjkmnpqrstvwxzBCDFGHJK_-.23456789'),
  minLength: 14,
  maxLength: 30,
})
const unspaced = fc.string({
  unit: fc.constantFrom(...'请帮我写一封辞职信给的老板说明下个月要离开公司去旅行'),
  minLength: 25,
  maxLength: 40,
})
const common = (text: string): { readonly common: string } => ({ common: text })
/** Texts that look like everything that is read. */
const KINDS: readonly fc.Arbitrary<Text>[] = [
  fc.tuple(word, wide, word),
  fc
    .tuple(word, wide)
    .map(([one, two]) => [common('data: {"usage":{"prompt_tokens":99,"completion_tokens":9}}\n\n'), one, two]),
  fc
    .tuple(word, word)
    .map(([one, two]) => [
      common('{"input_tokens":1,"model":"'),
      one,
      common('","error":{"code":"'),
      two,
      common('"}}'),
    ]),
  fc
    .tuple(word, word)
    .map(([one, two]) => [common('"}],"usage":{"output_tokens":7},"id":"'), one, common('","x":[{"y":"'), two]),
  fc
    .tuple(word, word)
    .map(([one, two]) => [common('event: message_stop\ndata: [DONE]\r\n\r\n: '), one, common('\nid: '), two]),
  oneWord.map((text) => [text]),
  unspaced.map((text) => [text]),
  fc.tuple(word, wide).map(([one, two]) => [one, common('\\u0022\\"\\\\'), two, common('\u2028\u0000\ud83d\ude00')]),
]
const texts: fc.Arbitrary<Text> = fc.oneof(...KINDS)

const json = (response: ServerResponse, status: number, value: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
const sse = (response: ServerResponse, ...pieces: readonly (object | string)[]): ServerResponse => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const piece of pieces) response.write(`data: ${typeof piece === 'string' ? piece : JSON.stringify(piece)}\n\n`)
  return response
}
let ids = 0
const usage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }
const completion = (more: object): object => ({
  id: `answer-${++ids}`,
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o',
  ...more,
})
const piece = (content: string, finish: string | null = null): object =>
  completion({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, finish_reason: finish }] })
const tool = (text: string): object => ({
  index: 0,
  id: 'call_1',
  type: 'function',
  function: { name: 'find', arguments: text },
})

/** What a provider may answer with, words of the prompt and of its own in every place that has room for them. */
const SHAPES: Readonly<Record<string, (response: ServerResponse, prompt: string, answer: string) => void>> = {
  whole: (response, _, answer) =>
    json(
      response,
      200,
      completion({
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: answer, tool_calls: [tool(answer)] },
            finish_reason: 'stop',
          },
        ],
        usage,
      }),
    ),
  streamed: (response, _, answer) =>
    void sse(response, piece(answer), piece(answer, 'stop'), completion({ choices: [], usage }), '[DONE]').end(),
  messages: (response, _, answer) =>
    void sse(
      response,
      {
        type: 'message_start',
        message: {
          id: `answer-${++ids}`,
          type: 'message',
          model: 'claude-opus-4-6',
          content: [],
          usage: { input_tokens: 10, output_tokens: 1 },
        },
      },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: answer } },
      {
        type: 'message_delta',
        delta: { stop_reason: 'stop_sequence', stop_sequence: answer },
        usage: { output_tokens: 5 },
      },
      { type: 'message_stop' },
    ).end(),
  refused: (response, prompt) =>
    json(response, 400, {
      error: {
        message: `cannot read "${prompt}"`,
        type: `about ${prompt}`,
        code: prompt,
        param: prompt,
      },
    }),
  'refused in a word': (response, prompt) =>
    json(response, 400, {
      error: {
        message: prompt,
        type: prompt,
        code: prompt,
        status: prompt,
        param: prompt,
        innererror: { code: prompt },
      },
    }),
  'ended for a reason of its own': (response, prompt, answer) =>
    json(
      response,
      200,
      completion({
        choices: [{ index: 0, message: { role: 'assistant', content: answer }, finish_reason: answer }],
        service_tier: prompt,
        system_fingerprint: prompt,
        status: answer,
        stop_reason: answer,
        stop_sequence: answer,
        usage,
      }),
    ),
  'refused in plain text': (response, prompt) =>
    void response.writeHead(500, { 'content-type': 'text/plain' }).end(`no: ${prompt}`),
  'an error in the stream': (response, prompt, answer) =>
    void sse(response, piece(answer), { error: { message: prompt, type: prompt, code: answer } }).end(),
  'a reason in the stream': (response, _, answer) =>
    void sse(response, piece(answer), piece(answer, answer), completion({ choices: [], usage }), '[DONE]').end(),
  'cut off': (response, _, answer) => void sse(response, piece(answer)).end(),
  'broken off': (response, _, answer) => {
    sse(response, piece(answer))
    setTimeout(() => response.destroy(), 5)
  },
  'no JSON': (response, prompt, answer) => void response.end(`${answer}{"usage":${prompt}`),
}

/** Everything that a request says to a model, in every place that has room for it. */
const request = (text: string, stream: boolean): string =>
  JSON.stringify({
    ...{ model: 'gpt-4o', stream, system: text, prompt: text, input: [text], stop: [text], user: text },
    messages: [
      { role: 'user', content: text },
      { role: 'user', content: [{ type: 'text', text }] },
    ],
    tools: [{ type: 'function', function: { name: 'find', description: text, parameters: {} } }],
    metadata: { note: text },
  })

/** One request on one way; how it ends is the way's own business. */
type Send = (text: string, shape: string) => Promise<unknown>

interface Way {
  readonly name: string
  readonly send: Send
  /** Its events do not go through the store of this process. */
  readonly elsewhere?: boolean
  close?(): Promise<void>
}

const ask = (fetch: typeof globalThis.fetch, url: string, text: string, shape: string): Promise<unknown> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-shape': encodeURIComponent(shape), 'user-agent': 'test' },
    body: request(text, shape !== 'whole'),
  })
    .then((response) => response.text())
    .catch(() => undefined)

/** Does this build have the capture proxy? */
const PROXY = existsSync(join(ROOT, 'packages/server/src/proxy'))

/** The ways in; `server` is the address of Tallystick, `provider` that of the stand-in. */
async function waysIn(sink: ExchangeSink, provider: string, server: string): Promise<readonly Way[]> {
  const target = (url: URL): Target => ({ provider: 'openai', operation: 'chat', endpoint: url.pathname })
  const fetch = captureFetch({ sink, target })
  const path = '/v1/chat/completions'
  const carriers = await Promise.all(
    Object.entries(carrying(provider)).map(async ([name, open]) => {
      const { url, close } = await open({ sink, clientAddress: 'full' })
      return { name, close, send: (text, shape) => ask(globalThis.fetch, `${url}${path}`, text, shape) } satisfies Way
    }),
  )
  const model = (shape: string) =>
    wrapLanguageModel({
      model: createOpenAI({
        apiKey: 'k',
        baseURL: `${provider}/v1`,
        headers: { 'x-shape': encodeURIComponent(shape) },
      }).chat('gpt-4o'),
      middleware: captureModel({ sink }),
    })
  return [
    { name: 'fetch', send: (text, shape) => ask(fetch, `${provider}${path}`, text, shape) },
    ...carriers,
    ...(PROXY
      ? [
          {
            name: 'proxy',
            elsewhere: true,
            send: (text: string, shape: string) => ask(globalThis.fetch, `${server}/proxy/standin${path}`, text, shape),
          },
        ]
      : []),
    {
      name: 'ai',
      send: async (prompt, shape) => {
        if (shape === 'whole') await generateText({ model: model(shape), prompt, maxRetries: 0 })
        else
          for await (const _ of streamText({ model: model(shape), prompt, maxRetries: 0, onError: () => undefined })
            .fullStream);
      },
    },
  ]
}

const made: string[] = []
afterAll(() => {
  for (const each of made) rmSync(each, { recursive: true, force: true })
})

interface Kept {
  /** Where pieces were found, and some of them. */
  readonly found: readonly { readonly where: string; readonly pieces: readonly string[] }[]
  readonly files: readonly string[]
  readonly events: number
}

/** Sends every text every way in every shape, with a real server behind, and looks at all that is left of it. */
async function kept(
  sample: readonly Text[],
  through: (sink: EventStore) => ExchangeSink = (store) => store,
): Promise<Kept> {
  const data = folder()
  made.push(data)
  let output = ''
  // Frameworks tell the console of answers that broke off; that is a log too.
  const told = vi.spyOn(console, 'error').mockImplementation((...words) => {
    output += words.map((each) => (each instanceof Error ? `${each.stack} ${each.cause}` : String(each))).join(' ')
  })
  const provider = await openStandIn((incoming, response) => {
    const shape = decodeURIComponent(String(incoming.headers['x-shape']))
    const said = textOf(incoming, provider.seen.at(-1)?.body ?? '')
    ;(SHAPES[shape] as (typeof SHAPES)[string])(response, said, [...said].toReversed().join(''))
  })
  const tallystick = start(['serve', '--port', '0', '--data', data, '--log-level', 'debug'], {
    env: {
      TALLYSTICK_JOURNAL_SEGMENT_BYTES: '65536',
      TALLYSTICK_CLIENT_ADDRESS: 'full',
      TALLYSTICK_PROXY_UPSTREAMS: `standin=${provider.url} provider=openai private`,
    },
  })
  for (const stream of [tallystick.stdout, tallystick.stderr])
    stream?.on('data', (bytes) => {
      output += bytes
    })
  await vi.waitFor(() => expect(output).toMatch(/127\.0\.0\.1:\d+/), { timeout: 30_000 })
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] as string
  const store = new EventStore({ sourceId: 'privacy' })
  const client = SyncClient.start(store, { url })
  const ways = await waysIn(through(store), provider.url, url)
  let sent = 0
  for (const text of sample) {
    const all = ways.flatMap(({ send }) =>
      Object.keys(SHAPES).map((shape) => send(whole(text), shape).catch(() => undefined)),
    )
    sent += ways.filter(({ elsewhere }) => elsewhere !== true).length * Object.keys(SHAPES).length
    await Promise.all(all)
  }
  await vi.waitFor(() => expect(store.stats().totalRequests).toBe(sent), { timeout: 20_000 })
  await client.stop()
  const page = await (await fetch(`${url}/api/v1/events?limit=1000&consistency=applied`)).text()
  for (const way of ways) await way.close?.()
  told.mockRestore()
  await provider.close()
  tallystick.kill('SIGTERM')
  await new Promise((resolve) => tallystick.once('close', resolve))
  const reversed = sample.map((text) => [...whole(text)].toReversed().join(''))
  const finder = new PieceFinder(
    (function* () {
      for (const text of sample) yield* piecesOf(text)
      // An answer is its prompt backwards: nothing in it is anybody's word but its own.
      for (const text of reversed) yield* piecesOf([text])
    })(),
  )
  const places = [
    ...filesBelow(data),
    { path: 'standard output and error', bytes: Buffer.from(output) },
    { path: 'what the server answers', bytes: Buffer.from(page) },
  ]
  return {
    found: places
      .map(({ path, bytes }) => ({ where: path, pieces: finder.in(bytes) }))
      .filter(({ pieces }) => pieces.length > 0),
    files: places.map(({ path }) => path.slice(path.startsWith(data) ? data.length + 1 : 0)),
    events: sent,
  }
}

/** What was said, from the request as it came to the provider. */
function textOf(_: IncomingMessage, body: string): string {
  const { messages } = JSON.parse(body) as { messages: readonly { content: unknown }[] }
  const content = messages.at(-1)?.content
  return typeof content === 'string' ? content : ((content as { text: string }[])[0]?.text ?? '')
}

describe('privacy', () => {
  it('no 12 characters of a prompt or an answer are in any byte that is kept', async () => {
    const sample = LONG
      ? fc.sample(texts, { numRuns: 12, seed: SEED })
      : KINDS.flatMap((kind) => fc.sample(kind, { numRuns: 1, seed: SEED }))
    const { found, files, events } = await kept(sample)
    expect(found).toEqual([])
    expect(events).toBe(sample.length * 5 * 12)
    // What was looked through is what there is: compressed segments from inside, the store, the control state.
    for (const part of ['.gz, unpacked', 'tallystick.duckdb', 'state/', 'journal/'])
      expect(files.join('\n')).toContain(part)
  })

  it('and had they been, they would have been found', async () => {
    const sample = fc.sample(texts, { numRuns: thorough(1, 3), seed: SEED })
    let leaks = 0
    const { found } = await kept(sample, (store) => ({
      record: (event) => {
        const [text] = sample.filter(() => leaks++ === 40)
        return store.record(text === undefined ? event : { ...event, errorMessage: `x${whole(text).slice(0, 40)}` })
      },
    }))
    const where = found.map((place) => place.where).join('\n')
    expect(where).toMatch(/journal/)
    expect(where).toMatch(/what the server answers/)
  })
})
