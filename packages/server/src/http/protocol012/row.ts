import { nanoToMicros, type UsageEvent } from '@tallystick/core/event'

/**
 * An event as the listing shows it: the documented members, where what is unknown is 0 or `unknown`, and beside them
 * members that keep the difference.
 */
export function listRow(event: UsageEvent, agentName: string): object {
  return {
    event_id: event.eventId,
    timestamp_ms: event.timestampMs,
    event_type: event.kind,
    model: event.requestModel ?? '',
    provider: event.provider ?? 'unknown',
    input_tokens: event.inputTokens ?? 0,
    output_tokens: event.outputTokens ?? 0,
    cost_micros: Number(nanoToMicros(event.costNanoUsd ?? 0)),
    agent_id: event.agentId ?? null,
    agent_name: agentName,
    error_code: event.errorCode ?? null,
    error_message: event.errorMessage ?? null,
    provider_id: event.providerId ?? null,
    cost_nano_usd: event.costNanoUsd ?? null,
    authenticated: event.authenticated ?? null,
  }
}
