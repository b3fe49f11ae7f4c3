import type { CostBasis, EventKind, UsageBasis, UsageEvent } from './event.ts'

/**
 * THE table of the event's members. Wire names, validation, the journal, store schemas and documentation derive from it.
 *
 * - `string`: `max` is bytes of UTF-8. `text` is the same but is cut instead of refused.
 * - `integer`: 0 to `max` (2^53 - 1 unless stated), never a fraction, never a string of digits.
 * - `ratio`: a number from 0 to 1.
 */
export type FieldSpec =
  | { readonly type: 'string' | 'text'; readonly max: number; readonly group: FieldGroup }
  | { readonly type: 'integer'; readonly max: number; readonly group: FieldGroup }
  | { readonly type: 'boolean' | 'ratio'; readonly group: FieldGroup }
  | { readonly type: 'enum'; readonly values: readonly string[]; readonly group: FieldGroup }
  | { readonly type: 'strings'; readonly max: number; readonly count: number; readonly group: FieldGroup }
  | { readonly type: 'counts' | 'tags'; readonly count: number; readonly group: FieldGroup }
  | { readonly type: 'detail'; readonly max: number; readonly group: FieldGroup }

/** What a member is about. */
export type FieldGroup = 'identity' | 'who' | 'what' | 'outcome' | 'usage' | 'money' | 'time' | 'routing' | 'trace'
/** A member of the canonical event. */
export type FieldName = keyof UsageEvent

/** Every {@link EventKind}. */
export const EVENT_KINDS: readonly EventKind[] = [
  'llm_request_completed',
  'llm_request_failed',
  'tool_invocation',
  'router_started',
  'router_stopped',
  'budget_threshold_reached',
]
/** Every {@link UsageBasis}. */
export const USAGE_BASES: readonly UsageBasis[] = ['measured', 'estimated', 'unknown']
/** Every {@link CostBasis}. */
export const COST_BASES: readonly CostBasis[] = ['catalogue', 'override', 'provider', 'client', 'unpriced']

const string = (group: FieldGroup, max: number): FieldSpec => ({ type: 'string', max, group })
const integer = (group: FieldGroup, max: number = Number.MAX_SAFE_INTEGER): FieldSpec => ({
  type: 'integer',
  max,
  group,
})
const boolean = (group: FieldGroup): FieldSpec => ({ type: 'boolean', group })

/** THE table of the members of an event: type, limits, group. Schema, wire and documents derive from it. */
export const FIELDS: { readonly [K in FieldName]-?: FieldSpec } = {
  eventId: string('identity', 128),
  timestampMs: integer('identity'),
  kind: { type: 'enum', values: EVENT_KINDS, group: 'identity' },
  sourceId: string('identity', 128),
  epoch: integer('identity'),
  seq: integer('identity'),

  tenantId: string('who', 128),
  agentId: string('who', 128),
  userId: string('who', 256),
  sessionId: string('who', 256),
  apiKeyId: string('who', 128),
  apiKeyLabel: string('who', 256),
  authMethod: string('who', 64),
  authenticated: boolean('who'),
  clientIp: string('who', 64),
  userAgent: { type: 'text', max: 512, group: 'who' },

  provider: string('what', 64),
  providerId: string('what', 128),
  requestModel: string('what', 256),
  responseModel: string('what', 256),
  operation: string('what', 64),
  endpoint: string('what', 512),
  method: string('what', 16),
  stream: boolean('what'),
  serviceTier: string('what', 64),
  messageCount: integer('what'),
  requestBytes: integer('what'),
  responseBytes: integer('what'),

  statusCode: integer('outcome', 999),
  success: boolean('outcome'),
  errorType: string('outcome', 128),
  errorCode: string('outcome', 128),
  errorMessage: { type: 'text', max: 1024, group: 'outcome' },
  finishReason: string('outcome', 64),
  aborted: boolean('outcome'),

  inputTokens: integer('usage'),
  cacheReadTokens: integer('usage'),
  cacheWriteTokens: integer('usage'),
  cacheWrite1hTokens: integer('usage'),
  outputTokens: integer('usage'),
  reasoningTokens: integer('usage'),
  inputAudioTokens: integer('usage'),
  inputImageTokens: integer('usage'),
  outputAudioTokens: integer('usage'),
  outputImageTokens: integer('usage'),
  totalTokens: integer('usage'),
  units: { type: 'counts', count: 16, group: 'usage' },
  usageBasis: { type: 'enum', values: USAGE_BASES, group: 'usage' },
  usageConvention: string('usage', 64),

  costNanoUsd: integer('money'),
  costInputNanoUsd: integer('money'),
  costCacheReadNanoUsd: integer('money'),
  costCacheWriteNanoUsd: integer('money'),
  costOutputNanoUsd: integer('money'),
  costUnitsNanoUsd: integer('money'),
  cacheSavingsNanoUsd: integer('money'),
  costListNanoUsd: integer('money'),
  costReportedNanoUsd: integer('money'),
  costBasis: { type: 'enum', values: COST_BASES, group: 'money' },
  priceId: string('money', 256),
  repricedUpNanoUsd: integer('money'),
  repricedDownNanoUsd: integer('money'),
  repricedPriceId: string('money', 256),

  durationMs: integer('time'),
  ttfbMs: integer('time'),
  upstreamDurationMs: integer('time'),

  backend: string('routing', 128),
  upstreamMode: string('routing', 64),
  mcpEnabled: boolean('routing'),
  mcpServers: { type: 'strings', max: 128, count: 32, group: 'routing' },
  systemPromptApplied: boolean('routing'),
  routingMethod: string('routing', 128),
  routingConfidence: { type: 'ratio', group: 'routing' },
  toolName: string('routing', 256),
  cacheTier: string('routing', 64),
  cacheHit: boolean('routing'),
  operationId: string('routing', 128),
  attempt: integer('routing', 1_000_000),

  traceId: string('trace', 64),
  spanId: string('trace', 64),
  promptChars: integer('trace'),
  responseChars: integer('trace'),
  tags: { type: 'tags', count: 64, group: 'trace' },
  detail: { type: 'detail', max: 4096, group: 'trace' },
}

/** Every member of an event, in the order of {@link FIELDS}. */
export const FIELD_NAMES: readonly FieldName[] = Object.keys(FIELDS) as FieldName[]

/**
 * The snake_case spelling of a member on the native wire.
 *
 * @example wireName('cacheWrite1hTokens') // 'cache_write_1h_tokens'
 */
export function wireName(field: FieldName): string {
  return field.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`)
}

/** Wire name -> member. A `Map`: wire names come from outside. */
export const FIELD_OF_WIRE_NAME: ReadonlyMap<string, FieldName> = new Map(
  FIELD_NAMES.map((name) => [wireName(name), name]),
)

/** What each kind cannot do without, beside `eventId`, `timestampMs` and `kind`, which a door may mint. */
export const REQUIRED_FIELDS: { readonly [K in EventKind]: readonly FieldName[] } = {
  llm_request_completed: ['requestModel'],
  llm_request_failed: ['requestModel'],
  tool_invocation: ['toolName'],
  router_started: [],
  router_stopped: [],
  budget_threshold_reached: ['detail'],
}

/** Members of `detail` that a kind requires, each a non-negative integer. */
export const REQUIRED_DETAIL: { readonly [K in EventKind]: readonly string[] } = {
  llm_request_completed: [],
  llm_request_failed: [],
  tool_invocation: [],
  router_started: ['port'],
  router_stopped: ['total_requests', 'total_cost_micros'],
  budget_threshold_reached: ['threshold_percent', 'current_spend_micros', 'budget_micros'],
}
