import type { WorkloadModel } from './models.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Session } from './sessions.ts'

/** A member of the native wire and its value. */
export type WorkloadEvent = Record<string, unknown>

/** One of the attempts at a request. */
export interface Attempt {
  readonly session: Session
  readonly model: WorkloadModel
  readonly operationId: string
  /** From 1. */
  readonly number: number
}

/** How requests fail: weight, status, type, and whether who asked tries again. */
const FAILURES: readonly (readonly [upTo: number, status: number, type: string, again: boolean])[] = [
  [0.45, 429, 'rate_limit_error', true],
  [0.65, 529, 'overloaded_error', true],
  [0.8, 500, 'server_error', true],
  [0.92, 400, 'invalid_request_error', false],
  [0.95, 401, 'authentication_error', false],
  [1, 504, 'timeout', true],
]
const FAILED = 0.03
/** Of the attempts at what has just failed. */
const FAILED_AGAIN = 0.25
const ABORTED = 0.01
const GATEWAY_HIT = 0.02

const ENDPOINTS = { chat: '/v1/chat/completions', reasoning: '/v1/responses', embedding: '/v1/embeddings' } as const
const OPERATIONS = { chat: 'chat', reasoning: 'responses', embedding: 'embeddings' } as const

/** What an attempt came to. Members that tell who sent it and when are left to the caller. */
export function requestEvent(random: SeededRandom, attempt: Attempt): { event: WorkloadEvent; again: boolean } {
  const { model, number, operationId, session } = attempt
  const { agent } = session
  const stream = model.task !== 'embedding' && (agent.streams ? random.chance(0.9) : random.chance(0.1))
  const event: WorkloadEvent = {
    kind: 'llm_request_completed',
    agent_id: agent.id,
    user_id: session.userId,
    session_id: session.id,
    api_key_id: session.apiKeyId,
    provider: model.provider,
    model: model.model,
    operation: OPERATIONS[model.task],
    endpoint: ENDPOINTS[model.task],
    method: 'POST',
    stream,
    operation_id: operationId,
    attempt: number,
    tags: { team: agent.team },
  }
  if (random.chance(number === 1 ? FAILED : FAILED_AGAIN)) return { event, again: fail(event, random) }
  succeed(event, random, attempt, stream)
  return { event, again: false }
}

function fail(event: WorkloadEvent, random: SeededRandom): boolean {
  const weight = random.next()
  const [, status, type, again] = FAILURES.find(([upTo]) => weight < upTo) as (typeof FAILURES)[number]
  event['kind'] = 'llm_request_failed'
  event['status_code'] = status
  event['error_type'] = type
  event['duration_ms'] = status === 504 ? 60_000 : random.logNormal(180, 0.8)
  return again
}

function succeed(event: WorkloadEvent, random: SeededRandom, { model, session }: Attempt, stream: boolean): void {
  const { agent } = session
  const embedding = model.task === 'embedding'
  const input = random.logNormal(embedding ? 400 : 600 * Math.sqrt(agent.messages), 0.9)
  const reasoning = model.task === 'reasoning' ? random.logNormal(350, 1) : 0
  const output = reasoning + random.logNormal(220, 1)
  const hit = random.chance(GATEWAY_HIT)
  const firstMs = hit ? 2 + random.below(8) : random.logNormal(embedding ? 60 : 320, 0.5)
  const writingMs = hit || embedding ? 1 : Math.round((output * 1000) / model.speed)
  const aborted = stream && random.chance(ABORTED)
  event['status_code'] = 200
  event['input_tokens'] = input
  if (agent.cached > 0 && input > 1_024) {
    event['cache_read_tokens'] = Math.floor(input * agent.cached * (0.8 + 0.2 * random.next()))
    if (model.provider === 'anthropic' && random.chance(0.3))
      event['cache_write_tokens'] = Math.floor((input - (event['cache_read_tokens'] as number)) * random.next())
  }
  if (!embedding) {
    event['output_tokens'] = output
    event['finish_reason'] = aborted ? 'aborted' : agent.tools.length > 0 && random.chance(0.4) ? 'tool_calls' : 'stop'
    event['message_count'] = 1 + random.below(2 * agent.messages)
  }
  if (reasoning > 0) event['reasoning_tokens'] = reasoning
  if (aborted) {
    event['aborted'] = true
    event['usage_basis'] = 'estimated'
  }
  if (hit) {
    event['cache_hit'] = true
    event['cache_tier'] = 'exact'
  }
  event['duration_ms'] = firstMs + writingMs
  if (stream) event['ttfb_ms'] = firstMs
  event['request_bytes'] = 4 * input
  event['response_bytes'] = 5 * output
}
