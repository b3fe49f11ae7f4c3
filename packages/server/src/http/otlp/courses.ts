import { type Course, counted, type SignalKind } from '../../format/otlp/precedence.ts'
import type { Change, ControlState } from '../../state/state.ts'
import { oldest } from './oldest.ts'

/** Sources that are remembered; those that have been silent longest make room. */
const MAX_SOURCES = 20_000
/** How far what is kept may be behind, ms. */
const KEPT_EVERY_MS = 60 * 60 * 1000

/**
 * Which signal of which source is counted. Decisions show at once; {@link Courses.changes} has what must be durable before
 * the events that they let through are acknowledged.
 */
export class Courses {
  readonly #state: ControlState
  readonly #limit: number
  /** As far as they have been decided; the state has them as far as they are kept. */
  readonly #current = new Map<string, Course>()

  constructor(state: ControlState, limit: number = MAX_SOURCES) {
    this.#state = state
    this.#limit = limit
  }

  /** Does what a signal tells of a source, known at that moment, count? */
  admits(source: string, kind: SignalKind, knownMs: number): boolean {
    const course = this.of(source)
    const next = counted(course, kind, knownMs)
    if (next === undefined) return false
    if (next !== course) this.#remember(source, next)
    return true
  }

  /** The course of a source so far. */
  of(source: string): Course | undefined {
    return this.#current.get(source) ?? this.#state.rows('telemetryCourses').get(source)
  }

  /** What has to be kept of these sources. */
  changes(sources: Iterable<string>): readonly Change[] {
    const rows = this.#state.rows('telemetryCourses')
    const changes: Change[] = []
    for (const id of sources) {
      const row = this.#current.get(id)
      if (row !== undefined && isNews(rows.get(id), row)) changes.push({ table: 'telemetryCourses', id, row })
    }
    if (changes.length > 0)
      for (const id of oldest(rows, this.#limit, ({ untilMs }) => untilMs))
        changes.push({ table: 'telemetryCourses', id, row: undefined })
    return changes
  }

  #remember(source: string, course: Course): void {
    // The last touched is last, so that the first has been silent longest.
    this.#current.delete(source)
    this.#current.set(source, course)
    if (this.#current.size <= this.#limit) return
    for (const id of this.#current.keys()) {
      this.#current.delete(id)
      return
    }
  }
}

function isNews(kept: Course | undefined, { signals, untilMs }: Course): boolean {
  const last = signals.at(-1)
  const was = kept?.signals.at(-1)
  if (kept === undefined || last?.kind !== was?.kind || last?.afterMs !== was?.afterMs) return true
  // Of metrics the end counts to the millisecond: what a better signal tells of that time has been counted.
  return untilMs > kept.untilMs + (last?.kind === 'metric' ? 0 : KEPT_EVERY_MS)
}
