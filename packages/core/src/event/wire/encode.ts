import type { JsonValue, UsageEvent } from '../event.ts'
import { JsonBytes, jsonBytes } from '../json-bytes.ts'
import type { SentContent } from './content.ts'
import type { WireItem } from './item.ts'
import { boolean, NAME, number, text, writeAfterMoney, writeBeforeMoney, writeMoney } from './members.ts'

// Marked pure, so that an application that writes no journal does not carry what writes one.
const EVENT_ID = /* @__PURE__ */ jsonBytes('{"event_id":')
const END = /* @__PURE__ */ jsonBytes('}')

/**
 * The event as an object of the native wire, members in the order of the field table.
 *
 * @example encodeWireEvent({ eventId: 'a', timestampMs: 1, kind: 'llm_request_completed', requestModel: 'm' })
 * // { event_id: 'a', timestamp_ms: 1, kind: 'llm_request_completed', request_model: 'm' }
 */
export function encodeWireEvent(event: Partial<UsageEvent>): Record<string, JsonValue> {
  return new EncodedEvent(event) as unknown as Record<string, JsonValue>
}

// TypeScript cannot say of a class that it has the members of a type and sets only some of them; of its base it can.
const Members = class {} as new () => { -readonly [Name in keyof WireItem]: WireItem[Name] }

/**
 * Member by member on lines of their own, for the reason that `SentEvent` gives: it is made for every request that a proxy records, and
 * a loop over the table takes thirty times as long here, and three times as long where the item is read. `fields.test.ts` compares it
 * with the table.
 */
class EncodedEvent extends Members {
  constructor(event: Partial<UsageEvent>) {
    super()
    if (event.eventId !== undefined) this.event_id = event.eventId
    if (event.timestampMs !== undefined) this.timestamp_ms = event.timestampMs
    if (event.kind !== undefined) this.kind = event.kind
    if (event.sourceId !== undefined) this.source_id = event.sourceId
    if (event.epoch !== undefined) this.epoch = event.epoch
    if (event.seq !== undefined) this.seq = event.seq
    if (event.tenantId !== undefined) this.tenant_id = event.tenantId
    if (event.agentId !== undefined) this.agent_id = event.agentId
    if (event.userId !== undefined) this.user_id = event.userId
    if (event.sessionId !== undefined) this.session_id = event.sessionId
    if (event.apiKeyId !== undefined) this.api_key_id = event.apiKeyId
    if (event.apiKeyLabel !== undefined) this.api_key_label = event.apiKeyLabel
    if (event.authMethod !== undefined) this.auth_method = event.authMethod
    if (event.authenticated !== undefined) this.authenticated = event.authenticated
    if (event.clientIp !== undefined) this.client_ip = event.clientIp
    if (event.userAgent !== undefined) this.user_agent = event.userAgent
    if (event.provider !== undefined) this.provider = event.provider
    if (event.providerId !== undefined) this.provider_id = event.providerId
    if (event.requestModel !== undefined) this.request_model = event.requestModel
    if (event.responseModel !== undefined) this.response_model = event.responseModel
    if (event.operation !== undefined) this.operation = event.operation
    if (event.endpoint !== undefined) this.endpoint = event.endpoint
    if (event.method !== undefined) this.method = event.method
    if (event.stream !== undefined) this.stream = event.stream
    if (event.serviceTier !== undefined) this.service_tier = event.serviceTier
    if (event.messageCount !== undefined) this.message_count = event.messageCount
    if (event.requestBytes !== undefined) this.request_bytes = event.requestBytes
    if (event.responseBytes !== undefined) this.response_bytes = event.responseBytes
    if (event.statusCode !== undefined) this.status_code = event.statusCode
    if (event.success !== undefined) this.success = event.success
    if (event.errorType !== undefined) this.error_type = event.errorType
    if (event.errorCode !== undefined) this.error_code = event.errorCode
    if (event.errorMessage !== undefined) this.error_message = event.errorMessage
    if (event.finishReason !== undefined) this.finish_reason = event.finishReason
    if (event.aborted !== undefined) this.aborted = event.aborted
    if (event.inputTokens !== undefined) this.input_tokens = event.inputTokens
    if (event.cacheReadTokens !== undefined) this.cache_read_tokens = event.cacheReadTokens
    if (event.cacheWriteTokens !== undefined) this.cache_write_tokens = event.cacheWriteTokens
    if (event.cacheWrite1hTokens !== undefined) this.cache_write_1h_tokens = event.cacheWrite1hTokens
    if (event.outputTokens !== undefined) this.output_tokens = event.outputTokens
    if (event.reasoningTokens !== undefined) this.reasoning_tokens = event.reasoningTokens
    if (event.inputAudioTokens !== undefined) this.input_audio_tokens = event.inputAudioTokens
    if (event.inputImageTokens !== undefined) this.input_image_tokens = event.inputImageTokens
    if (event.outputAudioTokens !== undefined) this.output_audio_tokens = event.outputAudioTokens
    if (event.outputImageTokens !== undefined) this.output_image_tokens = event.outputImageTokens
    if (event.totalTokens !== undefined) this.total_tokens = event.totalTokens
    if (event.units !== undefined) this.units = event.units
    if (event.usageBasis !== undefined) this.usage_basis = event.usageBasis
    if (event.usageConvention !== undefined) this.usage_convention = event.usageConvention
    if (event.costNanoUsd !== undefined) this.cost_nano_usd = event.costNanoUsd
    if (event.costInputNanoUsd !== undefined) this.cost_input_nano_usd = event.costInputNanoUsd
    if (event.costCacheReadNanoUsd !== undefined) this.cost_cache_read_nano_usd = event.costCacheReadNanoUsd
    if (event.costCacheWriteNanoUsd !== undefined) this.cost_cache_write_nano_usd = event.costCacheWriteNanoUsd
    if (event.costOutputNanoUsd !== undefined) this.cost_output_nano_usd = event.costOutputNanoUsd
    if (event.costUnitsNanoUsd !== undefined) this.cost_units_nano_usd = event.costUnitsNanoUsd
    if (event.cacheSavingsNanoUsd !== undefined) this.cache_savings_nano_usd = event.cacheSavingsNanoUsd
    if (event.costListNanoUsd !== undefined) this.cost_list_nano_usd = event.costListNanoUsd
    if (event.costReportedNanoUsd !== undefined) this.cost_reported_nano_usd = event.costReportedNanoUsd
    if (event.costBasis !== undefined) this.cost_basis = event.costBasis
    if (event.priceId !== undefined) this.price_id = event.priceId
    if (event.repricedUpNanoUsd !== undefined) this.repriced_up_nano_usd = event.repricedUpNanoUsd
    if (event.repricedDownNanoUsd !== undefined) this.repriced_down_nano_usd = event.repricedDownNanoUsd
    if (event.repricedPriceId !== undefined) this.repriced_price_id = event.repricedPriceId
    if (event.durationMs !== undefined) this.duration_ms = event.durationMs
    if (event.ttfbMs !== undefined) this.ttfb_ms = event.ttfbMs
    if (event.upstreamDurationMs !== undefined) this.upstream_duration_ms = event.upstreamDurationMs
    if (event.backend !== undefined) this.backend = event.backend
    if (event.upstreamMode !== undefined) this.upstream_mode = event.upstreamMode
    if (event.mcpEnabled !== undefined) this.mcp_enabled = event.mcpEnabled
    if (event.mcpServers !== undefined) this.mcp_servers = event.mcpServers
    if (event.systemPromptApplied !== undefined) this.system_prompt_applied = event.systemPromptApplied
    if (event.routingMethod !== undefined) this.routing_method = event.routingMethod
    if (event.routingConfidence !== undefined) this.routing_confidence = event.routingConfidence
    if (event.toolName !== undefined) this.tool_name = event.toolName
    if (event.cacheTier !== undefined) this.cache_tier = event.cacheTier
    if (event.cacheHit !== undefined) this.cache_hit = event.cacheHit
    if (event.operationId !== undefined) this.operation_id = event.operationId
    if (event.attempt !== undefined) this.attempt = event.attempt
    if (event.traceId !== undefined) this.trace_id = event.traceId
    if (event.spanId !== undefined) this.span_id = event.spanId
    if (event.promptChars !== undefined) this.prompt_chars = event.promptChars
    if (event.responseChars !== undefined) this.response_chars = event.responseChars
    if (event.tags !== undefined) this.tags = event.tags
    if (event.detail !== undefined) this.detail = event.detail
  }
}

