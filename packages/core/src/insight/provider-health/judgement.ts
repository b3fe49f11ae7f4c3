import type { HealthSettings } from './settings.ts'

/** Whether a provider does what it is there for. `unknown`: nobody has asked it lately. */
export type ProviderState = 'available' | 'degraded' | 'down' | 'unknown'

/** How many requests told what of a provider. */
export interface Evidence {
  readonly answered: number
  readonly faults: number
  readonly overloads: number
}

/** Where a provider stands, and since when. */
export interface Standing {
  readonly state: ProviderState
  readonly sinceMs: number
  /** Whether it was for better or for worse; absent where nothing was known before and nothing is wrong. */
  readonly went?: 'up' | 'down'
}

const RANK = { available: 0, degraded: 1, down: 2 } as const

/** So many requests tell of the provider. */
export function toldBy({ answered, faults, overloads }: Evidence): number {
  return answered + faults + overloads
}

/**
 * What the evidence says by itself; undefined where it is too little. `ease`: what is asked of a state that stands already,
 * half of what brought it about, so that a share at the threshold does not go to and fro.
 */
export function judged(
  evidence: Evidence,
  settings: HealthSettings,
  ease: boolean,
): Exclude<ProviderState, 'unknown'> | undefined {
  const requests = toldBy(evidence)
  if (requests < settings.minRequests) return undefined
  const { faults, overloads } = evidence
  const at = (failures: number, percent: number): boolean =>
    failures >= settings.minFailures && failures * 100 * (ease ? 2 : 1) >= percent * requests
  if (at(faults, settings.downPercent)) return 'down'
  return at(faults + overloads, settings.degradedPercent) ? 'degraded' : 'available'
}

/**
 * The next standing of a provider, or the same one. It changes when the evidence says so, with two brakes: evidence must be
 * clearer to take a state back than it was to bring it about, and a change the other way waits until the last has stood for
 * `dwellMs`. So a share at a threshold changes a state at most once in that time, while what gets worse and worse is told at once.
 *
 * @param silent no request has told of it for `silenceMs`
 */
export function nextStanding(
  standing: Standing,
  evidence: Evidence,
  settings: HealthSettings,
  nowMs: number,
  silent: boolean,
): Standing {
  const { state, sinceMs, went } = standing
  if (silent) return state === 'unknown' ? standing : { state: 'unknown', sinceMs: nowMs }
  if (state === 'unknown') {
    // One answer shows that it answers; that it does not well takes more.
    const first = judged(evidence, settings, false) ?? (evidence.answered > 0 ? 'available' : undefined)
    if (first === undefined) return standing
    return { state: first, sinceMs: nowMs, ...(first === 'available' ? {} : { went: 'down' }) }
  }
  const worse = judged(evidence, settings, false)
  const better = judged(evidence, settings, true)
  if (worse === undefined || better === undefined) return standing
  const to = RANK[worse] > RANK[state] ? worse : RANK[better] < RANK[state] ? better : state
  if (to === state) return standing
  const way = RANK[to] > RANK[state] ? 'down' : 'up'
  if (went !== undefined && went !== way && nowMs - sinceMs < settings.dwellMs) return standing
  return { state: to, sinceMs: nowMs, went: way }
}
