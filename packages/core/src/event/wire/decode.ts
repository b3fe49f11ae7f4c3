import { normaliseAgentId } from '../agent-id.ts'
import type { EventKind, Mutable, UsageEvent } from '../event.ts'
import { COST_BASES, EVENT_KINDS, FIELDS, USAGE_BASES } from '../fields.ts'
import { parseRfc3339 } from '../rfc3339.ts'
import { NANO_USD_PER_MICRO_USD, usdToNano } from '../units.ts'
import {
  type DecodeContext,
  type Decoded,
  type DecodedEvent,
  type Decoder,
  describe,
  guarded,
  Refusal,
} from './decoder.ts'
import { fillGaps } from './defaults.ts'
import { collectExtras } from './extras.ts'
import type { WireItem } from './item.ts'
import { checkRequired, settleOutcome, settleTotal, settleUsage } from './settle.ts'
import {
  notAnInteger,
  readBoolean,
  readCounts,
  readDetail,
  readInteger,
  readOneOf,
  readRatio,
  readString,
  readStrings,
  readTags,
  readText,
} from './values.ts'

type Draft = Mutable<UsageEvent>

/** 2000-01-01T00:00:00Z, the earliest instant an event may have. */
export const MIN_TIMESTAMP_MS = 946_684_800_000
/** How far behind now an event's instant may lie in the future: a day, for clocks and zones that are wrong. */
export const MAX_AHEAD_MS = 86_400_000

/** Both spellings of each kind: `llm_request_completed` and `LlmRequestCompleted`. */
export const KIND_OF_WIRE: ReadonlyMap<string, EventKind> = new Map(
  EVENT_KINDS.flatMap((kind) => [
    [kind, kind] as const,
    [kind.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase()), kind] as const,
  ]),
)

/**
 * Reads one event of the native wire into the canonical event.
 *
 * JSON `null` is an absent member, and so is an empty string, list or map, except where the member is required
 * (`event_id` given as `""` is `empty_value`). Digits in quotes are not a number. Members that the wire does not know
 * go to `detail` under their own name if they are numbers, booleans or short strings (see `extras.ts`).
 *
 * The client's cost (`cost_reported_nano_usd`, else `cost_nano_usd`, `cost_micros`, `cost_usd`) becomes
 * `costReportedNanoUsd` with basis `client`, or `provider` if `cost_basis` says so. Where `cost_basis` is `catalogue`,
 * `override` or `unpriced` the cost is another server's own and is left out, as are price id, cost components and what it was
 * repriced to: the server prices again. `costNanoUsd` is never set here.
 *
 * Of two spellings of one member the canonical one wins: `request_model` over `model`, `kind` over `event_type`,
 * `timestamp_ms` over `timestamp`. A kind that is not given is `llm_request_failed` if the item says that it failed
 * (`success` false, or without `success` an error or a status from 400), else `llm_request_completed`.
 *
 * @returns the event, or the first problem found with its code and field; never throws
 * @complexity one pass over the known members; about a microsecond for 26 of them
 * @example
 * decodeWireEvent({ model: 'gpt-4o', input_tokens: 3, output_tokens: 4 }, { nowMs, mintId })
 * // { ok: true, event: { eventId: minted, timestampMs: nowMs, kind: 'llm_request_completed', ... }, idMinted: true, ... }
 */
export const decodeWireEvent: Decoder = (item: unknown, context: DecodeContext): Decoded =>
  guarded(item, (members) => decode(members as WireItem, context))

function decode(item: WireItem, context: DecodeContext): DecodedEvent {
  const idMinted = !given(item.event_id)
  const timestampMinted = !given(item.timestamp_ms) && !given(item.timestamp)
  const event: Draft = new SentEvent(item, context.nowMs, idMinted, timestampMinted)

  const total = given(item.total_tokens)
    ? readInteger(item.total_tokens, FIELDS.totalTokens, 'total_tokens')
    : undefined

  // Each member read stands for one of the item; only an item with more of them can hold something unknown.
  let known = membersOf(event) - (idMinted ? 1 : 0) - (timestampMinted ? 1 : 0)
  if (total !== undefined) known++
  if (event.costBasis !== undefined && !filled(item.cost_basis)) known--
  if (membersOf(item) > known) collectExtras(item, event)

  if (context.defaults !== undefined) fillGaps(event, context.defaults)
  settleOutcome(event)
  if (total !== undefined) settleTotal(event, total)
  settleUsage(event)
  checkRequired(item, event)
  if (idMinted) event.eventId = context.mintId()
  return { ok: true, event, idMinted, timestampMinted }
}

