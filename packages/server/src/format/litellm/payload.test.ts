import { encodeWireEvent, type UsageEvent } from '@tallystick/core/event'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeLitellm } from './payload.ts'
import { CANARY, FAILED, PAYLOAD, payload } from './testing/payload.ts'

const CONTEXT = { nowMs: 1_795_262_500_000, mintId: () => 'minted' }

function event(item: unknown): UsageEvent {
  const decoded = decodeLitellm(item, CONTEXT)
  if (!decoded.ok) throw new Error(decoded.message)
  return decoded.event
}

it('maps a payload with everything in it', () => {
  expect(encodeWireEvent(event(PAYLOAD))).toEqual({
    event_id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
    timestamp_ms: 1_795_262_400_250,
    kind: 'llm_request_completed',
    user_id: 'customer-3',
    api_key_id: '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b',
    api_key_label: 'web',
    client_ip: '203.0.113.9',
    user_agent: 'OpenAI/Python 2.8.1',
    provider: 'anthropic',
    provider_id: 'cb41bc03f4c33d310019bae8c5afdb1af0a8f97b36a234405a9807614988457c',
    request_model: 'claude-sonnet-4-5',
    response_model: 'claude-sonnet-4-5-20250929',
    operation: 'chat',
    endpoint: '/chat/completions',
    stream: true,
    success: true,
    finish_reason: 'stop',
    input_tokens: 3100,
    cache_read_tokens: 2048,
    cache_write_tokens: 600,
    cache_write_1h_tokens: 400,
    output_tokens: 120,
    reasoning_tokens: 30,
    units: { web_searches: 2 },
    usage_basis: 'measured',
    usage_convention: 'litellm',
    cost_reported_nano_usd: 8_123_456,
    cost_basis: 'client',
    duration_ms: 2500,
    ttfb_ms: 650,
    backend: 'smart',
    operation_id: '0f1d0b1e-6f0a-4c55-9d0e-6c3b7f0e2a11',
    trace_id: 'b980db26-9512-45cc-b1da-c511a363b83f',
    tags: { beta: 'true', feature: 'answers', key_user: 'dev-4', organization: 'org-1', team: 'search' },
    detail: { api_host: 'api.anthropic.com' },
  })
})

it('makes a failed attempt a failed request without figures, and tells it from the others of its call', () => {
  const failed = event(FAILED)
  expect(failed).toMatchObject({
    eventId: '0f1d0b1e-6f0a-4c55-9d0e-6c3b7f0e2a11@1795262398500',
    kind: 'llm_request_failed',
    success: false,
    statusCode: 429,
    errorType: 'RateLimitError',
    errorCode: '429',
    usageBasis: 'unknown',
    operationId: '0f1d0b1e-6f0a-4c55-9d0e-6c3b7f0e2a11',
  })
  expect(failed).not.toHaveProperty('costReportedNanoUsd')
  expect(failed).not.toHaveProperty('inputTokens')
  expect(event({ ...FAILED, startTime: 1795262399 }).eventId).not.toBe(failed.eventId)
})

describe('cost', () => {
  const costOf = (members: object): number | undefined => event(payload({ ...members })).costReportedNanoUsd
  it.each([
    [2.85e-5, 28_500],
    [0.1, 100_000_000],
    [0.3, 300_000_000],
    [1e-9, 1],
    [5e-10, 0],
    [1.5e-9, 2],
    [2.5e-9, 2],
    ['0.000123', 123_000],
    [1234.567_890_123, 1_234_567_890_123],
  ])('of %s USD is taken from its digits: %s nano-USD', (usd, nano) => {
    expect(costOf({ response_cost: usd, cost_breakdown: { total_cost: 1 } })).toBe(nano)
  })

  it('of 0 is unknown, unless LiteLLM reckoned it or answered out of its cache', () => {
    expect(costOf({ response_cost: 0, cost_breakdown: null })).toBeUndefined()
    expect(costOf({ response_cost: 0.0, cost_breakdown: { total_cost: 0 } })).toBe(0)
    expect(costOf({ response_cost: 0, cost_breakdown: null, cache_hit: true })).toBe(0)
  })

  it.each([[-1], [Number.NaN], ['free'], [null], [{}], [1e300]])('of %s is none', (usd) => {
    expect(costOf({ response_cost: usd })).toBeUndefined()
  })
})

