import { COST_BASES, FIELDS, REQUIRED_DETAIL, USAGE_BASES } from '../event/fields.ts'
import type { EventKind } from '../event/index.ts'
import { isText, utf8Bytes } from '../event/wire/text.ts'
import { readCounts, readDetail, readStrings, readTags } from '../event/wire/values.ts'
import { cutText } from './cut-text.ts'
import { type Layout, Layouts } from './layout.ts'
import { BOOLEAN, INTEGER, SILENT, TEXT } from './members.ts'

/**
 * Thrown by the reader for what is not an event, and caught by the recorder. One for all: a flood of bad events must not
 * cost a stack each.
 */
const NOT_AN_EVENT: unique symbol = Symbol('not an event')

/** See {@link Draft.bytes}. */
const EVENT_BYTES = 160
const MEMBER_BYTES = 24
const NANO_PER_MICRO = 1_000

/** Members that the reader itself needs for events that do not have them. */
export interface UsualDefaults {
  readonly requestModel?: string
  readonly provider?: string
}

/**
 * One event between the caller's object and the buffer, used again for each: its values as they are stored, and by name
 * what is counted.
 */
export class Draft {
  kind: EventKind = 'router_stopped'
  layout: Layout
  /** As many as the layout says; the buffer takes the array and gives another one back. */
  values: unknown[] = []
  /** Characters of texts, and the size of maps and lists. */
  size = 0
  /** The id that the caller brought. */
  eventId: string | undefined = undefined
  /** -1 when the caller brought none. */
  timestampMs = -1
  model = ''
  provider = ''
  failed = false
  inputTokens = 0
  outputTokens = 0
  /** -1 when nobody knows. */
  costNanoUsd = -1
  readonly #layouts = new Layouts()

  constructor() {
    this.layout = this.#layouts.root
  }

  /**
   * Memory that the event will hold, an estimate that is rather too high: 160 bytes, 24 for each member, the characters of
   * texts, those that other events share too, and four times the JSON of maps and lists.
   */
  get bytes(): number {
    return EVENT_BYTES + MEMBER_BYTES * this.layout.length + this.size
  }

  /**
   * Reads a caller's object: each enumerable member once, checked against its type and limit, and copied, so that nothing
   * the caller does later changes or breaks what was recorded.
   *
   * @throws whatever a getter of the object throws, and anything else for what is not an event; the draft is then worth
   *   nothing until the next reading
   */
  read(event: unknown, defaults: UsualDefaults, agentId: string | undefined): void {
    if (typeof event !== 'object' || event === null) throw NOT_AN_EVENT
    // First: whatever has none, a buffer of a hundred megabytes say, is not gone through.
    this.kind = kindOf((event as { readonly kind?: unknown }).kind)
    this.#readMembers(event as Readonly<Record<string, unknown>>)
    if (agentId != null && this.layout.places.agentId < 0) this.#append('agentId', agentId)
    this.#settle(defaults)
  }

  /** Takes what another draft has read: `values` hold it already. */
  restore(kind: EventKind, layout: Layout, size: number, defaults: UsualDefaults): void {
    this.kind = kind
    this.layout = layout
    this.size = size
    this.#settle(defaults)
  }