// TypeScript cannot say of a class that it has the members of a type and sets only some of them; of its base it can.
const Members = class {} as new () => Draft

/**
 * What an item says, member by member.
 *
 * Every member is read and stored by name on its own line: that keeps both objects' shapes known to the engine, which
 * makes this several times as fast as a loop over the table. `fields.test.ts` compares it with the table. In a constructor,
 * since the engine gives the objects of a class room for the members that it assigns; one made by a literal would be
 * moved to a larger place after every third member, which takes as long as all the rest and makes most of the garbage.
 */
class SentEvent extends Members {
  constructor(item: WireItem, nowMs: number, idMinted: boolean, timestampMinted: boolean) {
    super()
    // A minted id takes the place of the empty one once nothing can be refused any more.
    this.eventId = idMinted ? '' : readId(item.event_id)
    this.timestampMs = timestampMinted ? nowMs : readInstant(item, nowMs)
    const kind = readKind(item)
    if (kind !== undefined) this.kind = kind

    if (filled(item.source_id)) this.sourceId = readString(item.source_id, FIELDS.sourceId, 'source_id')
    if (given(item.epoch)) this.epoch = readInteger(item.epoch, FIELDS.epoch, 'epoch')
    if (given(item.seq)) this.seq = readInteger(item.seq, FIELDS.seq, 'seq')

    if (filled(item.tenant_id)) this.tenantId = readString(item.tenant_id, FIELDS.tenantId, 'tenant_id')
    if (filled(item.agent_id)) this.agentId = readAgent(item.agent_id)
    if (filled(item.user_id)) this.userId = readString(item.user_id, FIELDS.userId, 'user_id')
    if (filled(item.session_id)) this.sessionId = readString(item.session_id, FIELDS.sessionId, 'session_id')
    if (filled(item.api_key_id)) this.apiKeyId = readString(item.api_key_id, FIELDS.apiKeyId, 'api_key_id')
    if (filled(item.api_key_label))
      this.apiKeyLabel = readString(item.api_key_label, FIELDS.apiKeyLabel, 'api_key_label')
    if (filled(item.auth_method)) this.authMethod = readString(item.auth_method, FIELDS.authMethod, 'auth_method')
    if (given(item.authenticated)) this.authenticated = readBoolean(item.authenticated, 'authenticated')
    if (filled(item.client_ip)) this.clientIp = readString(item.client_ip, FIELDS.clientIp, 'client_ip')
    if (filled(item.user_agent)) this.userAgent = readText(item.user_agent, FIELDS.userAgent, 'user_agent')

    if (filled(item.provider)) this.provider = readString(item.provider, FIELDS.provider, 'provider')
    if (filled(item.provider_id)) this.providerId = readString(item.provider_id, FIELDS.providerId, 'provider_id')
    if (filled(item.request_model))
      this.requestModel = readString(item.request_model, FIELDS.requestModel, 'request_model')
    else if (filled(item.model)) this.requestModel = readString(item.model, FIELDS.requestModel, 'model')
    if (filled(item.response_model))
      this.responseModel = readString(item.response_model, FIELDS.responseModel, 'response_model')
    if (filled(item.operation)) this.operation = readString(item.operation, FIELDS.operation, 'operation')
    if (filled(item.endpoint)) this.endpoint = readString(item.endpoint, FIELDS.endpoint, 'endpoint')
    if (filled(item.method)) this.method = readString(item.method, FIELDS.method, 'method')
    if (given(item.stream)) this.stream = readBoolean(item.stream, 'stream')
    if (filled(item.service_tier)) this.serviceTier = readString(item.service_tier, FIELDS.serviceTier, 'service_tier')
    if (given(item.message_count))
      this.messageCount = readInteger(item.message_count, FIELDS.messageCount, 'message_count')
    if (given(item.request_bytes))
      this.requestBytes = readInteger(item.request_bytes, FIELDS.requestBytes, 'request_bytes')
    if (given(item.response_bytes))
      this.responseBytes = readInteger(item.response_bytes, FIELDS.responseBytes, 'response_bytes')

    if (given(item.status_code)) this.statusCode = readInteger(item.status_code, FIELDS.statusCode, 'status_code')
    if (given(item.success)) this.success = readBoolean(item.success, 'success')
    if (filled(item.error_type)) this.errorType = readString(item.error_type, FIELDS.errorType, 'error_type')
    if (filled(item.error_code)) this.errorCode = readString(item.error_code, FIELDS.errorCode, 'error_code')
    if (filled(item.error_message))
      this.errorMessage = readText(item.error_message, FIELDS.errorMessage, 'error_message')
    if (filled(item.finish_reason))
      this.finishReason = readString(item.finish_reason, FIELDS.finishReason, 'finish_reason')
    if (given(item.aborted)) this.aborted = readBoolean(item.aborted, 'aborted')

    if (given(item.input_tokens)) this.inputTokens = readInteger(item.input_tokens, FIELDS.inputTokens, 'input_tokens')
    if (given(item.cache_read_tokens))
      this.cacheReadTokens = readInteger(item.cache_read_tokens, FIELDS.cacheReadTokens, 'cache_read_tokens')
    if (given(item.cache_write_tokens))
      this.cacheWriteTokens = readInteger(item.cache_write_tokens, FIELDS.cacheWriteTokens, 'cache_write_tokens')
    if (given(item.cache_write_1h_tokens))
      this.cacheWrite1hTokens = readInteger(
        item.cache_write_1h_tokens,
        FIELDS.cacheWrite1hTokens,
        'cache_write_1h_tokens',
      )
    if (given(item.output_tokens))
      this.outputTokens = readInteger(item.output_tokens, FIELDS.outputTokens, 'output_tokens')
    if (given(item.reasoning_tokens))
      this.reasoningTokens = readInteger(item.reasoning_tokens, FIELDS.reasoningTokens, 'reasoning_tokens')
    if (given(item.input_audio_tokens))
      this.inputAudioTokens = readInteger(item.input_audio_tokens, FIELDS.inputAudioTokens, 'input_audio_tokens')
    if (given(item.input_image_tokens))
      this.inputImageTokens = readInteger(item.input_image_tokens, FIELDS.inputImageTokens, 'input_image_tokens')
    if (given(item.output_audio_tokens))
      this.outputAudioTokens = readInteger(item.output_audio_tokens, FIELDS.outputAudioTokens, 'output_audio_tokens')
    if (given(item.output_image_tokens))
      this.outputImageTokens = readInteger(item.output_image_tokens, FIELDS.outputImageTokens, 'output_image_tokens')
    if (given(item.units)) {
      const units = readCounts(item.units, FIELDS.units, 'units')
      if (units !== undefined) this.units = units
    }
    if (filled(item.usage_basis)) this.usageBasis = readOneOf(item.usage_basis, USAGE_BASES, 'usage_basis')
    if (filled(item.usage_convention))
      this.usageConvention = readString(item.usage_convention, FIELDS.usageConvention, 'usage_convention')

    readMoney(item, this)

    if (given(item.duration_ms)) this.durationMs = readInteger(item.duration_ms, FIELDS.durationMs, 'duration_ms')
    if (given(item.ttfb_ms)) this.ttfbMs = readInteger(item.ttfb_ms, FIELDS.ttfbMs, 'ttfb_ms')
    if (given(item.upstream_duration_ms))
      this.upstreamDurationMs = readInteger(
        item.upstream_duration_ms,
        FIELDS.upstreamDurationMs,
        'upstream_duration_ms',
      )

    if (filled(item.backend)) this.backend = readString(item.backend, FIELDS.backend, 'backend')
    if (filled(item.upstream_mode))
      this.upstreamMode = readString(item.upstream_mode, FIELDS.upstreamMode, 'upstream_mode')
    if (given(item.mcp_enabled)) this.mcpEnabled = readBoolean(item.mcp_enabled, 'mcp_enabled')
    if (given(item.mcp_servers)) {
      const mcpServers = readStrings(item.mcp_servers, FIELDS.mcpServers, 'mcp_servers')
      if (mcpServers !== undefined) this.mcpServers = mcpServers
    }
    if (given(item.system_prompt_applied))
      this.systemPromptApplied = readBoolean(item.system_prompt_applied, 'system_prompt_applied')
    if (filled(item.routing_method))
      this.routingMethod = readString(item.routing_method, FIELDS.routingMethod, 'routing_method')
    if (given(item.routing_confidence))
      this.routingConfidence = readRatio(item.routing_confidence, 'routing_confidence')
    if (filled(item.tool_name)) this.toolName = readString(item.tool_name, FIELDS.toolName, 'tool_name')
    if (filled(item.cache_tier)) this.cacheTier = readString(item.cache_tier, FIELDS.cacheTier, 'cache_tier')
    if (given(item.cache_hit)) this.cacheHit = readBoolean(item.cache_hit, 'cache_hit')
    if (filled(item.operation_id)) this.operationId = readString(item.operation_id, FIELDS.operationId, 'operation_id')
    if (given(item.attempt)) this.attempt = readInteger(item.attempt, FIELDS.attempt, 'attempt')

    if (filled(item.trace_id)) this.traceId = readString(item.trace_id, FIELDS.traceId, 'trace_id')
    if (filled(item.span_id)) this.spanId = readString(item.span_id, FIELDS.spanId, 'span_id')
    if (given(item.prompt_chars)) this.promptChars = readInteger(item.prompt_chars, FIELDS.promptChars, 'prompt_chars')
    if (given(item.response_chars))
      this.responseChars = readInteger(item.response_chars, FIELDS.responseChars, 'response_chars')
    if (given(item.tags)) {
      const tags = readTags(item.tags, FIELDS.tags, 'tags')
      if (tags !== undefined) this.tags = tags
    }
    if (given(item.detail)) {
      const detail = readDetail(item.detail, FIELDS.detail, 'detail')
      if (detail !== undefined) this.detail = detail
    }
  }
}

