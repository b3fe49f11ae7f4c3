import type { JsonValue, UsageEvent } from '../event.ts'
import { nanoToUsd } from '../units.ts'
import { encodeWireEvent } from '../wire/encode.ts'
import type { RoutiiumCost, RoutiiumDocument, RoutiiumResponse, RoutiiumTokenUsage } from './document.ts'
import { flattenDocument, NO_MODEL, NO_RESPONSE } from './flatten.ts'

/** How {@link encodeRoutiium} writes. */
export interface RoutiiumEncodeOptions {
  /** Write the later members and `x_tallystick`, so that nothing is lost (default). False: the first form only. */
  readonly extended?: boolean
}

/**
 * The event as a nested document. The extended form gives the same canonical event back; the first form keeps whole
 * seconds and what it has a place for.
 *
 * @example encodeRoutiium(event, { extended: false }).request.model // 'gpt-4o'
 */
export function encodeRoutiium(event: UsageEvent, options: RoutiiumEncodeOptions = {}): RoutiiumDocument {
  const extended = options.extended ?? true
  const { requestModel } = event
  const plain: RoutiiumDocument = {
    id: event.eventId,
    timestamp: Math.floor(event.timestampMs / 1000),
    request: {
      endpoint: event.endpoint ?? '',
      method: event.method ?? '',
      model: requestModel === undefined || requestModel === NO_MODEL ? null : requestModel,
      stream: event.stream ?? false,
      size_bytes: event.requestBytes ?? 0,
      message_count: event.messageCount ?? null,
      input_tokens: event.inputTokens ?? null,
      user_agent: event.userAgent ?? null,
      client_ip: event.clientIp ?? null,
    },
    response: encodeResponse(event),
    performance: {
      duration_ms: event.durationMs ?? 0,
      ttfb_ms: event.ttfbMs ?? null,
      upstream_duration_ms: event.upstreamDurationMs ?? null,
      ...(extended ? { tokens_per_second: tokensPerSecond(event) } : {}),
    },
    auth: {
      authenticated: event.authenticated ?? false,
      api_key_id: event.apiKeyId ?? null,
      api_key_label: event.apiKeyLabel ?? null,
      auth_method: event.authMethod ?? null,
    },
    routing: {
      backend: event.backend ?? '',
      upstream_mode: event.upstreamMode ?? '',
      mcp_enabled: event.mcpEnabled ?? false,
      mcp_servers: event.mcpServers ?? [],
      system_prompt_applied: event.systemPromptApplied ?? false,
    },
  }
  if (!extended) return plain
  const later = { ...plain, token_usage: encodeUsage(event), cost: encodeCost(event) }
  const extension = difference(later, event)
  return extension === undefined ? later : { ...later, x_tallystick: extension }
}

function encodeResponse(event: UsageEvent): RoutiiumResponse | null {
  const { statusCode, responseBytes, outputTokens, errorMessage, success } = event
  const silent = statusCode === undefined && responseBytes === undefined && outputTokens === undefined
  if (silent && errorMessage === undefined && (success === undefined || event.errorType === NO_RESPONSE)) return null
  return {
    status_code: statusCode ?? 0,
    size_bytes: responseBytes ?? 0,
    output_tokens: outputTokens ?? null,
    success: success ?? false,
    error_message: errorMessage ?? null,
  }
}

function tokensPerSecond({ outputTokens, durationMs }: UsageEvent): number | null {
  return outputTokens === undefined || !durationMs ? null : (outputTokens / durationMs) * 1000
}

function encodeUsage(event: UsageEvent): RoutiiumTokenUsage | null {
  const { inputTokens, outputTokens } = event
  if (inputTokens === undefined && outputTokens === undefined) return null
  return {
    prompt_tokens: inputTokens ?? 0,
    completion_tokens: outputTokens ?? 0,
    total_tokens: (inputTokens ?? 0) + (outputTokens ?? 0),
    cached_tokens: event.cacheReadTokens ?? null,
    reasoning_tokens: event.reasoningTokens ?? null,
  }
}

function encodeCost(event: UsageEvent): RoutiiumCost | null {
  const total = event.costNanoUsd ?? event.costReportedNanoUsd
  if (total === undefined) return null
  const model = event.detail?.['pricing_model']
  return {
    input_cost: nanoToUsd(event.costInputNanoUsd ?? 0),
    output_cost: nanoToUsd(event.costOutputNanoUsd ?? 0),
    cached_cost: event.costCacheReadNanoUsd === undefined ? null : nanoToUsd(event.costCacheReadNanoUsd),
    total_cost: nanoToUsd(total),
    currency: 'USD',
    pricing_model: typeof model === 'string' ? model : null,
  }
}

/** What has to be said beside the document for it to mean this event; undefined when it already does. */
function difference(document: RoutiiumDocument, event: UsageEvent): Record<string, JsonValue> | undefined {
  const said = flattenDocument(document as unknown as Readonly<Record<string, unknown>>)
  const meant = encodeWireEvent(event)
  const extension: Record<string, JsonValue> = {}
  for (const name of Object.keys(meant)) {
    if (!same(said[name], meant[name])) extension[name] = meant[name] as JsonValue
  }
  for (const name of Object.keys(said)) {
    if (!Object.hasOwn(meant, name)) extension[name] = null
  }
  return Object.keys(extension).length === 0 ? undefined : extension
}

/** Most members are text, numbers and flags; spelling those out to compare them would be most of the work of encoding. */
function same(said: unknown, meant: unknown): boolean {
  return said === meant || (typeof meant === 'object' && JSON.stringify(said) === JSON.stringify(meant))
}
