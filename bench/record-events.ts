import type { EventPayload, RecordableEvent, UsageEvent } from '@tallystick/core'

/**
 * Events made beforehand: enough that nothing is seen twice in a row, and few enough that they are in the processor's cache, as
 * an event is that was just made.
 */
export const PREPARED = 128

const MODELS = [
  ['openai', 'gpt-4o'],
  ['openai', 'gpt-4o-mini'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['gcp.gemini', 'gemini-2.5-flash'],
] as const

/** What the systems replaced record: a completed request with model, tokens and cost. */
export function seedPayloads(): EventPayload[] {
  return Array.from({ length: PREPARED }, (_, index) => {
    const [provider, model] = MODELS[index % MODELS.length] as (typeof MODELS)[number]
    return {
      kind: 'llm_request_completed',
      provider,
      model,
      inputTokens: 100 + (index % 900),
      outputTokens: 50 + (index % 300),
      costMicros: 1 + (index % 20_000),
    }
  })
}

/** The same as events that say when they were. */
export function seedEvents(): RecordableEvent[] {
  return seedPayloads().map((payload, index) => ({ timestampMs: 1_793_491_200_000 + index, ...payload }))
}

/** What a gateway knows of a request: 25 members and an id, three of them texts that no other request has. */
export function fullEvents(): UsageEvent[] {
  return Array.from({ length: PREPARED }, (_, index) => {
    const [provider, model] = MODELS[index % MODELS.length] as (typeof MODELS)[number]
    return {
      eventId: crypto.randomUUID(),
      timestampMs: 1_793_491_200_000 + index,
      kind: 'llm_request_completed',
      tenantId: 'acme',
      agentId: `agent_${index % 50}`,
      userId: `user-${index % 500}`,
      sessionId: `session-${index}`,
      apiKeyId: `key_${index % 20}`,
      provider,
      requestModel: model,
      responseModel: `${model}-2025`,
      operation: 'chat',
      endpoint: '/v1/chat/completions',
      stream: index % 2 === 0,
      statusCode: 200,
      success: true,
      finishReason: 'stop',
      inputTokens: 1_000 + (index % 9_000),
      cacheReadTokens: index % 1_000,
      outputTokens: 50 + (index % 300),
      usageBasis: 'measured',
      costNanoUsd: 1_000 + (index % 20_000_000),
      costBasis: 'catalogue',
      durationMs: 200 + (index % 5_000),
      ttfbMs: 100 + (index % 400),
      traceId: crypto.randomUUID().replaceAll('-', ''),
    }
  })
}

/**
 * The same events without some of their members, read from JSON: an object made by leaving out members of another is a hash
 * table inside the engine, which no application hands over.
 */
export function without<T extends object>(events: readonly T[], names: (index: number) => readonly (keyof T)[]): T[] {
  return events.map((event, index) => {
    const left = Object.entries(event).filter(([name]) => !names(index).includes(name as keyof T))
    return JSON.parse(JSON.stringify(Object.fromEntries(left))) as T
  })
}
