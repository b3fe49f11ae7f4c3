export type ProviderState = 'available' | 'degraded' | 'down' | 'unknown'

interface Counts {
  readonly requests: number
  readonly failures: number
  readonly overloads: number
}

export interface ChangeRow extends Counts {
  readonly at_ms: number
  readonly from: ProviderState
  readonly to: ProviderState
}

/** A provider as `GET /api/v1/providers/health` tells it. */
export interface ProviderRow extends Counts {
  readonly provider: string
  readonly state: ProviderState
  readonly since_ms: number
  readonly last_ms: number | null
  readonly duration_ms_p95: number | null
  readonly changes: readonly ChangeRow[]
}

export interface ProvidersAnswer {
  readonly now_ms: number
  readonly window_ms: number
  readonly whole: boolean
  readonly providers: readonly ProviderRow[]
}

const URGENCY: readonly ProviderState[] = ['down', 'degraded', 'available', 'unknown']

/** Those that somebody should look at come first. */
export function mostUrgentFirst(rows: readonly ProviderRow[]): readonly ProviderRow[] {
  return [...rows].sort(
    (a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state) || (a.provider < b.provider ? -1 : 1),
  )
}

/**
 * All of them in a sentence.
 *
 * @example summary([]) // 'No requests to providers of late.'
 */
export function summary(rows: readonly ProviderRow[]): string {
  const named = (state: ProviderState): readonly string[] =>
    rows.filter((row) => row.state === state).map(({ provider }) => provider)
  const [down, degraded, available] = [named('down'), named('degraded'), named('available')]
  const wrong = [...told(down, 'down'), ...told(degraded, 'degraded')]
  if (wrong.length > 0) return `${wrong.join('; ')}.`
  if (available.length === 0) return 'No requests to providers of late.'
  return available.length === 1
    ? `${available[0]} is available.`
    : `All ${available.length} that are asked are available.`
}

const MOST_NAMES = 3

function told(names: readonly string[], state: string): readonly string[] {
  if (names.length === 0) return []
  const shown = names.slice(0, MOST_NAMES)
  const rest = names.length - shown.length
  const list = rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(shown.length === 2 ? ' and ' : ', ')
  return [`${list} ${names.length === 1 ? 'is' : 'are'} ${state}`]
}

/** How long a state stood within the time that is drawn, as shares of it. */
export interface Spell {
  readonly state: ProviderState
  /** Where it begins, 0 to 1. */
  readonly from: number
  readonly width: number
  readonly fromMs: number
}

/** What a provider was like in the last `spanMs`, oldest first, without gaps. */
export function spells(
  { changes, state }: Pick<ProviderRow, 'changes' | 'state'>,
  nowMs: number,
  spanMs: number,
): readonly Spell[] {
  const startMs = nowMs - spanMs
  const found: Spell[] = []
  let fromMs = startMs
  let current = changes.find(({ at_ms }) => at_ms > startMs)?.from ?? state
  const until = (toMs: number): void => {
    const width = (toMs - fromMs) / spanMs
    if (width > 0) found.push({ state: current, from: (fromMs - startMs) / spanMs, width, fromMs })
    fromMs = Math.max(fromMs, toMs)
  }
  for (const { at_ms: atMs, to } of changes) {
    if (atMs <= startMs) continue
    until(Math.min(atMs, nowMs))
    current = to
  }
  until(nowMs)
  return found
}

/** What has changed from one answer to the next, for those who listen to the page. */
export function news(before: readonly ProviderRow[], now: readonly ProviderRow[]): string {
  const states = new Map(before.map(({ provider, state }) => [provider, state]))
  return now
    .filter(({ provider, state }) => states.has(provider) && states.get(provider) !== state)
    .map(({ provider, state }) => `${provider} is ${state}.`)
    .join(' ')
}
