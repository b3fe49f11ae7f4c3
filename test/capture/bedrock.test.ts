import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  BedrockRuntimeClient,
  type BedrockRuntimeClientConfig,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  ThrottlingException,
} from '@aws-sdk/client-bedrock-runtime'
import { FetchHttpHandler } from '@smithy/fetch-http-handler'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { EventStore } from '@tallystick/core'
import { captureFetch } from '@tallystick/core/capture'
import { encodeWireEvent } from '@tallystick/core/event'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { aws } from '../../packages/core/src/provider/stream/testing/answers.ts'
import { openProxied, type Proxied } from '../../packages/server/src/proxy/testing/proxied.ts'

/** AWS's own SDK, which signs each request for the host that it is meant for, through the proxy and through a wrapped fetch. */
vi.setConfig({ testTimeout: 60_000 })

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const HOST = 'bedrock-runtime.us-east-1.amazonaws.com'
const CREDENTIALS = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'the-secret' }
const JSON_ANSWER = { 'content-type': 'application/json' }

interface Asked {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}
type Answer = (response: ServerResponse, asked: Asked) => void

let proxied: Proxied
let seen = 0
let number = 0
let answer: Answer
const asked: Asked[] = []

beforeAll(async () => {
  proxied = await openProxied({ proxy: { entries: ['bedrock=STAND_IN provider=aws.bedrock private'] } })
  proxied.standIn.answer = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = { url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) }
      asked.push(one)
      answer(response, one)
    })
  }
})
afterAll(() => proxied.close())
beforeEach(async () => {
  seen = (await proxied.events()).length
  asked.length = 0
})

const events = async (): Promise<readonly Record<string, unknown>[]> => (await proxied.events()).slice(seen)

/**
 * Is this the signature of what came, had it come to AWS's own host?
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function isSigned({ url, headers, body }: Asked): boolean {
  const given = /Credential=([^,]+), SignedHeaders=([^,]+), Signature=(\w+)/.exec(headers['authorization'] ?? '')
  const [, credential = '', names = '', signature] = given ?? []
  const [key, day, region, service] = credential.split('/')
  const hmac = (secret: string | Buffer, text: string): Buffer => createHmac('sha256', secret).update(text).digest()
  const sha = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
  const signed = names.split(';').map((name) => `${name}:${name === 'host' ? HOST : headers[name]}\n`)
  const path = url.split('/').map(encodeURIComponent).join('/')
  const request = ['POST', path, '', ...[signed.join(''), names, sha(body)]].join('\n')
  const scope = [day, region, service, 'aws4_request'].join('/')
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha(request)].join('\n')
  const secret = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (before, part) => hmac(before, part as string),
    `AWS4${CREDENTIALS.secretAccessKey}`,
  )
  return key === CREDENTIALS.accessKeyId && signature === hmac(secret, text).toString('hex')
}

const converse: Answer = (response) => {
  response.writeHead(200, { ...JSON_ANSWER, 'x-amzn-requestid': `aws-${++number}` })
  response.end(
    JSON.stringify({
      output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } },
      stopReason: 'end_turn',
      usage: { inputTokens: 10, outputTokens: 5, totalTokens: 105, cacheReadInputTokens: 90 },
      metrics: { latencyMs: 3 },
    }),
  )
}
const stream: Answer = (response) => {
  response.writeHead(200, {
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-requestid': `aws-${++number}`,
  })
  response.write(aws('messageStart', { role: 'assistant' }))
  response.write(aws('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hi' } }))
  response.write(aws('messageStop', { stopReason: 'end_turn' }))
  response.end(
    aws('metadata', {
      usage: { inputTokens: 10, outputTokens: 5, totalTokens: 105, cacheReadInputTokens: 90 },
      metrics: { latencyMs: 3 },
    }),
  )
}
const messages = [{ role: 'user' as const, content: [{ text: 'Say hi' }] }]

async function asks(client: BedrockRuntimeClient): Promise<void> {
  answer = converse
  const whole = await client.send(new ConverseCommand({ modelId: MODEL, messages }))
  expect(whole.output?.message?.content?.[0]?.text).toBe('Hi')
  answer = stream
  const streamed = await client.send(new ConverseStreamCommand({ modelId: MODEL, messages }))
  let text = ''
  for await (const piece of streamed.stream ?? []) text += piece.contentBlockDelta?.delta?.text ?? ''
  expect(text).toBe('Hi')
}

/** Of Sonnet 4.5 in the United States: $3.30 a million of input, $0.33 of what was cached, $16.50 of output. */
const COST = 10 * 3_300 + 90 * 330 + 5 * 16_500
const EXPECTED = {
  kind: 'llm_request_completed',
  provider: 'aws.bedrock',
  request_model: MODEL,
  input_tokens: 100,
  cache_read_tokens: 90,
  output_tokens: 5,
  finish_reason: 'end_turn',
  usage_basis: 'measured',
}

