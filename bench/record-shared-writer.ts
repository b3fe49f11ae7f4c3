import { workerData } from 'node:worker_threads'
import { attachWriter, type RecordableEvent, type WriterHandle } from '@tallystick/core'

/** One thread of `record-shared.ts`: records prepared events as fast as the other side takes them over. */
export interface WriterTask {
  readonly handle: WriterHandle
  readonly writer: number
  readonly events: number
  readonly shape: 'seed' | 'full'
  /** Whether events bear their number, so that each can be told from all others. */
  readonly numbered: boolean
  /** Counts the threads that are ready, and starts them: two words. */
  readonly control: SharedArrayBuffer
}

const MODELS = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'gemini-2.5-flash']
const PREPARED = 1_024

const { handle, writer, events, shape, numbered, control } = workerData as WriterTask
const ints = new Int32Array(control)
const recorder = attachWriter(handle)
const prepared = Array.from({ length: PREPARED }, (_, index) => event(index))

Atomics.add(ints, 0, 1)
Atomics.wait(ints, 1, 0)
for (let index = 0; index < events; index++) {
  const next = prepared[index & (PREPARED - 1)] as { promptChars?: number } & RecordableEvent
  if (numbered) next.promptChars = index
  // A full ring: the other side is behind. An application would go on; here every event is to arrive.
  while (!recorder.record(next)) Atomics.wait(ints, 1, 1, 1)
}

/** As other systems' events look (8 members), or nearly everything that a gateway knows (26). */
function event(index: number): RecordableEvent {
  const model = MODELS[index % MODELS.length] as string
  const seed = {
    kind: 'llm_request_completed' as const,
    provider: index % 4 < 2 ? 'openai' : 'anthropic',
    requestModel: model,
    inputTokens: 500 + index,
    outputTokens: 50 + (index % 100),
    costNanoUsd: 1_000_000 + index,
    agentId: `agent_${index % 16}`,
    providerId: `writer-${writer}`,
  }
  if (shape === 'seed') return seed
  return {
    ...seed,
    tenantId: 'acme',
    userId: `user-${index % 500}`,
    sessionId: `session-${index % 200}`,
    apiKeyId: `key_${index % 8}`,
    responseModel: `${model}-2025-01-01`,
    operation: 'chat',
    endpoint: '/v1/chat/completions',
    method: 'POST',
    stream: index % 2 === 0,
    serviceTier: 'default',
    statusCode: 200,
    success: true,
    finishReason: 'stop',
    cacheReadTokens: index % 400,
    reasoningTokens: index % 40,
    usageBasis: 'measured',
    durationMs: 800 + index,
    ttfbMs: 90 + (index % 50),
  }
}
