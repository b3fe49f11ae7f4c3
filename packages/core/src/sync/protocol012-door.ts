import { encodeSyncBody, toAnalyticsEvent, type UsageEvent } from '../event/index.ts'
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
    const view = toAnalyticsEvent(event as UsageEvent)
    if (view === undefined) throw new TypeError('Protocol 012 does not know this kind of event.')
    return {
      path: '/api/v1/analytics/events',
      headers: { 'content-type': 'application/json' },
      body: new TextEncoder().encode(JSON.stringify(encodeSyncBody(view, token))),
      count: 1,
      read: () => NOTHING_REJECTED,
    }
  },
}
