/** Slows whoever tries one key after another. */
export interface Attempts {
  /** How long this one is to wait before the next attempt, ms; 0 when it may try. */
  waitMs(who: string, nowMs: number): number
  failed(who: string, nowMs: number): void
  succeeded(who: string): void
}

interface Failures {
  count: number
  lastMs: number
}

/** Anybody mistypes. */
const FREE_FAILURES = 5
const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 60_000
const FORGOTTEN_AFTER_MS = 15 * 60_000
/** Beyond this whoever failed longest ago is forgotten: addresses come from strangers, memory does not. */
const MOST = 10_000

/**
 * Five failures are free, then each doubles the wait, from a second to a minute; a quarter of an hour without one, or a
 * success, and all is forgotten.
 *
 * @param most how many are remembered at one time
 */
export function createAttempts(most: number = MOST): Attempts {
  // In the order of the last failure, so the first is always the oldest.
  const records = new Map<string, Failures>()
  const recordOf = (who: string, nowMs: number): Failures | undefined => {
    const record = records.get(who)
    if (record !== undefined && nowMs - record.lastMs < FORGOTTEN_AFTER_MS) return record
    records.delete(who)
    return undefined
  }
  return {
    waitMs(who, nowMs) {
      const record = recordOf(who, nowMs)
      if (record === undefined || record.count <= FREE_FAILURES) return 0
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (record.count - FREE_FAILURES - 1))
      return Math.max(0, record.lastMs + wait - nowMs)
    },
    failed(who, nowMs) {
      const count = (recordOf(who, nowMs)?.count ?? 0) + 1
      records.delete(who)
      records.set(who, { count, lastMs: nowMs })
      if (records.size > most) records.delete(records.keys().next().value as string)
    },
    succeeded(who) {
      records.delete(who)
    },
  }
}
