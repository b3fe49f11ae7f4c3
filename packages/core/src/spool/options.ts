import { type Issue, inlineIssues, TallystickError } from '../errors.ts'
import { type Clock, type Random, systemClock, systemRandom } from '../event/index.ts'
import { type JournalFs, nodeFs } from '../journal/index.ts'
import type { PendingEvents } from '../recorder/index.ts'

export interface SpoolOptions {
  /** The spool's directory, made if it does not exist. One process at a time. */
  readonly dir?: string
  /**
   * In place of `dir`, for several processes: each gets a directory of its own below this one, and the events of processes
   * that have ended are sent by those that live.
   */
  readonly parent?: string
  /** As {@link Spool.attach} with it. */
  readonly store?: PendingEvents
  /** The name of this process's recorder, 1 to 128 bytes; that of the last life by default, or a random one. */
  readonly sourceId?: string
  /** What the directory may hold, from 1 MiB on; 64 MiB by default. Beyond it the oldest events are dropped and counted. */
  readonly maxBytes?: number
  /** How often events are taken out of the recorder, ms; 200 by default. What is recorded in between is lost with a killed process. 0 takes them at once. */
  readonly drainIntervalMs?: number
  /** So many waiting events are taken out without waiting for that; 1,000 by default. */
  readonly drainThreshold?: number
  /** With `parent`: how often to look for the events of ended processes, ms; 60,000 by default, 0 at the opening only. */
  readonly adoptIntervalMs?: number
  /** Told of trouble that is survived. */
  readonly onError?: (error: unknown) => void
  readonly fs?: JournalFs
  readonly clock?: Clock
  readonly random?: Random
}

/** Options with nothing left open. */
export type SpoolSettings = Required<Omit<SpoolOptions, 'dir' | 'parent' | 'store' | 'sourceId'>> & {
  readonly sourceId: string | undefined
}

const MIB = 1024 * 1024
const MAX_INTERVAL_MS = 86_400_000
const MAX_NAME_BYTES = 128

/**
 * Checks the options and fills in what they leave open.
 *
 * @throws TallystickError `invalid_config` with every issue found
 */
export function settingsOf(options: SpoolOptions): SpoolSettings {
  const { sourceId, maxBytes = 64 * MIB, drainIntervalMs = 200, drainThreshold = 1000 } = options
  const { adoptIntervalMs = 60_000, onError = () => undefined } = options
  const { fs = nodeFs, clock = systemClock, random = systemRandom } = options
  const issues: Issue[] = []
  const integer = (path: string, value: number, min: number, max: number): void => {
    if (Number.isSafeInteger(value) && value >= min && value <= max) return
    issues.push({ path, message: `must be an integer from ${min} to ${max}, not ${String(value)}` })
  }
  integer('maxBytes', maxBytes, MIB, Number.MAX_SAFE_INTEGER)
  integer('drainIntervalMs', drainIntervalMs, 0, MAX_INTERVAL_MS)
  integer('drainThreshold', drainThreshold, 1, Number.MAX_SAFE_INTEGER)
  integer('adoptIntervalMs', adoptIntervalMs, 0, MAX_INTERVAL_MS)
  if ((options.dir === undefined) === (options.parent === undefined))
    issues.push({ path: 'dir', message: 'give either `dir` or `parent`' })
  if (sourceId !== undefined && !isName(sourceId))
    issues.push({ path: 'sourceId', message: `must be text of 1 to ${MAX_NAME_BYTES} bytes` })
  if (issues.length > 0) throw new TallystickError('invalid_config', `openSpool: ${inlineIssues(issues)}`, { issues })
  return { sourceId, maxBytes, drainIntervalMs, drainThreshold, adoptIntervalMs, onError, fs, clock, random }
}

function isName(value: unknown): boolean {
  if (typeof value !== 'string' || value === '') return false
  return Buffer.byteLength(value) <= MAX_NAME_BYTES && !/\p{Surrogate}|\0/u.test(value)
}
