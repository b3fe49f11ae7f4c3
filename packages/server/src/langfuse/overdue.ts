import type { Clock } from '@tallystick/core/event'
import type { HeldGeneration } from '../state/generation.ts'
import type { Change, ControlState } from '../state/state.ts'
import type { Countable, Counter } from './counter.ts'
import { hasEnded, hasFigures } from './facts.ts'
import { keysOf, removalOf, type Sender, senderOfRow, traceFactsOf } from './rows.ts'

/** How long after its last part a generation is waited for that has ended or has figures, but not both. */
export const SETTLE_MS = 60_000
/** The same for one that has neither, and how long a trace is remembered. */
export const UNFINISHED_MS = 86_400_000
/** Rows of each table that are dealt with at one time. */
export const ROUND = 1_000

export interface OverdueOptions {
  readonly state: ControlState
  readonly counter: Counter
  readonly clock: Clock
  /** Rows of one tenant in each table, at most. */
  readonly maxHeld: number
  readonly startedMs: number
}

/**
 * Counts, as they are, generations that have been waited for long enough or of which a tenant has too many, and forgets
 * traces likewise.
 *
 * @returns whether there may be more to do
 * @throws TallystickError as `Ingest.submit` and `ControlState.write`; what was not done is found again
 */
export async function countOverdue({ state, counter, clock, maxHeld, startedMs }: OverdueOptions): Promise<boolean> {
  const nowMs = clock.now()
  const traces = state.rows('traces')
  const due = overdue(
    state.rows('generations'),
    excess(state.rows('generations').values(), maxHeld, ({ owner }) => owner?.tenantId),
    (row) => isDue(row, nowMs, startedMs),
  )
  const countable = due.filter(([key, row]) => counter.counted(key) === undefined && isCountable(row))
  for (const { sender, generations } of bySender(countable)) {
    const keyOf = keysOf(sender)
    const traceOf = ({ traceId }: Countable['facts']) =>
      traceId === undefined ? undefined : traceFactsOf(traces.get(keyOf(traceId)))
    await counter.count(generations, traceOf, sender)
  }
  const old = overdue(
    traces,
    excess(traces.values(), maxHeld, ({ tenantId }) => tenantId),
    ({ touchedMs }) => nowMs >= touchedMs + UNFINISHED_MS,
  )
  const removals: Change[] = [
    ...due.map(([key]) => removalOf('generations', key)),
    ...old.map(([key]) => removalOf('traces', key)),
  ]
  if (removals.length > 0) await state.write(removals)
  return due.length === ROUND || old.length === ROUND
}

function isDue({ touchedMs, facts }: HeldGeneration, nowMs: number, startedMs: number): boolean {
  if (!hasEnded(facts) && !hasFigures(facts)) return nowMs >= touchedMs + UNFINISHED_MS
  // A client that was cut off by a restart tries again for a while.
  return nowMs >= Math.max(touchedMs, startedMs) + SETTLE_MS
}

/** Is there anything in it to count? Not in an update of something of which no more is known than that. */
function isCountable({ facts }: HeldGeneration): boolean {
  return facts['startMs'] !== undefined || hasEnded(facts) || hasFigures(facts)
}

/** The first rows that either holds for. */
function overdue<T>(
  rows: ReadonlyMap<string, T>,
  isOver: (row: T) => boolean,
  isOld: (row: T) => boolean,
): readonly (readonly [string, T])[] {
  const found: (readonly [string, T])[] = []
  for (const entry of rows) {
    if (found.length === ROUND) break
    if (isOver(entry[1]) || isOld(entry[1])) found.push(entry)
  }
  return found
}

/** Asked of rows in their order, oldest first: is this one of those that a tenant has too many of? */
function excess<T>(
  rows: Iterable<T>,
  max: number,
  tenantIdOf: (row: T) => string | null | undefined,
): (row: T) => boolean {
  const over = new Map<string | null | undefined, number>()
  for (const row of rows) over.set(tenantIdOf(row), (over.get(tenantIdOf(row)) ?? -max) + 1)
  return (row) => {
    const left = over.get(tenantIdOf(row)) ?? 0
    over.set(tenantIdOf(row), left - 1)
    return left > 0
  }
}

function bySender(
  rows: readonly (readonly [string, HeldGeneration])[],
): Iterable<{ readonly sender: Sender; readonly generations: readonly Countable[] }> {
  const groups = new Map<string, { readonly sender: Sender; readonly generations: Countable[] }>()
  for (const [key, row] of rows) {
    const sender = senderOfRow(row)
    const name = JSON.stringify(sender)
    const group = groups.get(name) ?? { sender, generations: [] }
    group.generations.push({ key, facts: row.facts })
    groups.set(name, group)
  }
  return groups.values()
}
