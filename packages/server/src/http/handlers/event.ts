import { type Issue, TallystickError } from '@tallystick/core'
import { encodeWireEvent, type UsageEvent } from '@tallystick/core/event'
import { costReceipt } from '@tallystick/core/pricing'
import type { ScanRequest } from '../../store/store.ts'
import { SHOW_EVENT_DOC } from '../openapi/event.ts'
import { documentedParameters, type ParameterTable } from '../parameters.ts'
import { receiptOnWire } from '../receipt-wire.ts'
import { type Handler, json } from '../route.ts'
import { selectionOf, wholeNumberOf } from './events.ts'
import { waitsForApplied } from './query.ts'

/** As many of one id as are told apart in an answer. */
const MOST_NAMESAKES = 20

const OWN: ParameterTable = documentedParameters(SHOW_EVENT_DOC)

/**
 * `GET /api/v1/events/:event_id`: one whole event and how its cost came about.
 *
 * Ids are unique within an agent or source of a tenant only; dimensions as parameters say whose is meant. With
 * `timestamp_ms` no store looks further than that millisecond.
 */
export const showEvent: Handler = async ({ request, url, params, app, store }) => {
  const eventId = params['event_id'] ?? ''
  const asked = requestOf(url.searchParams, app.clock.now())
  if (waitsForApplied(url)) await app.ingest.applied(app.limits.appliedWaitMs)
  const { events } = await app.queries.run(
    () => store.scan({ ...asked, eventId, limit: MOST_NAMESAKES }),
    request.signal,
  )
  const found = events[0]
  if (found === undefined)
    throw new TallystickError('event_not_found', 'There is no event of this id, or it has expired.')
  assertOne(events.map(({ event }) => event))
  return json({
    event: encodeWireEvent(found.event),
    received_ms: found.receivedMs,
    receipt: receiptOnWire(costReceipt(found.event, app.prices), app.about.catalogueVersion()),
  })
}

function requestOf(parameters: URLSearchParams, nowMs: number): Pick<ScanRequest, 'fromMs' | 'toMs' | 'filters'> {
  const selection = selectionOf(parameters, OWN, nowMs)
  const atMs = wholeNumberOf('timestamp_ms', parameters.get('timestamp_ms'))
  return atMs === undefined ? selection : { ...selection, fromMs: atMs, toMs: atMs + 1 }
}

/** @throws TallystickError `ambiguous_event` with what to add to the address for each of them */
function assertOne(events: readonly UsageEvent[]): void {
  const issues = new Map<string, Issue>()
  for (const event of events) {
    const { agentId = '', sourceId = '', tenantId = '', timestampMs } = event
    const names = { tenant_id: tenantId, agent_id: agentId, source_id: sourceId, timestamp_ms: String(timestampMs) }
    const path = new URLSearchParams(names).toString()
    const whose = [agentId && `agent ${agentId}`, sourceId && `source ${sourceId}`, tenantId && `tenant ${tenantId}`]
    const message = `${whose.filter((part) => part !== '').join(', ') || 'nobody named'}, ${new Date(timestampMs).toISOString()}`
    issues.set(path, { path, message })
  }
  if (issues.size <= 1) return
  throw new TallystickError('ambiguous_event', 'Several events have this id: say whose is meant.', {
    issues: [...issues.values()],
  })
}
