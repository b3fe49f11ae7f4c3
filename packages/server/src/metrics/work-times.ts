/** How long pieces of work took, counted by upper bounds. Times are kept in whole microseconds, so their sum is exact. */
export class WorkTimes {
  readonly #boundsMs: readonly number[]
  /** Of those up to each bound and beyond the one before; the last is of those beyond all. */
  readonly #counts: number[]
  #micros = 0

  /** @param boundsSeconds upper bounds, ascending */
  constructor(boundsSeconds: readonly number[]) {
    this.#boundsMs = boundsSeconds.map((seconds) => seconds * 1000)
    this.#counts = Array.from({ length: boundsSeconds.length + 1 }, () => 0)
  }

  /** @example times.took(clock.monotonic() - startedAt) */
  took = (ms: number): void => {
    let at = 0
    while (at < this.#boundsMs.length && ms > (this.#boundsMs[at] as number)) at++
    this.#counts[at] = (this.#counts[at] as number) + 1
    this.#micros += Math.round(ms * 1000)
  }

  /** By bound, each on its own; one more than there are bounds. */
  get counts(): readonly number[] {
    return this.#counts
  }

  get sumSeconds(): number {
    return this.#micros / 1e6
  }
}
