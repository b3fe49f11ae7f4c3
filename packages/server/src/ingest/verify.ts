import { eventFromWire, type UsageEvent } from '@tallystick/core/event'
import {
  comparePositions,
  type JournalDamage,
  type JournalPosition,
  type OrdinalRange,
  readJournal,
} from '@tallystick/core/journal'
import { type Aggregate, addEvent, emptyAggregate, measureValue, parseQuery, planOf } from '@tallystick/core/query'
import type { UsageStore } from '../store/store.ts'
import type { Ingest } from './ingest.ts'
import type { Invariants } from './invariants.ts'

/** What {@link verify} found; wire names, since it is an HTTP answer as it is. */
export interface Verification {
  /** Nothing differs and the law balances. */
  readonly ok: boolean
  /** One sentence for each thing that does not agree. */
  readonly differences: readonly string[]
  /** What could not be compared, and why. */
  readonly notes: readonly string[]
  readonly journal: {
    readonly records: number
    readonly events: number
    readonly damaged_lines: number
    /** Of the damaged or missing records, those whose events the store still holds. */
    readonly held_by_store: number
    /** Ordinals of those whose events are nowhere, first and last of each range; at most 20 ranges. */
    readonly lost: readonly (readonly [number, number])[]
    readonly first_ordinal: number
    readonly last_ordinal: number
  } | null
  /** Null where it is in memory only. */
  readonly state: StateFindings['files'] | null
  /** UTC days whose totals were compared. */
  readonly days_compared: number
  readonly store: { readonly events: number; readonly applied_ordinal: number }
  readonly invariants: Invariants
}

/** What was found of the control state. */
export interface StateFindings {
  readonly files: {
    readonly rows: number
    readonly log_records: number
    readonly damaged_lines: number
    readonly snapshots: number
    readonly damaged_snapshots: number
  }
  readonly differences: readonly string[]
}

export interface VerifyOptions {
  readonly ingest: Ingest
  readonly store: UsageStore
  /** Absent without a journal: then only the store and the law are checked. */
  readonly journalDir?: string
  /** Checks the files of the control state; absent where it has none. */
  readonly verifyState?: () => Promise<StateFindings>
  /** How long the store may take to come up to the journal; for ever unless given. */
  readonly appliedWithinMs?: number
}

const DAY_MS = 86_400_000
/** Reading on after new events arrived converges unless they arrive faster than they are read. */
const ATTEMPTS = 20
const LISTED_DIFFERENCES = 20
/** Events asked of the store at a time. */
const HELD_EVENTS = 5000

/** Every one of these must be the same in the journal and in the store, for every UTC day. */
const COMPARED = [
  'events',
  'requests',
  'failed_requests',
  'invocations',
  'unpriced_requests',
  'input_tokens',
  'cache_read_tokens',
  'output_tokens',
  'total_tokens',
  'cost_nano_usd',
  'cost_list_nano_usd',
  'duration_ms_sum',
]

/**
 * Checks journal, store and rollups against each other: every line's checksum; the totals of every UTC day in the journal
 * against those the store answers; rows against cells inside the store; the files of the control state; and the conservation
 * law. Works while events arrive.
 *
 * @throws TallystickError `store_unavailable` when the store cannot be read or does not come up to the journal
 */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const { ingest, store, journalDir, verifyState, appliedWithinMs } = options
  const differences: string[] = []
  const notes: string[] = []
  const reading = journalDir === undefined ? undefined : new JournalTotals(journalDir, store)
  let daysCompared = 0

  if (reading === undefined) notes.push('There is no journal, so there is nothing to compare the store with.')
  else {
    const found = await compare(reading, ingest, store, appliedWithinMs)
    if (found === undefined) notes.push('Events arrive faster than the journal can be read; days were not compared.')
    else if (found === 'partial')
      notes.push(
        `The journal begins at record ${reading.firstOrdinal}: what came before stands in the store only, and days were not compared.`,
      )
    else if (found === 'removed')
      notes.push('Events were removed from the store by hand, so its days were not compared with the journal.')
    else {
      daysCompared = found.days
      differences.push(...found.differences)
    }
  }
  if (reading !== undefined && reading.damaged > 0) differences.push(damageSentence(reading))

  if (store.audit !== undefined) differences.push(...(await store.audit()).differences)
  const state = await verifyState?.()
  if (state !== undefined) differences.push(...state.differences)
  const invariants = await ingest.invariants()
  if (!invariants.balanced) differences.push('The conservation law does not balance.')
  const { events, appliedOrdinal } = await store.stats()
  return {
    ok: differences.length === 0,
    differences,
    notes,
    journal:
      reading === undefined
        ? null
        : {
            records: reading.records,
            events: reading.events,
            damaged_lines: reading.damaged,
            held_by_store: reading.heldByStore,
            lost: reading.lost.slice(0, LISTED_DIFFERENCES).map(({ first, last }) => [first, last] as const),
            first_ordinal: reading.firstOrdinal,
            last_ordinal: reading.lastOrdinal,
          },
    state: state === undefined ? null : state.files,
    days_compared: daysCompared,
    store: { events, applied_ordinal: appliedOrdinal },
    invariants,
  }
}

function damageSentence({ damaged, heldByStore, lost }: JournalTotals): string {
  const told = lost
    .slice(0, LISTED_DIFFERENCES)
    .map(({ first, last }) => (first === last ? `${first}` : `${first} to ${last}`))
  const more = lost.length > told.length ? ' and more' : ''
  const nowhere = lost.length === 0 ? '' : `; lost are the records ${told.join(', ')}${more}`
  return `${damaged} lines of the journal are damaged or missing. The store holds the events of ${heldByStore}${nowhere}.`
}

