import { type Issue, inlineIssues, TallystickError } from '../errors.ts'
import { type Clock, currentTimeMs, type Random, systemClock, systemRandom } from '../event/index.ts'
import { randomHex } from './minted-ids.ts'
import { Draft } from './read-event.ts'
import type { EventDefaults } from './recordable.ts'

/** How a recorder is set up; every member may be left out. */
export interface EventStoreOptions {
  /** Events held at once, 1 to 16,777,216; 10,000 by default. */
  readonly capacity?: number
  /** Memory of all events held, in bytes as `Draft` estimates them; 4,096 for each slot by default. */
  readonly maxBytes?: number
  /** Who gives way when the buffer is full: the new event (default), or the oldest that is not on its way to a server. */
  readonly overflow?: 'drop-newest' | 'drop-oldest'
  /** How many ids that callers brought are remembered at least, so that a repeated event counts once; `capacity` by default, 0 for none. */
  readonly deduplicate?: number
  /** `false` makes every recording method a no-op. */
  readonly enabled?: boolean
  /** Which recorder this is, 1 to 128 bytes; random by default. */
  readonly sourceId?: string
  /** Which of its lives, an integer; the instant of its making by default. Must differ from earlier lives of the same `sourceId`. */
  readonly epoch?: number
  /** Members for events that do not say. */
  readonly defaults?: EventDefaults
  readonly clock?: Clock
  readonly random?: Random
}

/** Options with nothing left open. */
export interface EventStoreSettings extends Required<Omit<EventStoreOptions, 'defaults'>> {
  readonly defaults: EventDefaults
}

const MAX_CAPACITY = 16_777_216
const BYTES_PER_SLOT = 4_096
const DEFAULT_CAPACITY = 10_000

/**
 * Checks the options and fills in what they leave open.
 *
 * @throws TallystickError `invalid_config` with every issue found
 */
export function settingsOf(options: EventStoreOptions): EventStoreSettings {
  const { capacity = DEFAULT_CAPACITY, overflow = 'drop-newest', enabled = true, defaults = {} } = options
  const { maxBytes = capacity * BYTES_PER_SLOT, deduplicate = capacity } = options
  const { clock = systemClock, random = systemRandom } = options
  const issues: Issue[] = []
  const integer = (path: string, value: number, min: number, max: number): void => {
    if (Number.isSafeInteger(value) && value >= min && value <= max) return
    issues.push({ path, message: `must be an integer from ${min} to ${max}, not ${String(value)}` })
  }
  integer('capacity', capacity, 1, MAX_CAPACITY)
  if (options.maxBytes !== undefined) integer('maxBytes', maxBytes, 1, Number.MAX_SAFE_INTEGER)
  if (options.deduplicate !== undefined) integer('deduplicate', deduplicate, 0, MAX_CAPACITY)
  if (overflow !== 'drop-newest' && overflow !== 'drop-oldest') {
    issues.push({ path: 'overflow', message: `must be drop-newest or drop-oldest, not ${String(overflow)}` })
  }
  if (typeof enabled !== 'boolean') issues.push({ path: 'enabled', message: 'must be true or false' })
  if (options.epoch !== undefined) integer('epoch', options.epoch, 0, Number.MAX_SAFE_INTEGER)
  if (options.sourceId !== undefined && !isName(options.sourceId)) {
    issues.push({ path: 'sourceId', message: 'must be text of 1 to 128 bytes' })
  }
  if (!areDefaults(defaults)) issues.push({ path: 'defaults', message: 'must be members of an event, of their types' })
  if (issues.length > 0) throw new TallystickError('invalid_config', `EventStore: ${inlineIssues(issues)}`, { issues })
  return {
    capacity,
    maxBytes,
    overflow,
    deduplicate,
    enabled,
    defaults: { ...defaults },
    clock,
    random,
    sourceId: options.sourceId ?? randomHex(random, 8),
    epoch: options.epoch ?? currentTimeMs(clock),
  }
}

function isName(value: unknown): boolean {
  return value !== '' && isEvent({ kind: 'tool_invocation', toolName: 'a', eventId: value })
}

function areDefaults(defaults: unknown): boolean {
  if (typeof defaults !== 'object' || defaults === null) return false
  return isEvent({ requestModel: 'a', ...defaults, kind: 'llm_request_completed' })
}

function isEvent(value: unknown): boolean {
  try {
    new Draft().read(value, {}, undefined)
    return true
  } catch {
    return false
  }
}
