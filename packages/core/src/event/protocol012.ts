import type { JsonValue, Mutable, UsageEvent } from './event.ts'
import { microsToNano, nanoToMicros } from './units.ts'
import { decodeWireEvent, KIND_OF_WIRE } from './wire/decode.ts'
import { type Decoder, guarded, Refusal } from './wire/decoder.ts'
import { notAnInteger } from './wire/values.ts'

/**
 * Protocol 012: the event of iron_runtime_analytics and the body it posts. A narrower view of the canonical event that
 * loses nothing on the way view -> canonical -> view.
 *
 * The same event has two spellings. Its own JSON tags the payload in PascalCase and always writes the optional members,
 * as null where unknown; the body of `POST /api/v1/analytics/events` tags it in snake_case, leaves unknown members out
 * and leaves the agent to the token. Both are read. A cost of 0 stands for an unknown price there, and a provider
 * `unknown` for none: both are absent in the canonical event.
 */

/** Which model, through which provider and credential. */
export interface LlmModelMeta {
  readonly providerId?: string
  readonly provider: string
  readonly model: string
}

/** A completed request. `costMicros` is integer micro-USD, 0 when the price is unknown. */
export interface LlmUsageData extends LlmModelMeta {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costMicros: number
}

/** A failed request. */
export interface LlmFailureData extends LlmModelMeta {
  readonly errorCode?: string
  readonly errorMessage?: string
}

/** What happened. Amounts are integer micro-USD, the percentage is 0 to 255, the port 0 to 65,535. */
export type EventPayload =
  | ({ readonly kind: 'llm_request_completed' } & LlmUsageData)
  | ({ readonly kind: 'llm_request_failed' } & LlmFailureData)
  | {
      readonly kind: 'budget_threshold_reached'
      readonly thresholdPercent: number
      readonly currentSpendMicros: number
      readonly budgetMicros: number
    }
  | { readonly kind: 'router_started'; readonly port: number }
  | { readonly kind: 'router_stopped'; readonly totalRequests: number; readonly totalCostMicros: number }

/** An event with its metadata beside the payload, as it stands in its own JSON. */
export type AnalyticsEvent = {
  readonly eventId: string
  /** Integer ms since 1970 UTC. */
  readonly timestampMs: number
  readonly agentId?: string
} & EventPayload

const NO_PROVIDER = 'unknown'
const TAGS: ReadonlyMap<string, string> = new Map([...KIND_OF_WIRE].map(([tag, kind]) => [kind, tag]))

/**
 * The canonical event of an {@link AnalyticsEvent} made inside the process; nothing is checked.
 *
 * @example fromAnalyticsEvent({ eventId: 'a', timestampMs: 1, kind: 'router_started', port: 8080 }).detail // { port: 8080 }
 */
export function fromAnalyticsEvent(view: AnalyticsEvent): UsageEvent {
  const event: Mutable<UsageEvent> = { eventId: view.eventId, timestampMs: view.timestampMs, kind: view.kind }
  if (view.agentId !== undefined) event.agentId = view.agentId
  switch (view.kind) {
    case 'llm_request_completed':
      applyModel(event, view)
      event.success = true
      event.inputTokens = view.inputTokens
      event.outputTokens = view.outputTokens
      event.usageBasis = 'measured'
      if (view.costMicros > 0) {
        event.costReportedNanoUsd = Number(microsToNano(view.costMicros))
        event.costBasis = 'client'
      }
      return event
    case 'llm_request_failed':
      applyModel(event, view)
      event.success = false
      if (view.errorCode !== undefined) event.errorCode = view.errorCode
      if (view.errorMessage !== undefined) event.errorMessage = view.errorMessage
      event.usageBasis = 'unknown'
      return event
    case 'budget_threshold_reached':
      event.detail = {
        threshold_percent: view.thresholdPercent,
        current_spend_micros: view.currentSpendMicros,
        budget_micros: view.budgetMicros,
      }
      return event
    case 'router_started':
      event.detail = { port: view.port }
      return event
    case 'router_stopped':
      event.detail = { total_requests: view.totalRequests, total_cost_micros: view.totalCostMicros }
      return event
  }
}

function applyModel(event: Mutable<UsageEvent>, meta: LlmModelMeta): void {
  if (meta.provider !== NO_PROVIDER) event.provider = meta.provider
  if (meta.providerId !== undefined) event.providerId = meta.providerId
  event.requestModel = meta.model
}

/**
 * The view of a canonical event; undefined for a tool invocation, which the protocol does not know. The cost is what is
 * reported, rounded half to even to micro-USD; tokens and cost that are unknown are 0.
 */