/** Counts members; a list of their names would be garbage twice for every event. */
function membersOf(object: object): number {
  let count = 0
  for (const _ in object) count++
  return count
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** Of strings that are not required an empty one says nothing and is the same as none. */
function filled(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

function readId(value: unknown): string {
  if (value === '') throw new Refusal('empty_value', 'event_id', 'event_id is empty; leave it out to have one minted')
  return readString(value, FIELDS.eventId, 'event_id')
}

const AGENT_NUMBER = { type: 'integer', max: Number.MAX_SAFE_INTEGER, group: 'who' } as const

function readAgent(value: unknown): string {
  if (typeof value === 'number') return normaliseAgentId(readInteger(value, AGENT_NUMBER, 'agent_id'))
  const agent = normaliseAgentId(readString(value, FIELDS.agentId, 'agent_id'))
  return readString(agent, FIELDS.agentId, 'agent_id')
}

function readInstant(item: WireItem, nowMs: number): number {
  const { timestamp_ms: stamp, timestamp: text } = item
  if (given(stamp)) {
    if (typeof stamp !== 'number' || Number.isNaN(stamp) || (Number.isFinite(stamp) && !Number.isInteger(stamp))) {
      throw notAnInteger(stamp, nowMs + MAX_AHEAD_MS, 'timestamp_ms')
    }
    return inRange(stamp, nowMs, 'timestamp_ms')
  }
  const instant = typeof text === 'string' ? parseRfc3339(text) : undefined
  if (instant === undefined) {
    const found = describe(text)
    throw new Refusal(
      'invalid_timestamp',
      'timestamp',
      `timestamp must be RFC 3339 with a zone, e.g. 2026-11-21T08:00:00Z, not ${found}`,
    )
  }
  return inRange(instant, nowMs, 'timestamp')
}

function inRange(instant: number, nowMs: number, field: string): number {
  if (instant >= MIN_TIMESTAMP_MS && instant <= nowMs + MAX_AHEAD_MS) return instant
  const hint = instant > 0 && instant < MIN_TIMESTAMP_MS / 10 ? '; this looks like seconds, milliseconds are meant' : ''
  throw new Refusal(
    'timestamp_out_of_range',
    field,
    `${field} must lie between 2000-01-01 and 24 hours from now, not at ${instant}${hint}`,
  )
}

function readKind(item: WireItem): EventKind | undefined {
  const field = filled(item.kind) ? 'kind' : 'event_type'
  const value = item[field]
  if (!filled(value)) return undefined
  if (typeof value !== 'string')
    throw new Refusal('invalid_type', field, `${field} must be a string, not ${describe(value)}`)
  const kind = KIND_OF_WIRE.get(value)
  if (kind === undefined) {
    throw new Refusal(
      'unknown_kind',
      field,
      `${field} must be one of ${EVENT_KINDS.join(', ')}, not ${describe(value)}`,
    )
  }
  return kind
}

const MAX_MICROS = {
  type: 'integer',
  max: Math.floor(Number.MAX_SAFE_INTEGER / NANO_USD_PER_MICRO_USD),
  group: 'money',
} as const

function readMoney(item: WireItem, event: Draft): void {
  const {
    cost_basis: said,
    cost_nano_usd: nano,
    cost_reported_nano_usd: reported,
    cost_micros: micros,
    cost_usd: usd,
  } = item
  let cost: number | undefined
  if (given(usd)) cost = readUsd(usd)
  if (given(micros)) cost = readInteger(micros, MAX_MICROS, 'cost_micros') * NANO_USD_PER_MICRO_USD
  if (given(nano)) cost = readInteger(nano, FIELDS.costNanoUsd, 'cost_nano_usd')
  const basis = filled(said) ? readOneOf(said, COST_BASES, 'cost_basis') : 'client'
  if (basis !== 'client' && basis !== 'provider') cost = undefined
  if (given(reported)) cost = readInteger(reported, FIELDS.costReportedNanoUsd, 'cost_reported_nano_usd')
  checkOwnMoney(item)
  if (cost === undefined) return
  event.costReportedNanoUsd = cost
  event.costBasis = basis === 'provider' ? 'provider' : 'client'
}

/** What the server works out by itself is checked, so that nonsense is reported, and then left out. */
function checkOwnMoney(item: WireItem): void {
  if (given(item.cost_input_nano_usd))
    readInteger(item.cost_input_nano_usd, FIELDS.costInputNanoUsd, 'cost_input_nano_usd')
  if (given(item.cost_cache_read_nano_usd))
    readInteger(item.cost_cache_read_nano_usd, FIELDS.costCacheReadNanoUsd, 'cost_cache_read_nano_usd')
  if (given(item.cost_cache_write_nano_usd))
    readInteger(item.cost_cache_write_nano_usd, FIELDS.costCacheWriteNanoUsd, 'cost_cache_write_nano_usd')
  if (given(item.cost_output_nano_usd))
    readInteger(item.cost_output_nano_usd, FIELDS.costOutputNanoUsd, 'cost_output_nano_usd')
  if (given(item.cost_units_nano_usd))
    readInteger(item.cost_units_nano_usd, FIELDS.costUnitsNanoUsd, 'cost_units_nano_usd')
  if (given(item.cache_savings_nano_usd))
    readInteger(item.cache_savings_nano_usd, FIELDS.cacheSavingsNanoUsd, 'cache_savings_nano_usd')
  if (given(item.cost_list_nano_usd)) readInteger(item.cost_list_nano_usd, FIELDS.costListNanoUsd, 'cost_list_nano_usd')
  if (filled(item.price_id)) readString(item.price_id, FIELDS.priceId, 'price_id')
  if (given(item.repriced_up_nano_usd))
    readInteger(item.repriced_up_nano_usd, FIELDS.repricedUpNanoUsd, 'repriced_up_nano_usd')
  if (given(item.repriced_down_nano_usd))
    readInteger(item.repriced_down_nano_usd, FIELDS.repricedDownNanoUsd, 'repriced_down_nano_usd')
  if (filled(item.repriced_price_id)) readString(item.repriced_price_id, FIELDS.repricedPriceId, 'repriced_price_id')
}

function readUsd(value: unknown): number {
  if (typeof value !== 'number') throw notAnInteger(value, 0, 'cost_usd')
  const nano = usdToNano(value)
  if (nano === undefined)
    throw new Refusal('out_of_range', 'cost_usd', `cost_usd must be from 0 to 9,007,199, not ${value}`)
  return nano + 0
}
