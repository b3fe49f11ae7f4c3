import { type Issue, inlineIssues, TallystickError } from '../errors.ts'
import { type Clock, type Random, systemClock, systemRandom } from '../event/index.ts'
import type { PendingEvents } from '../recorder/index.ts'
import type { DeadLetter, LineWriter } from './dead-letters.ts'
import type { Protocol } from './protocol.ts'
import type { Unauthorized } from './refusal.ts'
import { MAX_TIMER_MS, systemTimers, type Timers } from './timers.ts'
import type { Fetch } from './transport.ts'

/** How a sync client is set up, every default filled in. `docs/sync.md` has a row for each. */
export interface SyncSettings {
  /** Address of the server, without a slash at its end; empty: nothing is ever sent. */
  readonly url: string
  /** Sent as `Authorization: Bearer`, or as `ic_token` in the bodies of Protocol 012. */
  readonly token: string | undefined
  /** What waits is sent at least this often, ms. */
  readonly intervalMs: number
  /** So many waiting events are sent at once, without waiting for the interval. */
  readonly batchThreshold: number
  /** For one request as a whole: connecting, sending, waiting and reading, ms. */
  readonly timeoutMs: number
  /** Writing one event down takes some microseconds during which the application waits. */
  readonly maxBatchEvents: number
  /** Of JSON before compression. A single larger event is sent alone. */
  readonly maxBatchBytes: number
  /** Requests under way at one time. */
  readonly concurrency: number
  readonly gzip: boolean
  readonly protocol: Protocol | 'auto'
  /** Where `SyncClient.start(config)` takes events from. */
  readonly store: PendingEvents | undefined
  readonly fetch: Fetch
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  /** The server wants another token. One that is returned is used at once; otherwise `resume` has to be called. */
  readonly onUnauthorized: ((why: Unauthorized) => unknown) | undefined
  /** An event was refused for good. */
  readonly onRejected: ((letter: DeadLetter) => unknown) | undefined
  /** An attempt failed; what it carried is kept. For logs. */
  readonly onError: ((error: TallystickError) => unknown) | undefined
  /** Gets each event that was refused for good, as a line of JSON. */
  readonly deadLetters: LineWriter | undefined
}

/** What may be given instead of the names of {@link SyncSettings}; each also in snake_case, as those are. */
export interface SyncOptionAliases {
  readonly serverUrl?: string
  readonly server_url?: string
  readonly dashboardUrl?: string
  readonly dashboard_url?: string
  readonly icToken?: string
  readonly ic_token?: string
  readonly syncIntervalMs?: number
  readonly sync_interval_ms?: number
  readonly interval_ms?: number
  readonly batch_threshold?: number
  readonly timeout_ms?: number
}

/** Any of the {@link SyncSettings}, under any of their names; `url` is required. */
export type SyncOptions = { readonly [Name in keyof SyncSettings]?: SyncSettings[Name] } & SyncOptionAliases

interface OptionSpec {
  readonly fallback?: unknown
  /** What is wrong with a value, as the end of a sentence; undefined if nothing is. */
  readonly problem: (value: unknown) => string | undefined
}

const MIB = 1024 * 1024

