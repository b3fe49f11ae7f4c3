import { addToSketch, emptySketch, mergeSketch, quantile, type Sketch } from '../../query/index.ts'
import type { Evidence } from './judgement.ts'
import type { ProviderVerdict } from './verdict.ts'

/** A window is kept in so many steps, and one more that has just begun. */
export const STEPS = 30

interface Step {
  /** Which step since 1970. */
  at: number
  answered: number
  faults: number
  overloads: number
  /** Of what was answered. */
  durations: Sketch
  minMs: number
  maxMs: number
}

/** What the requests of the last while told, in steps, so that old ones can be let go. Memory does not grow with traffic. */
export class Outcomes {
  readonly stepMs: number
  /** By step modulo their number; those that nothing was counted in are not there. */
  readonly #steps: (Step | undefined)[] = Array.from({ length: STEPS + 1 }, () => undefined)

  /** @param windowMs how far back anything is kept; the steps may reach a little further */
  constructor(windowMs: number) {
    this.stepMs = Math.ceil(windowMs / STEPS)
  }

  /** Counts a request that ended at `endedMs`, within the window. */
  add(verdict: ProviderVerdict, endedMs: number, durationMs?: number): void {
    const at = Math.floor(endedMs / this.stepMs)
    const slot = at % this.#steps.length
    let step = this.#steps[slot]
    if (step?.at !== at) {
      step = emptyStep(at)
      this.#steps[slot] = step
    }
    if (verdict === 'fault') step.faults++
    else if (verdict === 'overload') step.overloads++
    else {
      step.answered++
      if (durationMs !== undefined) {
        addToSketch(step.durations, durationMs)
        step.minMs = Math.min(step.minMs, durationMs)
        step.maxMs = Math.max(step.maxMs, durationMs)
      }
    }
  }

  /** The steps from the one that `fromMs` lies in. */
  since(fromMs: number, nowMs: number): Evidence {
    const sum = { answered: 0, faults: 0, overloads: 0 }
    for (const { answered, faults, overloads } of this.#within(fromMs, nowMs)) {
      sum.answered += answered
      sum.faults += faults
      sum.overloads += overloads
    }
    return sum
  }

  /** p95 of the durations of what was answered, within 1/128; undefined where none is known. */
  p95(fromMs: number, nowMs: number): number | undefined {
    const all = emptySketch()
    let minMs = Number.POSITIVE_INFINITY
    let maxMs = 0
    for (const step of this.#within(fromMs, nowMs)) {
      mergeSketch(all, step.durations)
      minMs = Math.min(minMs, step.minMs)
      maxMs = Math.max(maxMs, step.maxMs)
    }
    let count = 0
    for (let at = 0; at < all.size; at++) count += all.counts[at] as number
    return count === 0 ? undefined : quantile(all, count, 0.95, minMs, maxMs)
  }

  #within(fromMs: number, nowMs: number): readonly Step[] {
    const to = Math.floor(nowMs / this.stepMs)
    const from = Math.max(to - STEPS, Math.floor(fromMs / this.stepMs))
    // Steps ahead of now are of a clock that has been set back since.
    return this.#steps.filter((step): step is Step => step !== undefined && step.at >= from && step.at <= to)
  }
}

function emptyStep(at: number): Step {
  return {
    at,
    answered: 0,
    faults: 0,
    overloads: 0,
    durations: emptySketch(),
    minMs: Number.POSITIVE_INFINITY,
    maxMs: 0,
  }
}
