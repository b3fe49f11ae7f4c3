/** Signals that tell of the same usage, the one that says most last. */
export type SignalKind = 'metric' | 'span' | 'log'

const RANK: { readonly [K in SignalKind]: number } = { metric: 0, span: 1, log: 2 }

/**
 * Which signal of one source is counted when. Plain JSON.
 *
 * A source (a session of a program, an instance of a service) tells of its usage by one signal, or by several at once. The
 * best of those that have come is counted: log event before span before metric. A better one that comes later takes over
 * where the other had got to: what was known by then has been counted, and nothing of it is counted again. A worse one takes
 * over when the better has been silent for a day.
 */
export interface Course {
  /** Each signal that has been counted, and what it is counted from: of things known later than that. */
  readonly signals: readonly { readonly kind: SignalKind; readonly afterMs: number }[]
  /** How far the last of them has been counted. */
  readonly untilMs: number
}

/** Before everything: the first signal of a source counts from the beginning. */
const BEGINNING_MS = -1
/** A signal that has been silent for so long has been turned off, and a worse one may take over. */
const SILENT_MS = 24 * 60 * 60 * 1000
const MAX_SIGNALS = 8

/**
 * Does what a signal tells, known at that moment, count?
 *
 * @returns the course as it is then; undefined where it is told of by another signal
 * @example
 * const course = counted(undefined, 'metric', 1_000)
 * counted(course, 'log', 900) // undefined
 * counted(course, 'log', 1_100)?.signals.at(-1) // { kind: 'log', afterMs: 1_000 }
 */
export function counted(course: Course | undefined, kind: SignalKind, knownMs: number): Course | undefined {
  const last = course?.signals.at(-1)
  if (course === undefined || last === undefined)
    return { signals: [{ kind, afterMs: BEGINNING_MS }], untilMs: knownMs }
  const takesOver =
    RANK[kind] > RANK[last.kind]
      ? knownMs > course.untilMs
      : RANK[kind] < RANK[last.kind] && knownMs > course.untilMs + SILENT_MS
  if (takesOver) {
    const signals = [...course.signals, { kind, afterMs: course.untilMs }].slice(-MAX_SIGNALS)
    return { signals, untilMs: knownMs }
  }
  const owner = course.signals.findLast(({ afterMs }) => afterMs < knownMs) ?? course.signals[0]
  if (owner?.kind !== kind) return undefined
  return knownMs > course.untilMs && kind === last.kind ? { ...course, untilMs: knownMs } : course
}
