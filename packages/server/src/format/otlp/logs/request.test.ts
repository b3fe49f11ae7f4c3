import { describe, expect, it } from 'vitest'
import type { Draft } from '../draft.ts'
import type { AttributeValue, LogRecord } from '../model.ts'
import { requestOfLog } from './request.ts'

const TIME = 1_795_215_594_109_000_000n

function draftOf(
  eventName: string,
  attributes: Readonly<Record<string, AttributeValue>>,
  service = 'x',
  over: Partial<LogRecord> = {},
): Draft | undefined {
  const item: LogRecord = {
    timeNanos: TIME,
    traceId: '',
    spanId: '',
    eventName,
    attributes: new Map(Object.entries(attributes)),
    ...over,
  }
  return requestOfLog({ origin: { resource: new Map([['service.name', service]]), scope: '' }, item }, {})?.draft
}

describe('a log record of Claude Code', () => {
  it('of an error is a failed request, without its message', () => {
    const draft = draftOf('claude_code.api_error', {
      model: 'claude-opus-5',
      error: 'your prompt was too long: something private',
      status_code: '529',
      duration_ms: '1200',
      attempt: 11,
      'anthropic.provider': 'bedrock',
    })
    expect(draft).toMatchObject({
      success: false,
      error_type: 'api_error',
      status_code: 529,
      attempt: 11,
      timestamp_ms: 1_795_215_592_909,
      provider: 'aws.bedrock',
    })
    expect(JSON.stringify(draft)).not.toContain('private')
  })

  it('of a version that does not say how long its cache lasts', () => {
    expect(
      draftOf(
        'api_request',
        { model: 'claude-opus-5', input_tokens: 1, cache_creation_tokens: 20, cost_usd_micros: 5 },
        'claude-code',
      ),
    ).toMatchObject({ input_tokens: 21, cache_write_tokens: 20, cost_nano_usd: 5_000 })
  })

  it('without an id of the request is known by what it says', () => {
    const attributes = { model: 'claude-opus-5', input_tokens: 1, 'event.sequence': 5 }
    const id = (more: object = {}, over: Partial<LogRecord> = {}): unknown =>
      draftOf('claude_code.api_request', { ...attributes, ...more }, 'x', over)?.event_id
    expect(id()).toBe(id())
    expect(
      new Set([id(), id({ 'event.sequence': 6 }), id({ input_tokens: 2 }), id({}, { timeNanos: TIME + 1n })]).size,
    ).toBe(4)
  })

  it('about anything else is none', () => {
    for (const name of [
      'claude_code.user_prompt',
      'claude_code.tool_result',
      'claude_code.api_response_body',
      'api_request',
    ])
      expect(draftOf(name, { model: 'claude-opus-5', input_tokens: 1 }), name).toBeUndefined()
  })
})

describe('a log record of Codex', () => {
  it('counts where a response was completed and has counts, and where an attempt failed', () => {
    const completed = { 'event.kind': 'response.completed', model: 'gpt-5.4' }
    expect(draftOf('codex.sse_event', completed)).toBeUndefined()
    expect(draftOf('codex.sse_event', { ...completed, input_token_count: '10', cached_token_count: 4 })).toMatchObject({
      success: true,
      input_tokens: 10,
      cache_read_tokens: 4,
    })
    expect(draftOf('codex.websocket_event', { ...completed, input_token_count: 10 })).toMatchObject({
      input_tokens: 10,
    })
    expect(draftOf('codex.api_request', { model: 'gpt-5.4', 'http.response.status_code': 200 })).toBeUndefined()
    expect(draftOf('codex.api_request', { model: 'gpt-5.4', 'http.response.status_code': 429 })).toMatchObject({
      success: false,
      status_code: 429,
    })
  })
})

describe('a log record of Gemini CLI', () => {
  it('counts thoughts and what tools put into the prompt; what it says by other names is not counted again', () => {
    expect(
      draftOf('gemini_cli.api_response', {
        model: 'gemini-3-pro',
        auth_type: 'vertex-ai',
        input_token_count: 100,
        tool_token_count: 5,
        output_token_count: 30,
        thoughts_token_count: 70,
      }),
    ).toMatchObject({ provider: 'gcp.vertex_ai', input_tokens: 105, output_tokens: 100, reasoning_tokens: 70 })
    const details = { 'gen_ai.operation.name': 'generate_content', 'gen_ai.request.model': 'gemini-3-pro' }
    expect(draftOf('gen_ai.client.inference.operation.details', details, 'gemini-cli')).toBeUndefined()
    expect(draftOf('gemini_cli.api_error', { model_name: 'gemini-3-pro', error_type: 'quota' })).toMatchObject({
      success: false,
      error_type: 'quota',
    })
  })
})

describe('a log record of the GenAI conventions', () => {
  const details = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 3 }
  const place = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' }
  it('has the id of its span', () => {
    expect(draftOf('gen_ai.client.inference.operation.details', details, 'x', place)).toMatchObject({
      event_id: `${place.traceId}-${place.spanId}`,
      input_tokens: 3,
    })
    expect(draftOf('gen_ai.user.message', details, 'x', place)).toBeUndefined()
  })
})
