import { nanoToMicros, type UsageEvent } from '../event/index.ts'
import type { Answer, Door, DoorRequest } from './door.ts'

const NOTHING_REJECTED: Answer = { rejected: new Map(), duplicates: 0, conflicts: 0 }

/** The kinds that Protocol 012 can say. */
export const isLlmEvent = ({ kind }: UsageEvent): boolean =>
  kind === 'llm_request_completed' || kind === 'llm_request_failed'

/**
 * `POST /api/v1/analytics/events` as iron_runtime_analytics does it: one event a request, the token in the body, the agent
 * left to the token. What a status of 200 to 299 says beside its number is not looked at.
 */
export const PROTOCOL012_DOOR: Door = {
  async request([event], token): Promise<DoorRequest> {
    return {
      path: '/api/v1/analytics/events',
      headers: { 'content-type': 'application/json' },
      body: new TextEncoder().encode(JSON.stringify(bodyOf(event as UsageEvent, token))),
      count: 1,
      read: () => NOTHING_REJECTED,
    }
  },
}

/** What `encodeSyncBody` makes of the two kinds, without what it needs for the others. Unknown members are left out. */
function bodyOf(event: UsageEvent, token: string | undefined): object {
  const { inputTokens = 0, outputTokens = 0, costNanoUsd, costReportedNanoUsd } = event
  return {
    ic_token: token,
    event_id: event.eventId,
    timestamp_ms: event.timestampMs,
    event_type: event.kind,
    provider_id: event.providerId,
    provider: event.provider ?? 'unknown',
    model: event.requestModel ?? '',
    ...(event.kind === 'llm_request_completed'
      ? {
          input_tokens: inputTokens,
          output_tokens: outputTokens,
          cost_micros: Number(nanoToMicros(costNanoUsd ?? costReportedNanoUsd ?? 0)),
        }
      : { error_code: event.errorCode, error_message: event.errorMessage }),
  }
}
