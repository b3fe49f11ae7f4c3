import type { Mutable, UsageEvent } from '../event.ts'
import type { FieldName } from '../fields.ts'
import type { WireItem } from './item.ts'

/**
 * The canonical event of an object that {@link wireJson} wrote, e.g. of a journal line whose checksum held.
 *
 * Nothing is checked: values are taken over as they are, maps and lists without a copy. Members this version does not
 * know are left out, so that a journal written by a newer one can be read.
 *
 * @complexity one pass, no more than the renaming
 * @example eventFromWire(JSON.parse(wireJson(event))) // event
 */
export function eventFromWire(trusted: Readonly<Record<string, unknown>>): UsageEvent {
  const item = trusted as WireItem
  const event = { eventId: item.event_id, timestampMs: item.timestamp_ms, kind: item.kind } as Untyped
  if (item.source_id !== undefined) event.sourceId = item.source_id
  if (item.epoch !== undefined) event.epoch = item.epoch
  if (item.seq !== undefined) event.seq = item.seq
  if (item.tenant_id !== undefined) event.tenantId = item.tenant_id
  if (item.agent_id !== undefined) event.agentId = item.agent_id
  if (item.user_id !== undefined) event.userId = item.user_id
  if (item.session_id !== undefined) event.sessionId = item.session_id
  if (item.api_key_id !== undefined) event.apiKeyId = item.api_key_id
  if (item.api_key_label !== undefined) event.apiKeyLabel = item.api_key_label
  if (item.auth_method !== undefined) event.authMethod = item.auth_method
  if (item.authenticated !== undefined) event.authenticated = item.authenticated
  if (item.client_ip !== undefined) event.clientIp = item.client_ip
  if (item.user_agent !== undefined) event.userAgent = item.user_agent
  if (item.provider !== undefined) event.provider = item.provider
  if (item.provider_id !== undefined) event.providerId = item.provider_id
  if (item.request_model !== undefined) event.requestModel = item.request_model
  if (item.response_model !== undefined) event.responseModel = item.response_model
  if (item.operation !== undefined) event.operation = item.operation
  if (item.endpoint !== undefined) event.endpoint = item.endpoint
  if (item.method !== undefined) event.method = item.method
  if (item.stream !== undefined) event.stream = item.stream
  if (item.service_tier !== undefined) event.serviceTier = item.service_tier
  if (item.message_count !== undefined) event.messageCount = item.message_count
  if (item.request_bytes !== undefined) event.requestBytes = item.request_bytes
  if (item.response_bytes !== undefined) event.responseBytes = item.response_bytes
  if (item.status_code !== undefined) event.statusCode = item.status_code
  if (item.success !== undefined) event.success = item.success
  if (item.error_type !== undefined) event.errorType = item.error_type
  if (item.error_code !== undefined) event.errorCode = item.error_code
  if (item.error_message !== undefined) event.errorMessage = item.error_message
  if (item.finish_reason !== undefined) event.finishReason = item.finish_reason
  if (item.aborted !== undefined) event.aborted = item.aborted
  if (item.input_tokens !== undefined) event.inputTokens = item.input_tokens
  if (item.cache_read_tokens !== undefined) event.cacheReadTokens = item.cache_read_tokens
  if (item.cache_write_tokens !== undefined) event.cacheWriteTokens = item.cache_write_tokens
  if (item.cache_write_1h_tokens !== undefined) event.cacheWrite1hTokens = item.cache_write_1h_tokens
  if (item.output_tokens !== undefined) event.outputTokens = item.output_tokens
  if (item.reasoning_tokens !== undefined) event.reasoningTokens = item.reasoning_tokens
  if (item.input_audio_tokens !== undefined) event.inputAudioTokens = item.input_audio_tokens
  if (item.input_image_tokens !== undefined) event.inputImageTokens = item.input_image_tokens
  if (item.output_audio_tokens !== undefined) event.outputAudioTokens = item.output_audio_tokens
  if (item.output_image_tokens !== undefined) event.outputImageTokens = item.output_image_tokens
  if (item.total_tokens !== undefined) event.totalTokens = item.total_tokens
  if (item.units !== undefined) event.units = item.units
  if (item.usage_basis !== undefined) event.usageBasis = item.usage_basis
  if (item.usage_convention !== undefined) event.usageConvention = item.usage_convention
  if (item.cost_nano_usd !== undefined) event.costNanoUsd = item.cost_nano_usd
  if (item.cost_input_nano_usd !== undefined) event.costInputNanoUsd = item.cost_input_nano_usd
  if (item.cost_cache_read_nano_usd !== undefined) event.costCacheReadNanoUsd = item.cost_cache_read_nano_usd
  if (item.cost_cache_write_nano_usd !== undefined) event.costCacheWriteNanoUsd = item.cost_cache_write_nano_usd
  if (item.cost_output_nano_usd !== undefined) event.costOutputNanoUsd = item.cost_output_nano_usd
  if (item.cost_units_nano_usd !== undefined) event.costUnitsNanoUsd = item.cost_units_nano_usd
  if (item.cache_savings_nano_usd !== undefined) event.cacheSavingsNanoUsd = item.cache_savings_nano_usd
  if (item.cost_list_nano_usd !== undefined) event.costListNanoUsd = item.cost_list_nano_usd
  if (item.cost_reported_nano_usd !== undefined) event.costReportedNanoUsd = item.cost_reported_nano_usd
  if (item.cost_basis !== undefined) event.costBasis = item.cost_basis
  if (item.price_id !== undefined) event.priceId = item.price_id
  if (item.repriced_up_nano_usd !== undefined) event.repricedUpNanoUsd = item.repriced_up_nano_usd
  if (item.repriced_down_nano_usd !== undefined) event.repricedDownNanoUsd = item.repriced_down_nano_usd
  if (item.repriced_price_id !== undefined) event.repricedPriceId = item.repriced_price_id
  if (item.duration_ms !== undefined) event.durationMs = item.duration_ms
  if (item.ttfb_ms !== undefined) event.ttfbMs = item.ttfb_ms
  if (item.upstream_duration_ms !== undefined) event.upstreamDurationMs = item.upstream_duration_ms
  if (item.backend !== undefined) event.backend = item.backend
  if (item.upstream_mode !== undefined) event.upstreamMode = item.upstream_mode
  if (item.mcp_enabled !== undefined) event.mcpEnabled = item.mcp_enabled
  if (item.mcp_servers !== undefined) event.mcpServers = item.mcp_servers
  if (item.system_prompt_applied !== undefined) event.systemPromptApplied = item.system_prompt_applied
  if (item.routing_method !== undefined) event.routingMethod = item.routing_method
  if (item.routing_confidence !== undefined) event.routingConfidence = item.routing_confidence
  if (item.tool_name !== undefined) event.toolName = item.tool_name
  if (item.cache_tier !== undefined) event.cacheTier = item.cache_tier
  if (item.cache_hit !== undefined) event.cacheHit = item.cache_hit
  if (item.operation_id !== undefined) event.operationId = item.operation_id
  if (item.attempt !== undefined) event.attempt = item.attempt
  if (item.trace_id !== undefined) event.traceId = item.trace_id
  if (item.span_id !== undefined) event.spanId = item.span_id
  if (item.prompt_chars !== undefined) event.promptChars = item.prompt_chars
  if (item.response_chars !== undefined) event.responseChars = item.response_chars
  if (item.tags !== undefined) event.tags = item.tags
  if (item.detail !== undefined) event.detail = item.detail
  return event as UsageEvent
}

type Untyped = { -readonly [Name in keyof Mutable<UsageEvent> & FieldName]?: unknown }
