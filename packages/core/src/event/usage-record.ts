import type { JsonValue, UsageEvent } from './event.ts'
import { keptMetadata } from './metadata.ts'
import { decodeWireEvent } from './wire/decode.ts'
import { type Decoder, guarded, renamed } from './wire/decoder.ts'

/**
 * One tool invocation as the class `UsageAnalytics` of smart-ai-bridge records it. `tokens_used` does not say which
 * tokens; lengths are characters; `routing_confidence` is 0 to 1.
 */
export interface UsageRecord {
  /** ISO 8601 in UTC. */
  readonly timestamp: string
  readonly session_id?: string
  readonly tool_name: string
  readonly backend_used?: string
  readonly routing_method: string
  readonly routing_confidence: number
  readonly processing_time_ms?: number
  readonly tokens_used: number
  readonly prompt_length: number
  readonly response_length: number
  readonly success: boolean
  readonly error: UsageRecordError | null
  /** Beyond the old class: which tokens they were, where it is known. */
  readonly input_tokens?: number
  readonly cache_read_tokens?: number
  readonly output_tokens?: number
  /** Beyond the old class, which threw it away: whatever else the caller said. */
  readonly metadata?: { readonly [name: string]: JsonValue }
}

export interface UsageRecordError {
  readonly type?: string
  readonly message?: string
  readonly code?: string
}

const NO_METHOD = 'unknown'

/** Members with a place of their own; any other is metadata. */
const KNOWN: ReadonlySet<string> = new Set<keyof UsageRecord | 'event_id'>([
  'event_id',
  'timestamp',
  'session_id',
  'tool_name',
  'backend_used',
  'routing_method',
  'routing_confidence',
  'processing_time_ms',
  'tokens_used',
  'input_tokens',
  'cache_read_tokens',
  'output_tokens',
  'prompt_length',
  'response_length',
  'success',
  'error',
  'metadata',
])

/** Where a member of the canonical wire stands in a record; a refusal names it as the sender does. */
const RECORD_NAMES: ReadonlyMap<string, string> = new Map([
  ['backend', 'backend_used'],
  ['duration_ms', 'processing_time_ms'],
  ['total_tokens', 'tokens_used'],
  ['prompt_chars', 'prompt_length'],
  ['response_chars', 'response_length'],
  ['error_type', 'error.type'],
  ['error_message', 'error.message'],
  ['error_code', 'error.code'],
])

/**
 * Reads a record into a `tool_invocation`.
 *
 * Absent members have the defaults of the old class, and its defaults mean unknown: a method `unknown` (with a
 * confidence of 0), 0 tokens and lengths of 0 are absent in the canonical event. A time that is not whole is rounded.
 * A text as error is its message, a number as error code its digits. A record has no id: the door mints one, an
 * importer derives one. What stands in `metadata`, and beside the members of a record, is kept as far as `keptMetadata` says.
 */
export const decodeUsageRecord: Decoder = (item, context) =>
  guarded(item, (record) => renamed(decodeWireEvent(flatten(record), context), RECORD_NAMES))

function flatten(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { routing_method: method, routing_confidence: confidence, processing_time_ms: time, error } = record
  const unrouted = method === undefined || method === null || method === NO_METHOD
  return {
    kind: 'tool_invocation',
    event_id: record['event_id'],
    timestamp: record['timestamp'],
    session_id: record['session_id'],
    tool_name: record['tool_name'],
    backend: record['backend_used'],
    routing_method: unrouted ? undefined : method,
    routing_confidence: unrouted && confidence === 0 ? undefined : confidence,
    duration_ms: typeof time === 'number' && Number.isFinite(time) ? Math.round(time) : time,
    total_tokens: unlessZero(record['tokens_used']),
    input_tokens: record['input_tokens'],
    cache_read_tokens: record['cache_read_tokens'],
    output_tokens: record['output_tokens'],
    prompt_chars: unlessZero(record['prompt_length']),
    response_chars: unlessZero(record['response_length']),
    success: record['success'] ?? true,
    detail: keptMetadata(metadataOf(record)),
    ...flattenError(error),
  }
}

type Part = readonly [source: object, names: readonly string[]]

/** What `metadata` holds, then the members that have no place of their own. */
function metadataOf(record: Readonly<Record<string, unknown>>): readonly Part[] {
  return [partOf(record), [record, Object.keys(record).filter((name) => !KNOWN.has(name))]]
}

function partOf(record: Readonly<Record<string, unknown>>): Part {
  try {
    const { metadata } = record
    const nested = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)
    return nested ? [metadata, Object.keys(metadata)] : [record, ['metadata']]
  } catch {
    // A proxy that refuses: nothing to keep of it, and no reason to refuse the record.
    return [record, []]
  }
}

function flattenError(error: unknown): Record<string, unknown> {
  if (typeof error !== 'object' || error === null) return { error_message: error }
  const { type, message, code } = error as Readonly<Record<string, unknown>>
  const text = typeof code === 'number' && Number.isFinite(code) ? String(code) : code
  return { error_type: type, error_message: message, error_code: text }
}

function unlessZero(value: unknown): unknown {
  return value === 0 ? undefined : value
}

/**
 * The record of a canonical event; undefined unless it names a tool. Tokens are the total, or input plus output.
 *
 * @example encodeUsageRecord({ eventId: 'a', timestampMs: 0, kind: 'tool_invocation', toolName: 'ask' })?.tokens_used // 0
 */
export function encodeUsageRecord(event: UsageEvent): UsageRecord | undefined {
  const { toolName, sessionId, backend, durationMs, totalTokens, detail } = event
  const { inputTokens, cacheReadTokens, outputTokens } = event
  if (toolName === undefined) return undefined
  return {
    timestamp: new Date(event.timestampMs).toISOString(),
    ...(sessionId === undefined ? {} : { session_id: sessionId }),
    tool_name: toolName,
    ...(backend === undefined ? {} : { backend_used: backend }),
    routing_method: event.routingMethod ?? NO_METHOD,
    routing_confidence: event.routingConfidence ?? 0,
    ...(durationMs === undefined ? {} : { processing_time_ms: durationMs }),
    tokens_used: totalTokens ?? (event.inputTokens ?? 0) + (event.outputTokens ?? 0),
    prompt_length: event.promptChars ?? 0,
    response_length: event.responseChars ?? 0,
    success: event.success ?? true,
    error: encodeError(event),
    ...(inputTokens === undefined ? {} : { input_tokens: inputTokens }),
    ...(cacheReadTokens === undefined ? {} : { cache_read_tokens: cacheReadTokens }),
    ...(outputTokens === undefined ? {} : { output_tokens: outputTokens }),
    ...(detail === undefined ? {} : { metadata: detail }),
  }
}

function encodeError({ errorType, errorMessage, errorCode }: UsageEvent): UsageRecordError | null {
  if (errorType === undefined && errorMessage === undefined && errorCode === undefined) return null
  return {
    ...(errorType === undefined ? {} : { type: errorType }),
    ...(errorMessage === undefined ? {} : { message: errorMessage }),
    ...(errorCode === undefined ? {} : { code: errorCode }),
  }
}