describe('through the proxy', () => {
  const client = (more: BedrockRuntimeClientConfig): BedrockRuntimeClient =>
    new BedrockRuntimeClient({ region: 'us-east-1', requestHandler: new NodeHttpHandler(), ...more })
  /** Signed as ever, and only then sent elsewhere. */
  function signing(more: BedrockRuntimeClientConfig = {}): BedrockRuntimeClient {
    const signs = client({ credentials: CREDENTIALS, ...more })
    const proxy = new URL(`${proxied.url}/proxy/bedrock`)
    signs.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { path: string; headers: Record<string, string> }
        Object.assign(request, {
          protocol: proxy.protocol,
          hostname: proxy.hostname,
          port: Number(proxy.port),
          path: `${proxy.pathname}${request.path}`,
        })
        // It was signed; what is sent names the proxy, which gives AWS's own to AWS.
        delete request.headers['host']
        request.headers['x-tallystick-agent'] = '7'
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low' },
    )
    return signs
  }

  it('a signed request comes to AWS with its signature whole, and is counted by the key that signed it', async () => {
    const signs = signing()
    await asks(signs)
    expect(asked.map(isSigned)).toEqual([true, true])
    expect(isSigned({ ...(asked[0] as Asked), body: Buffer.from('{}') })).toBe(false)
    expect(Object.keys(asked[0]?.headers ?? {}).filter((name) => name.includes('tallystick'))).toEqual([])
    const found = await events()
    expect(found).toMatchObject([
      { ...EXPECTED, stream: false, agent_id: 'agent_7', event_id: `aws-${number - 1}` },
      { ...EXPECTED, stream: true, agent_id: 'agent_7', event_id: `aws-${number}` },
    ])
    expect(found.map((event) => event['cost_nano_usd'])).toEqual([COST, COST])
    // Every signature is another; the key is not.
    expect(found[0]?.['api_key_id']).toMatch(/^pk_[0-9a-f]{32}$/)
    expect(found[1]?.['api_key_id']).toBe(found[0]?.['api_key_id'])
    expect(JSON.stringify(found)).not.toContain('AKIA')
  })

  it("a key of Bedrock's own goes through as any other", async () => {
    await asks(
      client({
        endpoint: `${proxied.url}/proxy/bedrock`,
        token: { token: 'bedrock-api-key-1' },
        authSchemePreference: ['httpBearerAuth'],
      }),
    )
    expect(asked.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer bedrock-api-key-1',
      'Bearer bedrock-api-key-1',
    ])
    expect(await events()).toMatchObject([
      { ...EXPECTED, stream: false },
      { ...EXPECTED, stream: true },
    ])
  })

  it('throttled, and tried again by the SDK: two tries of one operation', async () => {
    answer = (response, one) => {
      if (one.headers['amz-sdk-request']?.includes('attempt=1') !== true) return converse(response, one)
      response.writeHead(429, {
        ...JSON_ANSWER,
        'x-amzn-requestid': `aws-${++number}`,
        'x-amzn-errortype': 'ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/',
      })
      response.end('{"message":"Too many tokens, please wait before trying again."}')
    }
    await signing().send(new ConverseCommand({ modelId: MODEL, messages }))
    await expect(
      signing({ maxAttempts: 1 }).send(new ConverseCommand({ modelId: MODEL, messages })),
    ).rejects.toBeInstanceOf(ThrottlingException)
    expect(asked.map(isSigned)).toEqual([true, true, true])
    const found = await events()
    const throttled = { kind: 'llm_request_failed', status_code: 429, error_type: 'ThrottlingException', attempt: 1 }
    expect(found).toMatchObject([throttled, { ...EXPECTED, attempt: 2 }, throttled])
    expect(found[1]?.['operation_id']).toBe(found[0]?.['operation_id'])
    expect(found[2]?.['operation_id']).not.toBe(found[0]?.['operation_id'])
  })

  it('a model that says nothing of its tokens in its own words is counted by the headers', async () => {
    answer = (response) => {
      response.writeHead(200, {
        ...JSON_ANSWER,
        'X-Amzn-Bedrock-Input-Token-Count': '8',
        'X-Amzn-Bedrock-Output-Token-Count': '4',
      })
      response.end('{"outputs":[{"text":"Hi","stop_reason":"stop"}]}')
    }
    const body = new TextEncoder().encode('{"prompt":"Say hi"}')
    await signing().send(
      new InvokeModelCommand({
        modelId: 'mistral.mistral-7b-instruct-v0:2',
        body,
        ...{ contentType: 'application/json' },
      }),
    )
    expect(await events()).toMatchObject([
      {
        ...{ provider: 'aws.bedrock', request_model: 'mistral.mistral-7b-instruct-v0:2', usage_basis: 'measured' },
        ...{ input_tokens: 8, output_tokens: 4, usage_convention: 'bedrock.converse' },
      },
    ])
  })

  it('an exchange that the application records too is one event', async () => {
    const store = new EventStore()
    const fetch = captureFetch({
      sink: store,
      names: { agentId: 'agent_7' },
      target: () => ({ provider: 'aws.bedrock', operation: 'chat', endpoint: '/' }),
    })
    answer = converse
    await signing({ requestHandler: new FetchHttpHandler({ customFetch: fetch }) }).send(
      new ConverseCommand({ modelId: MODEL, messages }),
    )
    await proxied.events()
    const sent = await proxied.tallystick.fetch(
      new Request('http://localhost/api/v1/events', {
        method: 'POST',
        headers: JSON_ANSWER,
        body: JSON.stringify({ events: store.drainAll().map(encodeWireEvent) }),
      }),
      { trusted: true },
    )
    expect(await sent.json()).toMatchObject({ received: 1, accepted: 0 })
    expect(await events()).toMatchObject([EXPECTED])
  })
})