  #readMembers(event: Readonly<Record<string, unknown>>): void {
    const { values } = this
    let layout = this.#layouts.root
    let length = 0
    let size = 0
    // Inherited ones too: a class may have members that say what its instances share.
    for (const name in event) {
      const value = event[name]
      if (value === undefined || value === null) continue
      const next = layout.nextName === name ? layout.next : layout.after(name)
      if (next === undefined) continue
      const { role } = next
      if (role === TEXT) {
        if (typeof value !== 'string' || value.length > next.max) throw NOT_AN_EVENT
        if (value.length === 0) continue
        size += value.length
        values[length] = value
      } else if (role === INTEGER) {
        if (typeof value !== 'number' || !(value >= 0 && value <= next.max) || Math.floor(value) !== value) {
          throw NOT_AN_EVENT
        }
        // Adding 0 turns -0 into 0.
        values[length] = value + 0
      } else if (role === BOOLEAN) {
        if (typeof value !== 'boolean') throw NOT_AN_EVENT
        values[length] = value
      } else if (role === SILENT) {
        layout = next
        continue
      } else {
        const copy = readOther(name, value, next.max)
        if (copy === undefined) continue
        size += sizeOf(copy)
        values[length] = copy
      }
      length++
      layout = next
    }
    this.layout = layout
    this.size = size
  }

  /** Adds a member that the object did not have itself. */
  #append(name: string, value: unknown): void {
    const layout = this.layout.after(name) as Layout
    if (layout.role === TEXT) {
      if (typeof value !== 'string' || value.length > layout.max) throw NOT_AN_EVENT
      if (value === '') return
    }
    this.values[this.layout.length] = value
    this.layout = layout
    this.size += sizeOf(value)
  }

  /** Puts what is counted by name, and refuses an event that lacks what its kind needs. */
  #settle(defaults: UsualDefaults): void {
    const { kind, values } = this
    const { places } = this.layout
    this.eventId = places.eventId < 0 ? undefined : checkedId(values[places.eventId] as string)
    this.timestampMs = places.timestampMs < 0 ? -1 : (values[places.timestampMs] as number)
    if (kind !== 'llm_request_completed' && kind !== 'llm_request_failed') {
      this.#settleNotice()
      return
    }
    const model = places.requestModel < 0 ? places.model : places.requestModel
    this.model = model < 0 ? (defaults.requestModel ?? '') : (values[model] as string)
    if (this.model === '') throw NOT_AN_EVENT
    this.provider = places.provider < 0 ? (defaults.provider ?? '') : (values[places.provider] as string)
    this.inputTokens = places.inputTokens < 0 ? 0 : (values[places.inputTokens] as number)
    this.outputTokens = places.outputTokens < 0 ? 0 : (values[places.outputTokens] as number)
    this.costNanoUsd = costOf(values, places)
    this.failed =
      kind === 'llm_request_failed' ||
      (places.success < 0
        ? places.statusCode >= 0 && (values[places.statusCode] as number) >= 400
        : values[places.success] === false)
  }

  #settleNotice(): void {
    const { kind, layout } = this
    if (kind === 'tool_invocation') {
      if (layout.places.toolName < 0) throw NOT_AN_EVENT
      return
    }
    if (layout.places.detail < 0) {
      const detail: Record<string, number> = {}
      for (const [index, { name }] of layout.members.entries()) {
        const figure = REQUIRED_DETAIL[kind].find((required) => FIGURES.get(required) === name)
        if (figure !== undefined) detail[figure] = this.values[index] as number
      }
      this.#append('detail', Object.freeze(detail))
    }
    const detail = this.values[this.layout.places.detail] as Readonly<Record<string, unknown>>
    for (const name of REQUIRED_DETAIL[kind]) {
      const figure = Object.hasOwn(detail, name) ? detail[name] : undefined
      if (!Number.isSafeInteger(figure) || (figure as number) < 0) throw NOT_AN_EVENT
    }
  }
}

/** Figures of notices: name in `detail` -> member of the older view. */
const FIGURES: ReadonlyMap<string, string> = new Map([
  ['port', 'port'],
  ['total_requests', 'totalRequests'],
  ['total_cost_micros', 'totalCostMicros'],
  ['threshold_percent', 'thresholdPercent'],
  ['current_spend_micros', 'currentSpendMicros'],
  ['budget_micros', 'budgetMicros'],
])

/** What is said to be the cost; -1 when nothing is. Of the older view's micro-USD 0 stands for an unknown price. */
function costOf(values: readonly unknown[], places: Layout['places']): number {
  if (places.costNanoUsd >= 0) return values[places.costNanoUsd] as number
  if (places.costReportedNanoUsd >= 0) return values[places.costReportedNanoUsd] as number
  const micros = places.costMicros < 0 ? 0 : (values[places.costMicros] as number)
  return micros === 0 ? -1 : micros * NANO_PER_MICRO
}

function kindOf(kind: unknown): EventKind {
  switch (kind) {
    case 'llm_request_completed':
    case 'llm_request_failed':
    case 'tool_invocation':
    case 'router_started':
    case 'router_stopped':
    case 'budget_threshold_reached':
      return kind
    default:
      throw NOT_AN_EVENT
  }
}

/** An id is compared byte for byte at a server; what would have to be mended is none. */
function checkedId(id: string): string {
  if (!isText(id) || (id.length * 3 > 128 && utf8Bytes(id) > 128)) throw NOT_AN_EVENT
  return id
}

/** The rarer types; undefined for a value that says nothing. */
function readOther(name: string, value: unknown, max: number): unknown {
  switch (name) {
    case 'provider':
      if (value === '' || value === 'unknown') return undefined
      if (typeof value !== 'string' || value.length > max) throw NOT_AN_EVENT
      return value
    case 'usageBasis':
      return oneOf(value, USAGE_BASES)
    case 'costBasis':
      return oneOf(value, COST_BASES)
    case 'routingConfidence':
      if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw NOT_AN_EVENT
      return value + 0
    case 'units':
      return frozen(readCounts(value, FIELDS.units, name))
    case 'tags':
      return frozen(readTags(value, FIELDS.tags, name))
    case 'mcpServers':
      return frozen(readStrings(value, FIELDS.mcpServers, name))
    case 'detail':
      return frozen(readDetail(value, FIELDS.detail, name))
    default: {
      const text = cutText(value, max)
      if (typeof text !== 'string') throw NOT_AN_EVENT
      return text === '' ? undefined : text
    }
  }
}

function oneOf(value: unknown, values: readonly string[]): unknown {
  if (value === '') return undefined
  if (!values.includes(value as string)) throw NOT_AN_EVENT
  return value
}

/** A snapshot shares the nested values of what is stored; whoever holds it must not be able to change them. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const member of Object.values(value)) frozen(member)
  return Object.freeze(value)
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  return typeof value === 'object' ? 64 + 4 * JSON.stringify(value).length : 0
}