const integer = (min: number, max: number, fallback: number): OptionSpec => ({
  fallback,
  problem: (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be an integer from ${min} to ${max}`,
})

const optional = (type: 'function' | 'boolean', fallback?: unknown): OptionSpec => ({
  fallback,
  problem: (value) => (typeof value === type ? undefined : `must be a ${type}`),
})

const having = (methods: readonly string[], fallback?: unknown): OptionSpec => ({
  fallback,
  problem: (value) =>
    methods.every((name) => typeof (value as Record<string, unknown> | null)?.[name] === 'function')
      ? undefined
      : `must have ${methods.map((name) => `${name}()`).join(', ')}`,
})

/** THE table of options. */
export const SYNC_OPTIONS: { readonly [Name in keyof SyncSettings]: OptionSpec } = {
  url: { problem: urlProblem },
  token: {
    problem: (value) =>
      typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? undefined : 'must be a text of visible ASCII',
  },
  intervalMs: integer(1, MAX_TIMER_MS, 30_000),
  batchThreshold: integer(1, 1_000_000, 10),
  timeoutMs: integer(1, MAX_TIMER_MS, 30_000),
  maxBatchEvents: integer(1, 10_000, 500),
  maxBatchBytes: integer(1_024, 10 * MIB, MIB),
  concurrency: integer(1, 4, 1),
  gzip: optional('boolean', true),
  protocol: {
    fallback: 'auto',
    problem: (value) =>
      value === 'auto' || value === 'native' || value === 'protocol012'
        ? undefined
        : 'must be "auto", "native" or "protocol012"',
  },
  store: having(['take', 'settle', 'release', 'onWaiting', 'ledgers']),
  fetch: optional('function', (url: string, request: RequestInit) => fetch(url, request)),
  clock: having(['now', 'monotonic'], systemClock),
  random: having(['fill'], systemRandom),
  timers: having(['after'], systemTimers),
  onUnauthorized: optional('function'),
  onRejected: optional('function'),
  onError: optional('function'),
  deadLetters: having(['write']),
}

const NAMES = Object.keys(SYNC_OPTIONS) as (keyof SyncSettings)[]
const ALIASES: ReadonlyMap<string, keyof SyncSettings> = new Map([
  ['serverUrl', 'url'],
  ['dashboardUrl', 'url'],
  ['icToken', 'token'],
  ['syncIntervalMs', 'intervalMs'],
])

function urlProblem(value: unknown): string | undefined {
  if (value === '') return undefined
  let url: URL
  try {
    url = new URL(value as string)
  } catch {
    return 'must be an address such as https://tallystick.example, or empty to send nothing'
  }
  if (typeof value !== 'string' || !/^https?:$/.test(url.protocol)) return 'must begin with http:// or https://'
  if (url.username !== '' || url.password !== '') return 'must not carry a user or password; use `token`'
  return url.search === '' && url.hash === '' ? undefined : 'must not have a query or a fragment'
}

/**
 * Options by their one name, whichever spelling they were given in; what is undefined is left out.
 *
 * @throws TallystickError `invalid_config` naming every problem; never the value of one, which may be a token
 */
export function canonicalOptions(given: SyncOptions): Partial<SyncSettings> {
  const issues: Issue[] = []
  const found = new Map<keyof SyncSettings, unknown>()
  for (const [spelling, value] of Object.entries(given)) {
    if (value === undefined) continue
    const camel = spelling.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    const name = ALIASES.get(camel) ?? NAMES.find((known) => known === camel)
    if (name === undefined) {
      issues.push({ path: spelling, message: `is not an option; the options are ${NAMES.join(', ')}` })
      continue
    }
    const problem = found.has(name)
      ? `is given twice, as another spelling of ${name}`
      : SYNC_OPTIONS[name].problem(value)
    if (problem !== undefined) issues.push({ path: spelling, message: problem })
    found.set(name, value)
  }
  refuse(issues)
  return Object.fromEntries(found)
}

/** Settings with their defaults. @throws TallystickError `invalid_config` */
export function syncSettings(given: SyncOptions): SyncSettings {
  const options = canonicalOptions(given)
  if (options.url === undefined)
    refuse([{ path: 'url', message: 'is missing; give the address of the server, or "" to send nothing' }])
  const settings = Object.fromEntries(NAMES.map((name) => [name, options[name] ?? SYNC_OPTIONS[name].fallback]))
  // The table has a row for each member, and each value has passed its row or is its default.
  return Object.freeze({ ...settings, url: options.url?.replace(/\/+$/, '') }) as unknown as SyncSettings
}

function refuse(issues: readonly Issue[]): void {
  if (issues.length === 0) return
  throw new TallystickError('invalid_config', `The sync client cannot be set up: ${inlineIssues(issues)}`, { issues })
}