describe('through a wrapped fetch', () => {
  it('whole, streamed, throttled and tried again', async () => {
    const store = new EventStore()
    const client = new BedrockRuntimeClient({
      region: 'us-east-1',
      credentials: CREDENTIALS,
      endpoint: proxied.standIn.url,
      requestHandler: new FetchHttpHandler({ customFetch: captureFetch({ sink: store }) }),
    })
    await asks(client)
    answer = (response, one) => {
      if (one.headers['amz-sdk-request']?.includes('attempt=1') !== true) return stream(response, one)
      response.writeHead(503, { ...JSON_ANSWER, 'x-amzn-errortype': 'ServiceUnavailableException' })
      response.end('{"message":"no"}')
    }
    const streamed = await client.send(new ConverseStreamCommand({ modelId: MODEL, messages }))
    for await (const _ of streamed.stream ?? []);
    const expected = {
      provider: 'aws.bedrock',
      requestModel: MODEL,
      inputTokens: 100,
      cacheReadTokens: 90,
      outputTokens: 5,
    }
    const found = store.drainAll()
    expect(found).toMatchObject([
      { ...expected, stream: false, attempt: 1 },
      { ...expected, stream: true, attempt: 1 },
      { kind: 'llm_request_failed', statusCode: 503, errorType: 'ServiceUnavailableException', attempt: 1 },
      { ...expected, stream: true, attempt: 2 },
    ])
    expect(found[3]?.operationId).toBe(found[2]?.operationId)
  })
})