export function toAnalyticsEvent(event: UsageEvent): AnalyticsEvent | undefined {
  const { eventId, timestampMs, agentId } = event
  const metadata = { eventId, timestampMs, ...(agentId === undefined ? {} : { agentId }) }
  const meta = {
    ...(event.providerId === undefined ? {} : { providerId: event.providerId }),
    provider: event.provider ?? NO_PROVIDER,
    model: event.requestModel ?? '',
  }
  const amount = (name: string): number => Number(event.detail?.[name] ?? 0)
  switch (event.kind) {
    case 'llm_request_completed': {
      const { inputTokens = 0, outputTokens = 0 } = event
      const costMicros = Number(nanoToMicros(event.costNanoUsd ?? event.costReportedNanoUsd ?? 0))
      return { ...metadata, kind: event.kind, ...meta, inputTokens, outputTokens, costMicros }
    }
    case 'llm_request_failed': {
      const { errorCode, errorMessage } = event
      const error = {
        ...(errorCode === undefined ? {} : { errorCode }),
        ...(errorMessage === undefined ? {} : { errorMessage }),
      }
      return { ...metadata, kind: event.kind, ...meta, ...error }
    }
    case 'budget_threshold_reached':
      return {
        ...metadata,
        kind: event.kind,
        thresholdPercent: amount('threshold_percent'),
        currentSpendMicros: amount('current_spend_micros'),
        budgetMicros: amount('budget_micros'),
      }
    case 'router_started':
      return { ...metadata, kind: event.kind, port: amount('port') }
    case 'router_stopped':
      return {
        ...metadata,
        kind: event.kind,
        totalRequests: amount('total_requests'),
        totalCostMicros: amount('total_cost_micros'),
      }
    case 'tool_invocation':
      return undefined
  }
}

/**
 * The event's own JSON: PascalCase tag, unknown optional members of a payload as null, an unknown agent left out.
 *
 * @example encodeAnalyticsEvent({ eventId: 'a', timestampMs: 1, kind: 'router_started', port: 8080 })
 * // { event_id: 'a', timestamp_ms: 1, event_type: 'RouterStarted', port: 8080 }
 */
export function encodeAnalyticsEvent(view: AnalyticsEvent): Record<string, JsonValue> {
  return {
    event_id: view.eventId,
    timestamp_ms: view.timestampMs,
    ...(view.agentId === undefined ? {} : { agent_id: view.agentId }),
    event_type: TAGS.get(view.kind) as string,
    ...encodePayload(view),
  }
}

/**
 * The body that posts one event: snake_case tag, no agent, unknown members left out.
 *
 * @param icToken - sent as `ic_token` when given; the protocol has no Authorization header
 */
export function encodeSyncBody(view: AnalyticsEvent, icToken?: string): Record<string, JsonValue> {
  const known = Object.entries(encodePayload(view)).filter(([, value]) => value !== null)
  return {
    ...(icToken === undefined ? {} : { ic_token: icToken }),
    event_id: view.eventId,
    timestamp_ms: view.timestampMs,
    event_type: view.kind,
    ...Object.fromEntries(known),
  }
}

function encodePayload(view: AnalyticsEvent): Record<string, JsonValue> {
  switch (view.kind) {
    case 'llm_request_completed':
      return {
        ...encodeModel(view),
        input_tokens: view.inputTokens,
        output_tokens: view.outputTokens,
        cost_micros: view.costMicros,
      }
    case 'llm_request_failed':
      return { ...encodeModel(view), error_code: view.errorCode ?? null, error_message: view.errorMessage ?? null }
    case 'budget_threshold_reached':
      return {
        threshold_percent: view.thresholdPercent,
        current_spend_micros: view.currentSpendMicros,
        budget_micros: view.budgetMicros,
      }
    case 'router_started':
      return { port: view.port }
    case 'router_stopped':
      return { total_requests: view.totalRequests, total_cost_micros: view.totalCostMicros }
  }
}

function encodeModel(meta: LlmModelMeta): Record<string, JsonValue> {
  return { provider_id: meta.providerId ?? null, provider: meta.provider, model: meta.model }
}

/** Integers that are narrower here than in `detail`. */
const NARROW: readonly (readonly [string, number])[] = [
  ['threshold_percent', 255],
  ['port', 65_535],
]

/**
 * Reads either spelling into the canonical event. `event_type` is required, and the tokens of a completed request are;
 * id and instant are minted where absent. `ic_token` and `synced` are never kept. Everything else is as on the native
 * wire, so that newer clients may send more members over the old route.
 */
export const decodeProtocol012: Decoder = (item, context) =>
  guarded(item, (members) => decodeWireEvent(checkedMembers(members), context))

/** Members that are never kept. */
const LEFT_OUT: readonly string[] = ['ic_token', 'synced', 'kind']

/**
 * A copy in which null, which is absent, stands for what is not to be read. Only members that are there are replaced: a
 * copy that loses or gains some gets a shape of its own in the engine, and each is then read thirty times as slowly.
 */
function checkedMembers(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const sent: Record<string, unknown> = { ...members }
  for (const name of LEFT_OUT) if (sent[name] !== undefined) sent[name] = null
  const tag = sent['event_type']
  if (tag === undefined || tag === null || tag === '') {
    throw new Refusal('missing_field', 'event_type', 'event_type is missing')
  }
  const kind = typeof tag === 'string' ? KIND_OF_WIRE.get(tag) : undefined
  if (kind === 'llm_request_completed') {
    if (absent(sent['input_tokens'])) throw missingTokens('input_tokens', kind)
    if (absent(sent['output_tokens'])) throw missingTokens('output_tokens', kind)
  }
  for (const [name, max] of NARROW) {
    const value = sent[name]
    if (typeof value === 'number' && value > max) throw notAnInteger(value, max, name)
  }
  if (sent['provider'] === NO_PROVIDER) sent['provider'] = null
  if (sent['cost_micros'] === 0) sent['cost_micros'] = null
  return sent
}

const absent = (value: unknown): boolean => value === undefined || value === null

function missingTokens(name: string, kind: string): Refusal {
  return new Refusal('missing_field', name, `${name} is missing, but ${kind} needs it`)
}
