import { type Exact, exactToJson, nanoToUsd, normalizeExact, type UsageEvent } from '@tallystick/core/event'
import { QUANTITY_OF, type Quantity, quantityValue } from '@tallystick/core/query'
import { type Crossing, subjectOf } from './crossing.ts'

/**
 * What a client of `WS /ws` is sent. The four messages of Protocol 003 have its members under its names, and beside them the
 * exact integers; `GAP` and `ERROR` are ours. Null stands for what is not known.
 */
export type Message = { readonly type: MessageType; readonly timestamp: string } & Readonly<Record<string, unknown>>

export type MessageType = 'STATE_UPDATE' | 'AGENT_EVENT' | 'COST_ALERT' | 'HEARTBEAT' | 'GAP' | 'ERROR'

/** What an agent is doing, as far as its events show it. */
export type AgentState = 'running' | 'idle' | 'error'

/** Why messages are missing. `slow`: they were overtaken before they could be sent. */
export type GapReason = 'slow' | 'unknown_cursor' | 'cleared'

const TOTAL_TOKENS = QUANTITY_OF.get('total_tokens') as Quantity

const at = (nowMs: number): string => new Date(nowMs).toISOString()

const usd = (nanoUsd: Exact | undefined): number | null => (nanoUsd === undefined ? null : nanoToUsd(nanoUsd))
const exact = (value: Exact | undefined): number | string | null =>
  value === undefined ? null : exactToJson(normalizeExact(value))

/** `AGENT_EVENT` for an accepted event. */
export function agentEvent(event: UsageEvent, nowMs: number): Message {
  return {
    type: 'AGENT_EVENT',
    timestamp: at(nowMs),
    agent_id: event.agentId ?? null,
    // JSON leaves out what is undefined.
    tenant_id: event.tenantId,
    event: nameOf(event),
    data: {
      model: event.requestModel ?? null,
      tokens: quantityValue(TOTAL_TOKENS, event) ?? null,
      cost_usd: usd(event.costNanoUsd),
      provider: event.provider ?? null,
      input_tokens: event.inputTokens ?? null,
      output_tokens: event.outputTokens ?? null,
      cost_nano_usd: exact(event.costNanoUsd),
      event_id: event.eventId,
      timestamp_ms: event.timestampMs,
      duration_ms: event.durationMs ?? null,
      success: event.success ?? null,
      error_code: event.errorCode ?? null,
    },
  }
}

/** `llm_call`, the tool that was called, or the kind of whatever else there is. */
function nameOf({ kind, toolName }: UsageEvent): string {
  if (kind === 'llm_request_completed' || kind === 'llm_request_failed') return 'llm_call'
  return kind === 'tool_invocation' ? (toolName ?? kind) : kind
}

export interface StateOf {
  readonly tenantId: string | undefined
  readonly agentId: string
  readonly state: AgentState
  /** What the agent says it works on: the tag `current_lead` of its latest event. */
  readonly currentLead: string | undefined
  /** When its latest event ended. */
  readonly lastMs: number
}

export function stateUpdate(agent: StateOf, spentNanoUsd: Exact | undefined, nowMs: number): Message {
  return {
    type: 'STATE_UPDATE',
    timestamp: at(nowMs),
    agent_id: agent.agentId,
    // JSON leaves out what is undefined.
    tenant_id: agent.tenantId,
    state: agent.state,
    data: {
      current_lead: agent.currentLead ?? null,
      budget_spent: usd(spentNanoUsd),
      budget_spent_nano_usd: exact(spentNanoUsd),
      last_event_ms: agent.lastMs,
    },
  }
}

/** Percent of the amount from which an alert is `critical`, as the risk levels of Protocol 012 have it. */
const CRITICAL_PERCENT = 95

export function costAlert(crossing: Crossing, nowMs: number): Message {
  const { budget, spent, amount, threshold } = crossing
  const { tenantId, agentId } = subjectOf(crossing)
  // Two decimals, downwards: 99.999 % is not 100.
  const percentage = amount > 0n ? Number((spent * 10_000n) / amount) / 100 : 100
  const money = budget.unit === 'nano_usd'
  return {
    type: 'COST_ALERT',
    timestamp: at(nowMs),
    agent_id: agentId ?? null,
    // JSON leaves out what is undefined.
    tenant_id: tenantId,
    severity: percentage >= CRITICAL_PERCENT ? 'critical' : 'warning',
    data: {
      budget_spent: money ? nanoToUsd(spent) : null,
      budget_limit: money ? nanoToUsd(amount) : null,
      percentage,
      budget_id: budget.id,
      unit: budget.unit,
      spent: exact(spent),
      limit: exact(amount),
      threshold,
    },
  }
}

export const heartbeat = (nowMs: number): Message => ({ type: 'HEARTBEAT', timestamp: at(nowMs) })

/** `missed` messages are not coming; null where nobody can know how many. */
export const gap = (missed: number | null, reason: GapReason, nowMs: number): Message => ({
  type: 'GAP',
  timestamp: at(nowMs),
  missed,
  reason,
})

export const failure = (code: string, message: string, nowMs: number): Message => ({
  type: 'ERROR',
  timestamp: at(nowMs),
  code,
  message,
})

/**
 * A message as it goes over the wire, with where it stands.
 *
 * @example String(encode(heartbeat(0), 'a.1')) // '{"type":"HEARTBEAT","timestamp":"1970-01-01T00:00:00.000Z","cursor":"a.1"}'
 */
export function encode(message: Message, cursor?: string): Uint8Array {
  return encodeText(JSON.stringify(message), cursor)
}

/** The same of a message that is written once and stands in several places. */
export function encodeText(json: string, cursor: string | undefined): Uint8Array {
  return Buffer.from(cursor === undefined ? json : `${json.slice(0, -1)},"cursor":"${cursor}"}`)
}
