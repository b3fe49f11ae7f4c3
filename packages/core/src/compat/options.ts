import { type Issue, inlineIssues, TallystickError } from '../errors.ts'
import { type Clock, type Random, systemClock, systemRandom, type UsageEvent } from '../event/index.ts'
import { type JournalFs, nodeFs } from '../journal/index.ts'
import { isTimeZone } from '../query/index.ts'
import { DEFAULT_PRICES, type PriceTable, withPrices } from './pricing.ts'
import type { Pricing } from './types.ts'

export interface UsageAnalyticsOptions {
  /** IANA zone of the hourly distribution; default UTC. */
  readonly timeZone?: string
  /** The old formulas of cost: every token split 30 to 70, a month is thirty times the session. Default false. */
  readonly legacy?: boolean
  /** Laid over the prices of the old class, backend by backend and side by side. */
  readonly pricing?: Pricing
  /** Whose tokens are compared with the cloud, default `local`, and with which backend's price, default `gemini`. */
  readonly localBackend?: string
  readonly referenceBackend?: string
  /** Continues the session of that id where it is known; by default each instance is a session of its own. */
  readonly sessionId?: string
  /** Events older than this are not shown, and leave the disk with their segment; by default all are kept. */
  readonly retentionDays?: number
  /** Most backends, tools, routes and error patterns kept apart; further ones are counted as `other`. Default 1,000. */
  readonly maxNames?: number
  /** Most events that wait in memory while the disk cannot be written; further ones are dropped and counted. Default 10,000. */
  readonly maxPending?: number
  /** Is given each event too, e.g. an `EventStore` whose sync client sends it to a server. */
  readonly recorder?: { record(event: UsageEvent): unknown }
  /** Told of trouble that no caller waits for: a write that failed, a listener that threw. */
  readonly onError?: (error: unknown) => void
  readonly clock?: Clock
  readonly random?: Random
  readonly fs?: JournalFs
}

/** The options with every default filled. */
export interface Settings {
  readonly timeZone: string
  readonly legacy: boolean
  readonly prices: PriceTable
  readonly localBackend: string
  readonly referenceBackend: string
  readonly sessionId: string | undefined
  readonly retentionMs: number
  readonly maxNames: number
  readonly maxPending: number
  readonly recorder: UsageAnalyticsOptions['recorder']
  readonly onError: (error: unknown) => void
  readonly clock: Clock
  readonly random: Random
  readonly fs: JournalFs
}

const DAY_MS = 86_400_000

/** @throws TallystickError `invalid_config` with every problem, `invalid_prices` */
export function settingsOf(dataDir: unknown, options: UsageAnalyticsOptions): Settings {
  const { timeZone = 'UTC', sessionId, retentionDays, maxNames = 1_000, maxPending = 10_000 } = options
  const issues: Issue[] = []
  const check = (fine: boolean, path: string, message: string): void => {
    if (!fine) issues.push({ path, message })
  }
  check(typeof dataDir === 'string' && dataDir !== '', 'dataDir', 'must be the path of a directory')
  check(
    typeof timeZone === 'string' && timeZone.length <= 64 && isTimeZone(timeZone),
    'timeZone',
    'is no IANA time zone',
  )
  check(sessionId === undefined || isSessionId(sessionId), 'sessionId', 'must be a text of 1 to 256 bytes')
  check(retentionDays === undefined || retentionDays > 0, 'retentionDays', 'must be more than 0')
  check(Number.isSafeInteger(maxNames) && maxNames >= 1, 'maxNames', 'must be an integer from 1 on')
  check(Number.isSafeInteger(maxPending) && maxPending >= 1, 'maxPending', 'must be an integer from 1 on')
  if (issues.length > 0)
    throw new TallystickError('invalid_config', `UsageAnalytics: ${inlineIssues(issues)}`, { issues })
  return {
    timeZone,
    legacy: options.legacy === true,
    prices: withPrices(DEFAULT_PRICES, options.pricing),
    localBackend: options.localBackend ?? 'local',
    referenceBackend: options.referenceBackend ?? 'gemini',
    sessionId,
    retentionMs: retentionDays === undefined ? Number.POSITIVE_INFINITY : retentionDays * DAY_MS,
    maxNames,
    maxPending,
    recorder: options.recorder,
    onError: quietly(options.onError),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    fs: options.fs ?? nodeFs,
  }
}

/** What is told of trouble must not make more of it. */
function quietly(onError: UsageAnalyticsOptions['onError']): (error: unknown) => void {
  return (error) => {
    try {
      onError?.(error)
    } catch {
      // Nobody is left to tell.
    }
  }
}

export function isSessionId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && Buffer.byteLength(id) <= 256 && id.isWellFormed() && !id.includes('\0')
}