/**
 * JSON text of {@link encodeWireEvent}'s object. The event must have passed a door: a number that is not finite would
 * give text that is not JSON.
 */
export function wireJson(event: UsageEvent): string {
  const out = new JsonBytes()
  writeWireEvent(out, event)
  return new TextDecoder().decode(out.bytes.subarray(0, out.length))
}

/** As {@link wireJson}, behind what `out` holds already. */
export function writeWireEvent(out: JsonBytes, event: UsageEvent): void {
  out.raw(EVENT_ID)
  out.text(event.eventId)
  number(out, NAME.timestampMs, event.timestampMs)
  text(out, NAME.kind, event.kind)
  text(out, NAME.sourceId, event.sourceId)
  number(out, NAME.epoch, event.epoch)
  number(out, NAME.seq, event.seq)
  writeBeforeMoney(out, event, JSON.stringify)
  writeMoney(out, event)
  writeAfterMoney(out, event, JSON.stringify)
  out.raw(END)
}

/** What a door puts into an event beside what its sender said. */
export interface AddedMembers {
  /** The door stamped the event: its content does not have the instant. */
  readonly timestampMinted: boolean
  /** What the door saw of the sender where that said nothing. */
  readonly observed?: Readonly<Pick<UsageEvent, 'apiKeyId' | 'authMethod' | 'authenticated' | 'clientIp'>>
}

/**
 * Writes an accepted event as `eventFromWire` reads it: what its sender said, byte for byte as it was hashed, then what
 * the server added. Of the members about money those that `event` has now count.
 *
 * @param added - what the door put into the event that its content does not have
 */
export function writeAcceptedEvent(
  out: JsonBytes,
  event: UsageEvent,
  { bytes, moneyStart, moneyEnd }: SentContent,
  added: AddedMembers,
): void {
  if (moneyStart === moneyEnd) out.copy(bytes)
  else {
    out.copy(bytes.subarray(0, moneyStart))
    out.copy(bytes.subarray(moneyEnd))
  }
  // The members that follow go inside the content's brace.
  out.length--
  text(out, NAME.eventId, event.eventId)
  if (added.timestampMinted) number(out, NAME.timestampMs, event.timestampMs)
  number(out, NAME.epoch, event.epoch)
  number(out, NAME.seq, event.seq)
  if (added.observed) {
    const { apiKeyId, authMethod, authenticated, clientIp } = added.observed
    text(out, NAME.apiKeyId, apiKeyId)
    text(out, NAME.authMethod, authMethod)
    boolean(out, NAME.authenticated, authenticated)
    text(out, NAME.clientIp, clientIp)
  }
  writeMoney(out, event)
  out.raw(END)
}
