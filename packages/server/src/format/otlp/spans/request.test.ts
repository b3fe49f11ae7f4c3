import { describe, expect, it } from 'vitest'
import type { Draft } from '../draft.ts'
import type { AttributeValue, Span } from '../model.ts'
import { requestOfSpan } from './request.ts'

const START = 1_795_215_593_209_000_000n
const TRACE = '5b8efff798038103d269b633813fc60c'

function draftOf(
  attributes: Readonly<Record<string, AttributeValue>>,
  over: Partial<Span> = {},
  resource: Readonly<Record<string, AttributeValue>> = {},
): Draft | undefined {
  const item: Span = {
    traceId: TRACE,
    spanId: 'eee19b7ec3c1b174',
    parentSpanId: '',
    name: 'span',
    startNanos: START,
    endNanos: START + 900_000_000n,
    attributes: new Map(Object.entries(attributes)),
    failed: false,
    ...over,
  }
  return requestOfSpan({ origin: { resource: new Map(Object.entries(resource)), scope: '' }, item }, {})?.draft
}

describe('a span of the GenAI conventions', () => {
  it('of the newest names, with everything in its totals', () => {
    expect(
      draftOf({
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'aws.bedrock',
        'gen_ai.request.model': 'anthropic.claude-sonnet-4-5',
        'gen_ai.response.id': 'msg_bdrk_01AbCdEfGhIjKlMn',
        'gen_ai.response.finish_reasons': ['end_turn', 'x'],
        'gen_ai.response.time_to_first_chunk': 0.25,
        'gen_ai.request.stream': true,
        'gen_ai.usage.input_tokens': 1_000,
        'gen_ai.usage.cache_read.input_tokens': 600,
        'gen_ai.usage.cache_write.input_tokens': 100,
        'gen_ai.usage.output_tokens': 80,
        'gen_ai.usage.reasoning.output_tokens': 50,
        'gen_ai.usage.audio.input_tokens': 7,
      }),
    ).toMatchObject({
      event_id: 'msg_bdrk_01AbCdEfGhIjKlMn',
      timestamp_ms: 1_795_215_593_209,
      duration_ms: 900,
      ttfb_ms: 250,
      success: true,
      provider: 'aws.bedrock',
      request_model: 'anthropic.claude-sonnet-4-5',
      finish_reason: 'end_turn',
      stream: true,
      input_tokens: 1_000,
      cache_read_tokens: 600,
      cache_write_tokens: 100,
      output_tokens: 80,
      reasoning_tokens: 50,
      input_audio_tokens: 7,
      trace_id: TRACE,
    })
  })

  it('of the names before and before those', () => {
    expect(
      draftOf({
        'gen_ai.system': 'az.ai.openai',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.usage.input_tokens': 10,
        'gen_ai.usage.cache_creation.input_tokens': 3,
        'gen_ai.usage.output_tokens': 2,
      }),
    ).toMatchObject({ provider: 'azure.ai.openai', input_tokens: 10, cache_write_tokens: 3, output_tokens: 2 })
    expect(
      draftOf({
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.usage.prompt_tokens': '10',
        'gen_ai.usage.completion_tokens': '2',
      }),
    ).toMatchObject({ provider: 'openai', input_tokens: 10, output_tokens: 2 })
  })

  it('whose input is without what was cached is mended', () => {
    expect(
      draftOf({
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'claude-opus-5',
        'gen_ai.usage.input_tokens': 12,
        'gen_ai.usage.cache_read.input_tokens': 4_000,
        'gen_ai.usage.output_tokens': 5,
        'gen_ai.usage.reasoning.output_tokens': 70,
      }),
    ).toMatchObject({ input_tokens: 4_012, output_tokens: 75, reasoning_tokens: 70 })
  })

  it('that is around requests, or of another kind, is none', () => {
    const usage = { 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 10 }
    for (const operation of [
      'invoke_agent',
      'execute_tool',
      'create_agent',
      'invoke_workflow',
      'fetch_response',
      'search_memory',
    ])
      expect(draftOf({ ...usage, 'gen_ai.operation.name': operation }), operation).toBeUndefined()
    expect(draftOf({ ...usage, 'traceloop.span.kind': 'workflow' })).toBeUndefined()
    expect(draftOf({ 'http.request.method': 'POST', 'http.response.status_code': 200 })).toBeUndefined()
    expect(draftOf({ 'gen_ai.request.model': 'gpt-4o' })).toBeUndefined()
  })

  it('without usage is a request whose usage is not known; with an error a failed one, without its message', () => {
    const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o' }
    expect(draftOf(chat)).toMatchObject({ success: true })
    expect(draftOf(chat)).not.toHaveProperty('input_tokens')
    expect(draftOf({ ...chat, 'error.type': 'rate_limit' })).toMatchObject({ success: false, error_type: 'rate_limit' })
    expect(draftOf(chat, { failed: true })).toMatchObject({ success: false, error_type: 'error' })
  })

  it('tells of an error and of an end what is a code, and of what somebody may have written that there was some', () => {
    const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o' }
    for (const prompt of [
      'antidisestablishmentarianism42',
      '请帮我写一封辞职信给我的老板',
      'a sentence of a prompt',
      '4111111111111111',
    ]) {
      const draft = draftOf({
        ...chat,
        'error.type': prompt,
        'error.message': prompt,
        'exception.message': prompt,
        'gen_ai.response.finish_reasons': [prompt],
        'openai.response.service_tier': prompt,
      })
      expect(draft).toMatchObject({ success: false, error_type: 'other', finish_reason: 'other' })
      expect(JSON.stringify(draft)).not.toContain(prompt)
    }
    expect(
      draftOf({ ...chat, 'error.type': 'openai.RateLimitError', 'openai.response.service_tier': 'priority' }),
    ).toMatchObject({ error_type: 'openai.RateLimitError', service_tier: 'priority' })
  })

  it('has the id of trace and span where that of the answer is none that is unique', () => {
    const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'llama3.2' }
    const ofSpan = `${TRACE}-eee19b7ec3c1b174`
    expect(draftOf(chat)).toMatchObject({ event_id: ofSpan })
    expect(draftOf({ ...chat, 'gen_ai.response.id': 'chatcmpl-558' })).toMatchObject({ event_id: ofSpan })
    expect(draftOf({ ...chat, request_id: 'req_of_the_application_itself' })).toMatchObject({ event_id: ofSpan })
    expect(draftOf(chat, { spanId: '' })).toMatchObject({ event_id: '' })
  })

  it('says who asks, and its resource the rest', () => {
    const chat = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-4o',
      'user.id': 'u',
      'gen_ai.agent.name': 'a',
    }
    const resource = {
      'service.name': 'checkout',
      'deployment.environment.name': 'prod',
      'team.id': 'payments',
      'session.id': 's',
      'user.id': 'everybody',
      'tallystick.tag.region': 'eu',
    }
    expect(draftOf(chat, {}, resource)).toMatchObject({
      agent_id: 'a',
      user_id: 'u',
      session_id: 's',
      tags: { service: 'checkout', environment: 'prod', team: 'payments', region: 'eu' },
    })
  })
})

