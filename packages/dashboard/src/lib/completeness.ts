import { ask } from './api.ts'
import { count } from './format.ts'

/** A recorder of events, as far as it is not complete. */
export interface GapView {
  readonly source_id: string
  readonly epoch: number
  readonly seen: number
  readonly missing: number
  readonly told: number
  readonly untold: number
  readonly outstanding: number
  readonly dropped?: { readonly [reason: string]: number }
}

/** What `GET /api/v1/invariants` tells, as far as it is shown. */
export interface LawView {
  readonly balanced: boolean
  readonly at_ms: number
  readonly server: {
    readonly received: number
    readonly accepted: number
    readonly duplicate: number
    readonly conflict: number
    readonly failed: number
    readonly in_flight: number
    readonly rejected: { readonly [code: string]: number }
  }
  readonly store: { readonly pending_apply: number | null; readonly quarantined: number }
  readonly link: { readonly lost: number }
  readonly gaps: {
    readonly sources: number
    readonly missing: number
    readonly told: number
    readonly untold: number
    readonly outstanding: number
    readonly forgotten: number
    readonly reasons: { readonly [reason: string]: number }
    readonly worst: readonly GapView[]
  }
}

export function readLaw(signal: AbortSignal): Promise<LawView> {
  return ask('/api/v1/invariants', { signal })
}

const events = (number: number): string => `${count(number)} ${number === 1 ? 'event' : 'events'}`
const eventsWere = (number: number): string => `${events(number)} ${number === 1 ? 'was' : 'were'}`

/**
 * Whether figures can be trusted to be whole, in a sentence.
 *
 * @example completeness(law).text // 'Complete: nothing is missing of what 2 sources have recorded.'
 */
export function completeness({ balanced, store, link, gaps }: LawView): {
  readonly whole: boolean
  readonly text: string
} {
  const wrong = [
    ...(balanced ? [] : ['the books of the server do not balance']),
    ...(link.lost > 0 ? [`${eventsWere(link.lost)} lost on disk`] : []),
    ...(store.quarantined > 0 ? [`${events(store.quarantined)} could not be read back`] : []),
    ...(gaps.untold > 0 ? [`${events(gaps.untold)} did not arrive, and no source says why`] : []),
    ...(gaps.told > 0 ? [`${eventsWere(gaps.told)} dropped before being sent`] : []),
  ]
  // What no source has told of is among what has not arrived.
  const onTheirWay = Math.max(0, gaps.outstanding - gaps.untold)
  const coming = [
    ...((store.pending_apply ?? 0) > 0 ? [`${events(store.pending_apply ?? 0)} still being counted`] : []),
    ...(onTheirWay > 0 ? [`${events(onTheirWay)} on their way`] : []),
  ]
  const tail = coming.length > 0 ? `; ${coming.join(', ')}` : ''
  if (wrong.length > 0) return { whole: false, text: `Not complete: ${wrong.join('; ')}${tail}.` }
  if (gaps.sources === 0)
    return {
      whole: true,
      text: `Every accepted event is counted. No source numbers its events, so what never arrived cannot be seen${tail}.`,
    }
  const sources = gaps.sources === 1 ? '1 source has' : `${count(gaps.sources)} sources have`
  return { whole: true, text: `Complete: nothing is missing of what ${sources} recorded${tail}.` }
}
