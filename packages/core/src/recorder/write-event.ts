import { type Mutable, normaliseAgentId, type UsageEvent } from '../event/index.ts'
import { cutUtf8, isText } from '../event/wire/text.ts'
import type { Layout } from './layout.ts'
import { INTEGER } from './members.ts'
import type { EventDefaults } from './recordable.ts'

/** A stored event: which members it has, and their values. */
export interface StoredEvent {
  readonly layout: Layout
  readonly values: readonly unknown[]
}

/** What the recorder adds. */
export type Identity = Required<Pick<UsageEvent, 'eventId' | 'timestampMs' | 'sourceId' | 'epoch' | 'seq'>>

/** The id that the caller brought. */
export function ownIdOf({ layout, values }: StoredEvent): string | undefined {
  const at = layout.places.eventId
  return at < 0 ? undefined : (values[at] as string)
}

/**
 * The canonical event of a stored one, complete.
 *
 * Texts are mended here, not while recording: to look at each character costs more than all the rest. Half of a
 * surrogate pair and NUL, which no store or wire takes, become U+FFFD; what is within its limit in characters but not in bytes
 * is cut.
 */
export function writeEvent(stored: StoredEvent, identity: Identity, defaults: EventDefaults | undefined): UsageEvent {
  const { layout, values } = stored
  const micros = microsOf(layout, values)
  const event = layout.blank(micros !== 0, defaults)
  event.eventId = identity.eventId
  event.timestampMs = identity.timestampMs
  event.kind = layout.kind
  event.sourceId = identity.sourceId
  event.epoch = identity.epoch
  event.seq = identity.seq
  const members = layout.members
  for (let index = 0; index < members.length; index++) {
    const { field, role, max } = members[index] as (typeof members)[number]
    if (field === undefined) continue
    const value = values[index]
    // The table says that value and member belong together; TypeScript does not know.
    ;(event as Record<string, unknown>)[field] =
      role !== INTEGER && typeof value === 'string' && value.length > 0 ? mended(value, max) : value
  }
  if (layout.places.requestModel < 0 && layout.places.model >= 0) {
    event.requestModel = mended(values[layout.places.model] as string, 256)
  }
  if (micros !== 0) {
    event.costReportedNanoUsd = micros * 1_000
    event.costBasis ??= 'client'
  }
  if (defaults !== undefined) fill(event, defaults)
  settle(event)
  return event
}

function mended(text: string, max: number): string {
  const whole = isText(text) ? text : text.toWellFormed().replaceAll('\0', '\ufffd')
  return max > 0 && whole.length * 3 > max ? cutUtf8(whole, max) : whole
}

/** The cost in micro-USD that came under the name of the older view, where no other tells it; 0 says nothing. */
function microsOf({ places }: Layout, values: readonly unknown[]): number {
  if (places.costMicros < 0 || places.costNanoUsd >= 0 || places.costReportedNanoUsd >= 0) return 0
  return values[places.costMicros] as number
}

function fill(event: Mutable<UsageEvent>, defaults: EventDefaults): void {
  const target = event as Record<string, unknown>
  for (const [name, value] of Object.entries(defaults)) target[name] ??= value
}

/** What the canonical event always says of an LLM request, where the caller left it open. */
function settle(event: Mutable<UsageEvent>): void {
  const { kind, success, statusCode = 0, agentId } = event
  if (agentId !== undefined) event.agentId = normaliseAgentId(agentId)
  if (kind === 'llm_request_failed') event.success = false
  else if (kind === 'llm_request_completed') event.success = success ?? statusCode < 400
  else return
  if (event.usageBasis) return
  const known = event.inputTokens ?? event.outputTokens ?? event.totalTokens ?? event.units
  event.usageBasis = known === undefined ? 'unknown' : 'measured'
}