describe('a span of OpenLLMetry', () => {
  it('has underscores and a request type', () => {
    expect(
      draftOf({
        'llm.request.type': 'completion',
        'gen_ai.system': 'Anthropic',
        'gen_ai.request.model': 'claude-opus-5',
        'gen_ai.usage.input_tokens': 10,
        'gen_ai.usage.cache_read_input_tokens': 4,
        'gen_ai.usage.cache_creation_input_tokens': 1,
        'gen_ai.usage.output_tokens': 9,
        'gen_ai.usage.reasoning_tokens': 2,
        'llm.usage.total_tokens': 19,
        'traceloop.association.properties.user_id': 'u',
      }),
    ).toMatchObject({
      operation: 'text_completion',
      provider: 'anthropic',
      input_tokens: 10,
      cache_read_tokens: 4,
      cache_write_tokens: 1,
      output_tokens: 9,
      reasoning_tokens: 2,
      user_id: 'u',
    })
  })
})

describe('a span of OpenInference', () => {
  const llm = {
    'openinference.span.kind': 'LLM',
    'llm.model_name': 'gpt-4o',
    'llm.provider': 'azure',
    'llm.token_count.prompt': 100,
    'llm.token_count.prompt_details.cache_read': 40,
    'llm.token_count.completion': 20,
    'llm.token_count.completion_details.reasoning': 5,
    'llm.token_count.total': 120,
    'llm.cost.total': 0.0005,
    'session.id': 's',
  }
  it('is one request where its kind is LLM', () => {
    expect(draftOf(llm)).toMatchObject({
      provider: 'azure.ai.openai',
      operation: 'chat',
      input_tokens: 100,
      cache_read_tokens: 40,
      output_tokens: 20,
      reasoning_tokens: 5,
      cost_usd: 0.0005,
      session_id: 's',
    })
    for (const kind of ['CHAIN', 'AGENT', 'TOOL', 'RETRIEVER'])
      expect(draftOf({ ...llm, 'openinference.span.kind': kind }), kind).toBeUndefined()
  })
})

