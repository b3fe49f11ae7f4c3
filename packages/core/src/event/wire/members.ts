import type { UsageEvent } from '../event.ts'

/** Longer text is quoted faster by the engine than by looking at each character here. */
const SHORT = 48

/**
 * Text as a JSON string. Most of what events carry is short, plain ASCII, which needs no escapes.
 *
 * @example quote('gpt-4o') // '"gpt-4o"'
 */
export function quote(text: string): string {
  const length = text.length
  if (length > SHORT) return JSON.stringify(text)
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return JSON.stringify(text)
  }
  return `"${text}"`
}

/**
 * `,"name":value` of each member behind the identity group, in the order of the field table.
 *
 * One line a member, by name, for the reason given in `decode.ts`; the test of the wire compares it with the table.
 *
 * @param map - JSON text of `units`, `tags` and `detail`
 */
export function jsonOfMembers(event: UsageEvent, map: (value: object) => string): string {
  let json = ''
  if (event.tenantId !== undefined) json += `,"tenant_id":${quote(event.tenantId)}`
  if (event.agentId !== undefined) json += `,"agent_id":${quote(event.agentId)}`
  if (event.userId !== undefined) json += `,"user_id":${quote(event.userId)}`
  if (event.sessionId !== undefined) json += `,"session_id":${quote(event.sessionId)}`
  if (event.apiKeyId !== undefined) json += `,"api_key_id":${quote(event.apiKeyId)}`
  if (event.apiKeyLabel !== undefined) json += `,"api_key_label":${quote(event.apiKeyLabel)}`
  if (event.authMethod !== undefined) json += `,"auth_method":${quote(event.authMethod)}`
  if (event.authenticated !== undefined) json += `,"authenticated":${event.authenticated}`
  if (event.clientIp !== undefined) json += `,"client_ip":${quote(event.clientIp)}`
  if (event.userAgent !== undefined) json += `,"user_agent":${quote(event.userAgent)}`

  if (event.provider !== undefined) json += `,"provider":${quote(event.provider)}`
  if (event.providerId !== undefined) json += `,"provider_id":${quote(event.providerId)}`
  if (event.requestModel !== undefined) json += `,"request_model":${quote(event.requestModel)}`
  if (event.responseModel !== undefined) json += `,"response_model":${quote(event.responseModel)}`
  if (event.operation !== undefined) json += `,"operation":${quote(event.operation)}`
  if (event.endpoint !== undefined) json += `,"endpoint":${quote(event.endpoint)}`
  if (event.method !== undefined) json += `,"method":${quote(event.method)}`
  if (event.stream !== undefined) json += `,"stream":${event.stream}`
  if (event.serviceTier !== undefined) json += `,"service_tier":${quote(event.serviceTier)}`
  if (event.messageCount !== undefined) json += `,"message_count":${event.messageCount}`
  if (event.requestBytes !== undefined) json += `,"request_bytes":${event.requestBytes}`
  if (event.responseBytes !== undefined) json += `,"response_bytes":${event.responseBytes}`

  if (event.statusCode !== undefined) json += `,"status_code":${event.statusCode}`
  if (event.success !== undefined) json += `,"success":${event.success}`
  if (event.errorType !== undefined) json += `,"error_type":${quote(event.errorType)}`
  if (event.errorCode !== undefined) json += `,"error_code":${quote(event.errorCode)}`
  if (event.errorMessage !== undefined) json += `,"error_message":${quote(event.errorMessage)}`
  if (event.finishReason !== undefined) json += `,"finish_reason":${quote(event.finishReason)}`
  if (event.aborted !== undefined) json += `,"aborted":${event.aborted}`

  if (event.inputTokens !== undefined) json += `,"input_tokens":${event.inputTokens}`
  if (event.cacheReadTokens !== undefined) json += `,"cache_read_tokens":${event.cacheReadTokens}`
  if (event.cacheWriteTokens !== undefined) json += `,"cache_write_tokens":${event.cacheWriteTokens}`
  if (event.cacheWrite1hTokens !== undefined) json += `,"cache_write_1h_tokens":${event.cacheWrite1hTokens}`
  if (event.outputTokens !== undefined) json += `,"output_tokens":${event.outputTokens}`
  if (event.reasoningTokens !== undefined) json += `,"reasoning_tokens":${event.reasoningTokens}`
  if (event.inputAudioTokens !== undefined) json += `,"input_audio_tokens":${event.inputAudioTokens}`
  if (event.inputImageTokens !== undefined) json += `,"input_image_tokens":${event.inputImageTokens}`
  if (event.outputAudioTokens !== undefined) json += `,"output_audio_tokens":${event.outputAudioTokens}`
  if (event.outputImageTokens !== undefined) json += `,"output_image_tokens":${event.outputImageTokens}`
  if (event.totalTokens !== undefined) json += `,"total_tokens":${event.totalTokens}`
  if (event.units !== undefined) json += `,"units":${map(event.units)}`
  if (event.usageBasis !== undefined) json += `,"usage_basis":"${event.usageBasis}"`
  if (event.usageConvention !== undefined) json += `,"usage_convention":${quote(event.usageConvention)}`

  if (event.costNanoUsd !== undefined) json += `,"cost_nano_usd":${event.costNanoUsd}`
  if (event.costInputNanoUsd !== undefined) json += `,"cost_input_nano_usd":${event.costInputNanoUsd}`
  if (event.costCacheReadNanoUsd !== undefined) json += `,"cost_cache_read_nano_usd":${event.costCacheReadNanoUsd}`
  if (event.costCacheWriteNanoUsd !== undefined) json += `,"cost_cache_write_nano_usd":${event.costCacheWriteNanoUsd}`
  if (event.costOutputNanoUsd !== undefined) json += `,"cost_output_nano_usd":${event.costOutputNanoUsd}`
  if (event.costUnitsNanoUsd !== undefined) json += `,"cost_units_nano_usd":${event.costUnitsNanoUsd}`
  if (event.cacheSavingsNanoUsd !== undefined) json += `,"cache_savings_nano_usd":${event.cacheSavingsNanoUsd}`
  if (event.costListNanoUsd !== undefined) json += `,"cost_list_nano_usd":${event.costListNanoUsd}`
  if (event.costReportedNanoUsd !== undefined) json += `,"cost_reported_nano_usd":${event.costReportedNanoUsd}`
  if (event.costBasis !== undefined) json += `,"cost_basis":"${event.costBasis}"`
  if (event.priceId !== undefined) json += `,"price_id":${quote(event.priceId)}`

  if (event.durationMs !== undefined) json += `,"duration_ms":${event.durationMs}`
  if (event.ttfbMs !== undefined) json += `,"ttfb_ms":${event.ttfbMs}`
  if (event.upstreamDurationMs !== undefined) json += `,"upstream_duration_ms":${event.upstreamDurationMs}`

  if (event.backend !== undefined) json += `,"backend":${quote(event.backend)}`
  if (event.upstreamMode !== undefined) json += `,"upstream_mode":${quote(event.upstreamMode)}`
  if (event.mcpEnabled !== undefined) json += `,"mcp_enabled":${event.mcpEnabled}`
  if (event.mcpServers !== undefined) json += `,"mcp_servers":${JSON.stringify(event.mcpServers)}`
  if (event.systemPromptApplied !== undefined) json += `,"system_prompt_applied":${event.systemPromptApplied}`
  if (event.routingMethod !== undefined) json += `,"routing_method":${quote(event.routingMethod)}`
  if (event.routingConfidence !== undefined) json += `,"routing_confidence":${event.routingConfidence}`
  if (event.toolName !== undefined) json += `,"tool_name":${quote(event.toolName)}`
  if (event.cacheTier !== undefined) json += `,"cache_tier":${quote(event.cacheTier)}`
  if (event.cacheHit !== undefined) json += `,"cache_hit":${event.cacheHit}`
  if (event.operationId !== undefined) json += `,"operation_id":${quote(event.operationId)}`
  if (event.attempt !== undefined) json += `,"attempt":${event.attempt}`

  if (event.traceId !== undefined) json += `,"trace_id":${quote(event.traceId)}`
  if (event.spanId !== undefined) json += `,"span_id":${quote(event.spanId)}`
  if (event.promptChars !== undefined) json += `,"prompt_chars":${event.promptChars}`
  if (event.responseChars !== undefined) json += `,"response_chars":${event.responseChars}`
  if (event.tags !== undefined) json += `,"tags":${map(event.tags)}`
  if (event.detail !== undefined) json += `,"detail":${map(event.detail)}`
  return json
}
