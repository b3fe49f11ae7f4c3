import { encodeWireEvent, type JsonValue } from '@tallystick/core/event'
import { type Aggregate, addEvent, aggregateToJson, emptyAggregate } from '@tallystick/core/query'
import type { StoredEvent } from '../../store/store.ts'
import { LIVE_BUCKET_MS, LIVE_PLAN } from './plan.ts'

/** More cells than this in one second come from an import or a flood of names: the page is told to ask again instead. */
export const MAX_CELLS = 500
const MAX_EVENTS = 20
/** Text of the newest events in one tick; an event may carry some 70 KB of tags. */
const MAX_EVENT_CHARS = 64 * 1024

/** What happened since the last tick, as the stream carries it. */
export interface TickBody {
  readonly at_ms: number
  readonly cells: readonly TickCell[]
  /** Newest accepted events, newest first. */
  readonly events: readonly Record<string, JsonValue>[]
  /** Events accepted since the last tick. */
  readonly accepted: number
  /** Present when there were too many cells: `cells` is empty, figures must be asked for. */
  readonly truncated?: true
}

export interface TickCell {
  readonly time_ms: number
  readonly provider: string | null
  readonly model: string | null
  readonly aggregate: unknown
}

/** Folds accepted events into cells of (minute, provider, model) until it is taken. */
export interface TickFold {
  add(events: readonly StoredEvent[]): void
  readonly accepted: number
  /** The body, or undefined when nothing was added; starts again from nothing. */
  take(atMs: number): TickBody | undefined
}

interface FoldedCell {
  readonly time_ms: number
  readonly provider: string | null
  readonly model: string | null
  readonly aggregate: Aggregate
}

type Models = Map<string | null, FoldedCell>
type Providers = Map<string | null, Models>

export function createTickFold(): TickFold {
  let buckets = new Map<number, Providers>()
  let cells: FoldedCell[] = []
  let newest: StoredEvent[] = []
  let accepted = 0
  let truncated = false

  const cellOf = (timeMs: number, provider: string | null, model: string | null): FoldedCell | undefined => {
    const providers = getOrCreate(buckets, timeMs, (): Providers => new Map())
    const models = getOrCreate(providers, provider, (): Models => new Map())
    const known = models.get(model)
    if (known !== undefined || cells.length >= MAX_CELLS) return known
    const cell: FoldedCell = { time_ms: timeMs, provider, model, aggregate: emptyAggregate(LIVE_PLAN) }
    models.set(model, cell)
    cells.push(cell)
    return cell
  }

  return {
    add(events) {
      accepted += events.length
      newest = events.length >= MAX_EVENTS ? events.slice(-MAX_EVENTS) : [...newest, ...events].slice(-MAX_EVENTS)
      for (const { event } of events) {
        if (truncated) return
        const timeMs = event.timestampMs - (event.timestampMs % LIVE_BUCKET_MS)
        const cell = cellOf(timeMs, event.provider ?? null, event.requestModel ?? null)
        if (cell !== undefined) addEvent(LIVE_PLAN, cell.aggregate, event)
        else {
          truncated = true
          buckets = new Map()
          cells = []
        }
      }
    },
    get accepted() {
      return accepted
    },
    take(atMs) {
      if (accepted === 0) return undefined
      const body: TickBody = {
        at_ms: atMs,
        cells: cells.map((cell) => ({ ...cell, aggregate: aggregateToJson(LIVE_PLAN, cell.aggregate) })),
        events: wireEvents(newest),
        accepted,
        ...(truncated ? { truncated: true as const } : {}),
      }
      buckets = new Map()
      cells = []
      newest = []
      accepted = 0
      truncated = false
      return body
    },
  }
}

function wireEvents(events: readonly StoredEvent[]): Record<string, JsonValue>[] {
  const wire: Record<string, JsonValue>[] = []
  let chars = 0
  for (const { event } of [...events].reverse()) {
    const encoded = encodeWireEvent(event)
    chars += JSON.stringify(encoded).length
    if (chars > MAX_EVENT_CHARS) break
    wire.push(encoded)
  }
  return wire
}

function getOrCreate<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = create()
    map.set(key, value)
  }
  return value
}