describe('a span of Langfuse', () => {
  const generation = (usage: object, cost?: object): Draft | undefined =>
    draftOf({
      'langfuse.observation.type': 'generation',
      'langfuse.observation.model.name': 'gpt-4o',
      'langfuse.observation.usage_details': JSON.stringify(usage),
      ...(cost === undefined ? {} : { 'langfuse.observation.cost_details': JSON.stringify(cost) }),
      'langfuse.user.id': 'u',
    })
  it('has parts beside each other, unless its total says that they are inside', () => {
    expect(
      generation({ input: 60, input_cached_tokens: 40, output: 15, output_reasoning_tokens: 5, total: 120 }),
    ).toMatchObject({
      input_tokens: 100,
      cache_read_tokens: 40,
      output_tokens: 20,
      reasoning_tokens: 5,
      user_id: 'u',
    })
    expect(generation({ input: 100, input_cached_tokens: 40, output: 20, total: 120 }, { total: 0.25 })).toMatchObject({
      input_tokens: 100,
      cache_read_tokens: 40,
      output_tokens: 20,
      cost_usd: 0.25,
    })
    expect(generation({ total: 120 }, { input: 0.1, output: 0.2 })).toMatchObject({ total_tokens: 120 })
  })
  it('has the labels of its trace as tags, over what its resource says of everything', () => {
    const trace = {
      'langfuse.observation.type': 'generation',
      'langfuse.trace.tags': ['web', 'team:search', '__proto__:x', 'generation:mine', 'y'.repeat(300)],
      'langfuse.trace.name': 'checkout',
      'langfuse.environment': 'production',
    }
    const { tags } = draftOf(trace, { name: 'llm-call' }, { 'service.name': 'shop', 'team.id': 'all' }) ?? {}
    expect(new Map(Object.entries(tags ?? {}))).toEqual(
      new Map([
        ['service', 'shop'],
        ['team', 'search'],
        ['web', 'true'],
        ['__proto__:x', 'true'],
        ['generation', 'mine'],
        ['trace', 'checkout'],
        ['environment', 'production'],
      ]),
    )
  })

  it('of level ERROR has failed, whatever its status says, and its message is left out', () => {
    const draft = draftOf({
      'langfuse.observation.type': 'generation',
      'langfuse.observation.level': 'ERROR',
      'langfuse.observation.status_message': 'antidisestablishmentarianism42',
    })
    expect(draft).toMatchObject({ success: false, error_type: 'error' })
    expect(JSON.stringify(draft)).not.toContain('antidisestablishmentarianism42')
  })

  it('of another type is none', () => {
    expect(draftOf({ 'langfuse.observation.type': 'span', 'gen_ai.request.model': 'gpt-4o' })).toBeUndefined()
  })
  it('whose usage is no JSON is a request all the same', () => {
    expect(
      draftOf({ 'langfuse.observation.type': 'generation', 'langfuse.observation.usage_details': '{' }),
    ).toMatchObject({ request_model: 'unknown' })
  })
})

describe('a span of the AI SDK', () => {
  it('counts where it asks the model, and not around that', () => {
    const usage = { 'ai.usage.inputTokens': 10, 'ai.usage.outputTokens': 2 }
    expect(draftOf({ 'ai.operationId': 'ai.streamText', 'ai.model.id': 'gpt-4o', ...usage })).toBeUndefined()
    expect(draftOf({ 'ai.operationId': 'ai.toolCall' })).toBeUndefined()
    expect(
      draftOf({ 'ai.operationId': 'ai.embed.doEmbed', 'ai.model.id': 'text-embedding-3-small', 'ai.usage.tokens': 8 }),
    ).toMatchObject({ operation: 'embeddings', input_tokens: 8, provider: 'openai' })
  })
})

describe('a span of LiteLLM', () => {
  it('that was answered from its own cache is none', () => {
    const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 1 }
    expect(draftOf({ ...chat, hidden_params: "{'cache_key': 'a1b2', 'model_id': 'x'}" })).toBeUndefined()
    expect(draftOf({ ...chat, hidden_params: "{'cache_key': None}", 'gen_ai.cost.total_cost': 0.01 })).toMatchObject({
      cost_usd: 0.01,
    })
  })
})

describe('a span of a coding agent', () => {
  it('of Claude Code counts fresh input, and has the id of the request that its log has', () => {
    expect(
      draftOf(
        {
          model: 'claude-opus-5',
          'gen_ai.request.model': 'claude-opus-5',
          input_tokens: 2,
          output_tokens: 1_200,
          cache_read_tokens: 84_562,
          cache_creation_tokens: 7_096,
          request_id: 'req_011CVhLwdm7Ya4pPpyV3zQ8b',
          success: true,
          stop_reason: 'tool_use',
        },
        { name: 'claude_code.llm_request' },
        { 'service.name': 'claude-code' },
      ),
    ).toMatchObject({
      event_id: 'req_011CVhLwdm7Ya4pPpyV3zQ8b',
      input_tokens: 2 + 84_562 + 7_096,
      cache_write_tokens: 7_096,
      output_tokens: 1_200,
      finish_reason: 'tool_use',
      provider: 'anthropic',
    })
    expect(draftOf({ model: 'claude-opus-5' }, { name: 'claude_code.interaction' })).toBeUndefined()
  })

  it('of Codex counts where it has the usage of one response', () => {
    const resource = { 'service.name': 'codex_exec' }
    expect(draftOf({ 'codex.turn.token_usage.input': 10 }, {}, resource)).toBeUndefined()
    expect(
      draftOf({ 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 2, model: 'gpt-5.4' }, {}, resource),
    ).toMatchObject({ provider: 'openai', request_model: 'gpt-5.4', input_tokens: 10 })
  })
})
