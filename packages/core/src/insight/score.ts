/** What a ranking knows of a backend. */
export interface BackendOutcome {
  readonly requests: number
  readonly successes: number
  /** Mean time of an answer in ms; 0 where no time is known. */
  readonly averageMs: number
}

/**
 * The score of smart-ai-bridge, 0 to 100: half for the success rate in percent, 0.3 for 100 less a point for each 100 ms
 * of the mean time (nothing from 10 s on), 0.2 for the number of requests up to 100. The last part rewards volume, so a
 * busy backend may stand above a better one; {@link wilsonLowerBound} does not do that.
 *
 * @example volumeScore({ requests: 10, successes: 9, averageMs: 1000 }) // 74
 * @example volumeScore({ requests: 0, successes: 0, averageMs: 0 }) // 30
 */
export function volumeScore({ requests, successes, averageMs }: BackendOutcome): number {
  const success = requests > 0 ? (successes / requests) * 100 : 0
  const speed = Math.max(0, 100 - averageMs / 100)
  const volume = Math.min(100, requests)
  return success * 0.5 + speed * 0.3 + volume * 0.2
}

const Z_95 = 1.959963984540054

/**
 * The lower bound of the Wilson interval of a success ratio at 95 % confidence, 0 to 1: how good a backend is at least,
 * given how often it was tried. 9 of 10 rank below 90 of 100, and nothing tried ranks last.
 *
 * @source E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927)
 * @example wilsonLowerBound(9, 10) // 0.5958...
 * @example wilsonLowerBound(90, 100) // 0.8256...
 * @example wilsonLowerBound(0, 0) // 0
 */
export function wilsonLowerBound(successes: number, trials: number): number {
  if (!(trials > 0) || !(successes > 0)) return 0
  const ratio = Math.min(1, successes / trials)
  const z2 = Z_95 * Z_95
  const centre = ratio + z2 / (2 * trials)
  const spread = Z_95 * Math.sqrt((ratio * (1 - ratio) + z2 / (4 * trials)) / trials)
  return Math.max(0, (centre - spread) / (1 + z2 / trials))
}