describe('usage', () => {
  const tokens = (usage: object): object => {
    const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, reasoningTokens } = event(
      payload({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, { usage_object: usage }),
    )
    return { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, reasoningTokens }
  }

  it.each([
    [
      'cached tokens that stand twice are counted once',
      {
        prompt_tokens: 100,
        completion_tokens: 5,
        total_tokens: 105,
        prompt_tokens_details: { cached_tokens: 90 },
        cache_read_input_tokens: 90,
      },
      { inputTokens: 100, cacheReadTokens: 90, outputTokens: 5 },
    ],
    [
      'more cached than prompt: an old version left them out of it',
      { prompt_tokens: 10, completion_tokens: 5, cache_read_input_tokens: 90, cache_creation_input_tokens: 20 },
      { inputTokens: 120, cacheReadTokens: 90, cacheWriteTokens: 20, outputTokens: 5 },
    ],
    [
      'reasoning beside the completion, as the total tells',
      {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 45,
        completion_tokens_details: { reasoning_tokens: 30 },
      },
      { inputTokens: 10, outputTokens: 35, reasoningTokens: 30 },
    ],
    ['embeddings have no completion', { prompt_tokens: 7, total_tokens: 7 }, { inputTokens: 7 }],
  ])('%s', (_, usage, expected) => {
    const base = { cacheReadTokens: undefined, cacheWriteTokens: undefined, reasoningTokens: undefined }
    expect(tokens(usage)).toEqual({ ...base, outputTokens: expect.anything(), ...expected })
  })

  it('is taken from the payload where it has no usage object', () => {
    expect(
      event(payload({ prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }, { usage_object: null })),
    ).toMatchObject({ inputTokens: 3, outputTokens: 2 })
  })

  it('is unknown where all of it is 0', () => {
    const { usageBasis, inputTokens } = event(
      payload({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, { usage_object: {} }),
    )
    expect({ usageBasis, inputTokens }).toEqual({ usageBasis: 'unknown', inputTokens: undefined })
  })
})

describe('identity', () => {
  it.each([[''], ['None'], [null], [undefined]])('an id of %j is none: the call has one', (id) => {
    expect(event(payload({ id })).eventId).toBe('0f1d0b1e-6f0a-4c55-9d0e-6c3b7f0e2a11')
  })

  it('is minted where nothing has one', () => {
    expect(event(payload({ id: 'None', litellm_call_id: null })).eventId).toBe('minted')
  })

  it('is the hash of an id that is longer than an event may have, and the same each time', () => {
    const long = `resp_${'bGl0ZWxsbTpjdXN0b20'.repeat(20)}`
    expect(event(payload({ id: long })).eventId).toMatch(/^sha256-[0-9a-f]{64}$/)
    expect(event(payload({ id: long })).eventId).toBe(event(payload({ id: long })).eventId)
    expect(event(payload({ id: `${long}x` })).eventId).not.toBe(event(payload({ id: long })).eventId)
  })
})

it.each([
  ['azure', 'gpt-4o', 'azure.ai.openai', 'gpt-4o'],
  [
    'bedrock',
    'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'aws.bedrock',
    'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  ],
  ['vertex_ai', 'gemini-2.5-pro', 'gcp.vertex_ai', 'gemini-2.5-pro'],
  [null, 'gpt-4o', 'openai', 'gpt-4o'],
  ['my_gateway', 'my_gateway/llama', 'my_gateway', 'llama'],
])('knows %s/%s as %s %s', (spoken, model, provider, requestModel) => {
  expect(event(payload({ custom_llm_provider: spoken, model }))).toMatchObject({ provider, requestModel })
})

it('makes a tool call of MCP a tool invocation', () => {
  const metadata = {
    mcp_tool_call_metadata: { name: 'search_docs', mcp_server_name: 'docs', arguments: { q: CANARY } },
  }
  expect(event(payload({ call_type: 'call_mcp_tool', model: 'MCP: search_docs' }, metadata))).toMatchObject({
    kind: 'tool_invocation',
    toolName: 'search_docs',
    mcpServers: ['docs'],
  })
})

it('counts what was refused before a model was chosen', () => {
  expect(event({ ...FAILED, model: '', custom_llm_provider: null })).toMatchObject({ requestModel: 'smart' })
  const refused = event({ ...FAILED, model: null, model_group: '', custom_llm_provider: null })
  expect(refused).toMatchObject({ requestModel: 'unknown', success: false })
  expect(refused).not.toHaveProperty('provider')
})

it('keeps no key that is not hashed', () => {
  expect(event(payload({}, { user_api_key_hash: 'sk-1234' }))).not.toHaveProperty('apiKeyId')
})

it('names the member at fault as LiteLLM does', () => {
  expect(decodeLitellm(payload({ model: 'm'.repeat(300) }), CONTEXT)).toMatchObject({ ok: false, field: 'model' })
  expect(decodeLitellm(payload({ startTime: '2026-11-21' }), CONTEXT)).toMatchObject({ ok: false, field: 'startTime' })
  expect(decodeLitellm(null, CONTEXT)).toMatchObject({ ok: false, code: 'not_an_object' })
})

describe('whatever is sent', () => {
  const names = Object.keys(PAYLOAD)
  const metaNames = Object.keys(PAYLOAD['metadata'] as object)
  const hostile = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom<unknown>(Number.NaN, -1, '__proto__', { __proto__: null }, '\0', '\ud800', [[[]]], 2 ** 53),
  )

  it('is decided without a throw', () => {
    const broken = fc
      .tuple(fc.dictionary(fc.constantFrom(...names), hostile), fc.dictionary(fc.constantFrom(...metaNames), hostile))
      .map(([members, metadata]) => payload({ ...members }, metadata))
    fc.assert(
      fc.property(fc.oneof(broken, hostile), (item) => {
        const decoded = decodeLitellm(item, CONTEXT)
        if (!decoded.ok) expect(decoded.message.length).toBeLessThan(500)
      }),
      { seed: 11, numRuns: 2000 },
    )
  })

  it('no text of prompts, answers, errors or addresses is kept', () => {
    for (const item of [PAYLOAD, FAILED]) expect(JSON.stringify(event(item))).not.toContain(CANARY)
  })

  it('nor where a code of an error, a reason or a tier is expected', () => {
    for (const prompt of [CANARY, 'antidisestablishmentarianism42', '请帮我写一封辞职信给我的老板', 'two words']) {
      const response = { choices: [{ finish_reason: prompt }], service_tier: prompt }
      const told = event(payload({ response }))
      const refused = event({
        ...(FAILED as object),
        error_information: { error_code: prompt, error_class: prompt, error_message: prompt },
      })
      expect(told).toMatchObject({ finishReason: 'other' })
      expect(refused).toMatchObject({ errorType: 'other', errorCode: 'other' })
      expect(JSON.stringify([told, refused])).not.toContain(prompt)
    }
  })
})
