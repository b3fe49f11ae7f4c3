import { FIELDS, REQUIRED_DETAIL } from '../event/fields.ts'
import { isText, utf8Bytes } from '../event/wire/text.ts'
import { readCounts, readDetail, readStrings, readTags } from '../event/wire/values.ts'
import { cutText } from './cut-text.ts'
import { type Layout, Layouts } from './layout.ts'
import { BOOLEAN, CUT, INSTANT, INTEGER, KIND, NAMED, NESTED, PROVIDER, TEXT } from './members.ts'

/**
 * Thrown by the reader for what is not an event, and caught by the recorder. One for all: a flood of bad events must not
 * cost a stack each.
 */
const NOT_AN_EVENT: unique symbol = Symbol('not an event')

/** Members of an object that no event has: with more it is something else, and whoever waits for it is not kept. */
const MAX_UNKNOWN = 256

/** See {@link Draft.bytes}. */
const EVENT_BYTES = 144
const MEMBER_BYTES = 16
const NANO_PER_MICRO = 1_000

/**
 * An array for so many values. All are filled, and so of one kind inside the engine, whatever comes first: reading writes to
 * thousands of them at one place, and where it has seen more than four kinds the engine gives up and looks each time.
 */
export function roomFor(length: number): unknown[] {
  return new Array<unknown>(Math.max(8, length)).fill(undefined)
}

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
  layout: Layout
  /** As many as the layout says; the buffer takes the array and gives another one back. */
  values = roomFor(0)
  /** How many of them may hold something. */
  used = 0
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
  #layouts = new Layouts()

  constructor() {
    this.layout = this.#layouts.rootOf('router_stopped') as Layout
  }

  /**
   * Memory that the event will hold, an estimate that is rather too high: 144 bytes, 16 for each member, the characters of
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
    if (this.#layouts.full) this.#layouts = new Layouts()
    const root = this.#layouts.rootOf((event as { readonly kind?: unknown }).kind)
    if (root === undefined) throw NOT_AN_EVENT
    this.#readMembers(event as Readonly<Record<string, unknown>>, root)
    if (agentId != null && this.layout.places.agentId < 0) this.#append('agentId', agentId)
    this.#settle(defaults)
  }

  /** Takes an event that another draft has read: its values stand in `values` already. */
  restore(layout: Layout, size: number, timestampMs: number, defaults: UsualDefaults): void {
    const { length } = layout
    for (let index = length; index < this.used; index++) this.values[index] = undefined
    this.used = length
    this.layout = layout
    this.size = size
    this.timestampMs = timestampMs
    this.#settle(defaults)
  }

  #readMembers(event: Readonly<Record<string, unknown>>, root: Layout): void {
    const { values } = this
    let layout = root
    let length = 0
    let size = 0
    let timestampMs = -1
    let unknown = 0
    // Inherited ones too: a class may have members that say what its instances share.
    for (const name in event) {
      const value = event[name]
      if (value === undefined || value === null) continue
      const next = layout.nextName === name ? layout.next : layout.after(name)
      if (next === undefined) {
        if (++unknown > MAX_UNKNOWN) throw NOT_AN_EVENT
        continue
      }
      const { role } = next
      if (role === TEXT) {
        if (typeof value !== 'string' || value.length > next.max) throw NOT_AN_EVENT
        if (value.length === 0) continue
        size += value.length
        values[length++] = value
      } else if (role === INTEGER) {
        if (typeof value !== 'number' || !(value >= 0 && value <= next.max) || Math.floor(value) !== value) {
          throw NOT_AN_EVENT
        }
        // Adding 0 turns -0 into 0.
        values[length++] = value + 0
      } else if (role === BOOLEAN) {
        if (typeof value !== 'boolean') throw NOT_AN_EVENT
        values[length++] = value
      } else if (role < KIND) {
        const copy = readRare(value, next)
        if (copy === undefined) continue
        if (role !== NAMED) size += sizeOf(copy)
        values[length++] = copy
      } else if (role === INSTANT) timestampMs = readInstant(value, next.max)
      layout = next
    }
    // What an earlier event left behind would be held for as long as this one, and is in no account of bytes.
    for (let index = length; index < this.used; index++) values[index] = undefined
    this.used = length
    this.layout = layout
    this.size = size
    this.timestampMs = timestampMs
  }

  /** Adds a member that the object did not have itself. */
  #append(name: string, value: unknown): void {
    const layout = this.layout.after(name) as Layout
    if (layout.role === TEXT) {
      if (typeof value !== 'string' || value.length > layout.max) throw NOT_AN_EVENT
      if (value === '') return
    }
    this.values[this.used++] = value
    this.layout = layout
    this.size += sizeOf(value)
  }

  /** Puts what is counted by name, and refuses an event that lacks what its kind needs. */
  #settle(defaults: UsualDefaults): void {
    const { layout, values } = this
    const { kind, places } = layout
    this.eventId = places.eventId < 0 ? undefined : checkedId(values[places.eventId] as string)
    if (!layout.isRequest) {
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
    const { layout } = this
    const { kind } = layout
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

/** An id is compared byte for byte at a server; what would have to be mended is none. */
function checkedId(id: string): string {
  if (!isText(id) || (id.length * 3 > 128 && utf8Bytes(id) > 128)) throw NOT_AN_EVENT
  return id
}

function readInstant(value: unknown, max: number): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= max) || Math.floor(value) !== value) throw NOT_AN_EVENT
  return value + 0
}

/** The rarer types; undefined for a value that says nothing. */
function readRare(value: unknown, { role, max, member }: Layout): unknown {
  if (role === NAMED) return readNamed(value, member?.values ?? [])
  if (role === PROVIDER || role === CUT) {
    const text = role === CUT ? cutText(value, max) : value
    if (typeof text !== 'string' || text.length > max) throw NOT_AN_EVENT
    return text === '' || (role === PROVIDER && text === 'unknown') ? undefined : text
  }
  if (role === NESTED) return frozen(readNested(value, member?.name ?? ''))
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw NOT_AN_EVENT
  return value + 0
}

/** One of a few names; most are the very same object already, which is all that then is compared. */
function readNamed(value: unknown, values: readonly string[]): string | undefined {
  for (let index = 0; index < values.length; index++) if (values[index] === value) return values[index]
  if (value === '') return undefined
  throw NOT_AN_EVENT
}

function readNested(value: unknown, name: string): unknown {
  switch (name) {
    case 'units':
      return readCounts(value, FIELDS.units, name)
    case 'tags':
      return readTags(value, FIELDS.tags, name)
    case 'mcpServers':
      return readStrings(value, FIELDS.mcpServers, name)
    default:
      return readDetail(value, FIELDS.detail, name)
  }
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