/**
 * Totals of the journal's events by UTC day, with those of its lost records that the store still holds; reads on from where it
 * stopped.
 */
class JournalTotals {
  readonly plan: ReturnType<typeof planOf>
  readonly days = new Map<number, Aggregate>()
  records = 0
  events = 0
  damaged = 0
  heldByStore = 0
  readonly lost: OrdinalRange[] = []
  firstOrdinal = 0
  lastOrdinal = 0
  /** A `clear` was met: what stood before it no longer matters. */
  cleared = false
  /** Events that stood before it. */
  clearedEvents = 0
  readonly #dir: string
  readonly #store: Pick<UsageStore, 'held'>
  #next: JournalPosition | undefined
  /** Where the last damage was that has been counted: what follows `next` is read again. */
  #told: JournalPosition = { segment: 0, offset: -1 }

  constructor(dir: string, store: Pick<UsageStore, 'held'>) {
    this.#dir = dir
    this.#store = store
    this.plan = planOf(comparedQuery(0, DAY_MS).measures)
  }

  async readOn(): Promise<void> {
    const from = this.#next
    const missing: OrdinalRange[] = []
    const journal = readJournal({
      dir: this.#dir,
      ...(from === undefined ? {} : { from, after: this.lastOrdinal }),
      onCorrupt: (damage) => this.#note(damage, missing),
    })
    for await (const { records, next } of journal) {
      for (const { type, ordinal, body } of records) {
        this.records++
        if (this.firstOrdinal === 0) this.firstOrdinal = ordinal
        this.lastOrdinal = ordinal
        if (type === 'clear') {
          this.days.clear()
          this.clearedEvents += this.events
          this.events = 0
          this.cleared = true
        } else if (type === 'event') this.#add(eventFromWire(body['e'] as Readonly<Record<string, unknown>>))
      }
      this.#next = next
    }
    for (const range of missing) await this.#addHeld(range)
  }

  #note({ lines, position, missing }: JournalDamage, ranges: OrdinalRange[]): void {
    if (comparePositions(position, this.#told) <= 0) return
    this.#told = position
    this.damaged += lines
    if (missing) ranges.push(missing)
  }

  /** Events before a `clear` are held by nobody, so it does not matter that these come after it. */
  async #addHeld({ first, last }: OrdinalRange): Promise<void> {
    let next = first
    for (;;) {
      const events = await this.#store.held({ first: next, last }, HELD_EVENTS)
      for (const { ordinal, event } of events) {
        if (ordinal > next) this.lost.push({ first: next, last: ordinal - 1 })
        next = ordinal + 1
        this.#add(event)
      }
      this.heldByStore += events.length
      if (events.length < HELD_EVENTS) break
    }
    if (next <= last) this.lost.push({ first: next, last })
  }

  #add(event: UsageEvent): void {
    const day = Math.floor(event.timestampMs / DAY_MS) * DAY_MS
    let aggregate = this.days.get(day)
    if (aggregate === undefined) {
      aggregate = emptyAggregate(this.plan)
      this.days.set(day, aggregate)
    }
    addEvent(this.plan, aggregate, event)
    this.events++
  }
}

interface Compared {
  readonly days: number
  readonly differences: readonly string[]
}

/**
 * Compares the days once nothing has become durable between the reading of the journal and the answer of the store;
 * undefined when events keep arriving, `partial` when the journal does not hold all that the store does, `removed` when the
 * store's file was emptied or edited, which no journal tells. Ordinals of the two
 * need not meet: those of a tail that was cut, and of a damaged last line, are used up and belong to no record.
 */
async function compare(
  reading: JournalTotals,
  ingest: Ingest,
  store: UsageStore,
  appliedWithinMs: number | undefined,
): Promise<Compared | 'partial' | 'removed' | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { targetOrdinal } = ingest.progress()
    await reading.readOn()
    await ingest.applied(appliedWithinMs)
    // Written and not durable yet: not in the store either.
    if (reading.lastOrdinal > targetOrdinal) continue
    if (reading.firstOrdinal > 1 && !reading.cleared) return 'partial'
    const { cleared = 0 } = await store.stats()
    if (reading.firstOrdinal <= 1 && cleared > reading.clearedEvents) return 'removed'
    const found = await compareDays(reading, store)
    if (ingest.progress().targetOrdinal === targetOrdinal) return found
  }
  return undefined
}

async function compareDays(reading: JournalTotals, store: UsageStore): Promise<Compared> {
  const differences: string[] = []
  if (reading.days.size === 0) return { days: 0, differences }
  const first = Math.min(...reading.days.keys())
  const last = Math.max(...reading.days.keys())
  const query = comparedQuery(first, last + DAY_MS)
  const answer = await store.query(query, { journaled: true })
  // Of days whose single events have expired a store without totals knows nothing.
  const rows = answer.rows.filter((row) => Number(row['time_ms']) >= (answer.raw_from_ms ?? first))
  for (const row of rows) {
    const day = Number(row['time_ms'])
    const aggregate = reading.days.get(day) ?? emptyAggregate(reading.plan)
    for (const measure of query.measures) {
      const expected = measureValue(reading.plan, aggregate, measure)
      const found = row[measure.name] ?? null
      if (String(expected) === String(found)) continue
      if (differences.length < LISTED_DIFFERENCES)
        differences.push(
          `${new Date(day).toISOString().slice(0, 10)}: ${measure.name} is ${found} in the store and ${expected} in the journal.`,
        )
    }
  }
  return { days: rows.length, differences }
}

function comparedQuery(fromMs: number, toMs: number): ReturnType<typeof parseQuery> {
  return parseQuery({ from: fromMs, to: toMs, measures: COMPARED, interval: '1d', time_zone: 'UTC' }, { nowMs: toMs })
}
