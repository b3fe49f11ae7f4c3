import { TallystickError } from '@tallystick/core'
import type { LegalHold } from '../state/hold.ts'
import type { ControlState } from '../state/state.ts'
import type { PruneRequest } from '../store/store.ts'

/** Ranges of time in which nothing is dropped. */
export interface Holds {
  all(): readonly LegalHold[]
  /** The beginning of the earliest range; Infinity where there is none. */
  heldFromMs(): number
  /** What may expire of what has: nothing from the beginning of the earliest range on. */
  allowed(request: PruneRequest): PruneRequest
  /** @throws TallystickError `legal_hold` when something of `[fromMs, toMs)` is held */
  assertFree(fromMs?: number, toMs?: number): void
  refusal(hold: LegalHold): TallystickError
}

export function createHolds(state: Pick<ControlState, 'rows'>): Holds {
  const all = (): readonly LegalHold[] => [...state.rows('holds').values()]
  const refusal = ({ name, fromMs, reason, toMs }: LegalHold): TallystickError =>
    new TallystickError(
      'legal_hold',
      `The legal hold "${name}" (${reason}) keeps everything ${rangeText(fromMs, toMs)}. Remove it first: tallystick hold remove ${name}`,
    )
  const heldFromMs = (): number => all().reduce((least, { fromMs = 0 }) => Math.min(least, fromMs), Infinity)
  return {
    all,
    heldFromMs,
    allowed({ cellsBeforeMs, eventsBeforeMs, kindsBeforeMs }) {
      // What lies behind a held range waits with it: stores drop from the beginning on.
      const endMs = heldFromMs()
      return {
        ...(eventsBeforeMs === undefined ? {} : { eventsBeforeMs: Math.min(eventsBeforeMs, endMs) }),
        ...(cellsBeforeMs === undefined ? {} : { cellsBeforeMs: Math.min(cellsBeforeMs, endMs) }),
        ...(kindsBeforeMs === undefined
          ? {}
          : { kindsBeforeMs: new Map([...kindsBeforeMs].map(([kind, ms]) => [kind, Math.min(ms, endMs)])) }),
      }
    },
    assertFree(fromMs = 0, toMs = Number.POSITIVE_INFINITY) {
      const held = all().find((hold) => (hold.fromMs ?? 0) < toMs && (hold.toMs ?? Number.POSITIVE_INFINITY) > fromMs)
      if (held !== undefined) throw refusal(held)
    },
    refusal,
  }
}

function rangeText(fromMs: number | undefined, toMs: number | undefined): string {
  const text = (ms: number): string => new Date(ms).toISOString()
  if (fromMs === undefined && toMs === undefined) return 'of all times'
  if (toMs === undefined) return `from ${text(fromMs ?? 0)} on`
  return fromMs === undefined ? `before ${text(toMs)}` : `from ${text(fromMs)} to ${text(toMs)}`
}
