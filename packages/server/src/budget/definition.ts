import { quoted } from '@tallystick/core'
import { normaliseAgentId } from '@tallystick/core/event'
import { groupByOf, isTimeZone } from '@tallystick/core/query'
import type { Budget, BudgetSubject, BudgetWindow } from '../state/budget.ts'
import { MAX_DIGITS, Members } from './members.ts'
import { MAX_ROLLING_MS, MIN_ROLLING_MS } from './window.ts'

/** What somebody says of a budget; the rest of a row is ours. */
export type BudgetDefinition = Pick<
  Budget,
  'name' | 'subject' | 'unit' | 'amount' | 'window' | 'mode' | 'thresholds'
> & {
  readonly id?: string
  readonly tenantId?: string
  /** The revision that the change was made from. */
  readonly revision?: number
}

export const DEFAULT_THRESHOLDS: readonly number[] = [50, 80, 90, 95, 100]
const MAX_THRESHOLDS = 20
const MAX_THRESHOLD = 1_000
const SUBJECTS = ['agent_id', 'api_key_id', 'user_id', 'provider', 'model'] as const
const WINDOWS = ['day', 'week', 'month', 'rolling', 'total'] as const
const MEMBERS = [
  ...['id', 'name', 'tenant_id', 'subject', 'unit', 'amount', 'amount_usd', 'window', 'mode', 'thresholds', 'revision'],
]

/**
 * Reads a budget as it is sent.
 *
 * | member | default | takes |
 * |---|---|---|
 * | `name` | | text |
 * | `amount` | | integer of the unit, as a number or as digits; or `amount_usd`, decimal dollars |
 * | `unit` | `nano_usd` | `nano_usd` or `tokens` |
 * | `subject` | everything | `{"dimension":"agent_id","value":"agent_1"}`: agent_id, api_key_id, user_id, provider, model or tags.KEY |
 * | `window` | `{"kind":"month"}` | kind day, week, month (with `time_zone`, UTC unless given), rolling (with `ms`) or total |
 * | `mode` | `hard` | `hard` or `soft` |
 * | `thresholds` | 50, 80, 90, 95, 100 | percent |
 *
 * @throws TallystickError with every problem in `issues`
 */
export function readDefinition(value: unknown): BudgetDefinition {
  const members = new Members(value, 'budget', MEMBERS)
  const id = members.text('id', 64)
  if (id !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(id))
    members.wrong('id', 'unknown_value', 'must be of letters, digits, ".", "_" and "-"')
  const name = members.text('name', 256)
  if (!members.has('name')) members.missing('name', 'give the budget a name')
  const tenantId = members.text('tenant_id')
  const subject = readSubject(members)
  const unit = members.choice('unit', ['nano_usd', 'tokens']) ?? 'nano_usd'
  const amount = readAmount(members, unit)
  const window = readWindow(members)
  const mode = members.choice('mode', ['hard', 'soft']) ?? 'hard'
  const thresholds = readThresholds(members)
  const revision = members.integer('revision', 1, Number.MAX_SAFE_INTEGER)
  members.throwIfWrong()
  return {
    ...(id === undefined ? {} : { id }),
    name: name as string,
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(subject === undefined ? {} : { subject }),
    unit,
    amount: String(amount),
    window: window as BudgetWindow,
    mode,
    thresholds,
    ...(revision === undefined ? {} : { revision }),
  }
}

function readSubject(members: Members): BudgetSubject | undefined {
  if (!members.has('subject')) return undefined
  const value = members.value('subject')
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return members.wrong('subject', 'invalid_type', 'must be an object {"dimension","value"}')
  const { dimension, value: of } = value as Readonly<Record<string, unknown>>
  const by = typeof dimension === 'string' ? groupByOf(dimension) : undefined
  const name = by?.name as BudgetSubject['dimension'] | undefined
  const allowed = by !== undefined && ('tag' in by || (SUBJECTS as readonly string[]).includes(by.name))
  if (!allowed || name === undefined)
    return members.wrong('subject.dimension', 'unknown_value', `must be ${SUBJECTS.join(', ')} or tags.KEY`)
  if (of === undefined || of === null) return members.missing('subject.value', `say which ${name}`)
  const text =
    name === 'agent_id' && typeof of === 'number' && Number.isSafeInteger(of) && of >= 0
      ? String(of)
      : members.textOf('subject.value', of, 1024)
  if (text === undefined) return undefined
  return { dimension: name, value: name === 'agent_id' ? normaliseAgentId(text) : text }
}

function readAmount(members: Members, unit: Budget['unit']): bigint | undefined {
  const amount = members.amount('amount')
  if (!members.has('amount_usd')) {
    if (!members.has('amount')) return members.missing('amount', 'an integer of the unit, or `amount_usd`')
    return amount
  }
  if (members.has('amount'))
    return members.wrong('amount_usd', 'unknown_value', 'give `amount` or `amount_usd`, not both')
  if (unit === 'tokens')
    return members.wrong('amount_usd', 'unknown_value', 'a budget of tokens has no dollars; give `amount`')
  const usd = members.value('amount_usd')
  const nano = typeof usd === 'string' || typeof usd === 'number' ? nanoOfUsd(String(usd)) : undefined
  return (
    nano ??
    members.wrong(
      'amount_usd',
      typeof usd === 'number' && usd < 0 ? 'out_of_range' : 'invalid_type',
      'must be dollars such as "25.00", with at most nine decimals',
    )
  )
}

/**
 * Decimal dollars as nano-USD, exactly; undefined for anything else.
 *
 * @example nanoOfUsd('25.5') // 25_500_000_000n
 */
export function nanoOfUsd(text: string): bigint | undefined {
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? []
  return whole === undefined || whole.length > MAX_DIGITS - 9 ? undefined : BigInt(whole + fraction.padEnd(9, '0'))
}

function readWindow(members: Members): BudgetWindow | undefined {
  if (!members.has('window')) return { kind: 'month', timeZone: 'UTC' }
  const value = members.value('window')
  const said = typeof value === 'string' ? { kind: value } : value
  if (typeof said !== 'object' || said === null || Array.isArray(said))
    return members.wrong('window', 'invalid_type', 'must be an object such as {"kind":"month","time_zone":"UTC"}')
  const { kind: kindSaid, time_zone: zone, ms } = said as Readonly<Record<string, unknown>>
  const kind = WINDOWS.find((one) => one === kindSaid)
  if (kind === undefined) return members.wrong('window.kind', 'unknown_value', `must be ${WINDOWS.join(', ')}`)
  for (const name of Object.keys(said))
    if (!['kind', 'time_zone', 'ms'].includes(name))
      return members.wrong(
        `window.${quoted(name).slice(1, -1)}`,
        'unknown_value',
        'no such member; a window has kind, time_zone, ms',
      )
  if (kind !== 'rolling' && ms !== undefined && ms !== null)
    return members.wrong('window.ms', 'unknown_value', 'only a rolling window has one')
  if (kind === 'total') return { kind }
  if (kind === 'rolling') {
    if (ms === undefined || ms === null) return members.missing('window.ms', 'how long the window is, in ms')
    const length = members.integerOf('window.ms', ms, MIN_ROLLING_MS, MAX_ROLLING_MS)
    return length === undefined ? undefined : { kind, ms: length }
  }
  const timeZone = zone ?? 'UTC'
  if (typeof timeZone !== 'string' || timeZone.length > 64 || !isTimeZone(timeZone))
    return members.wrong(
      'window.time_zone',
      'unknown_value',
      'must be an IANA time zone such as "UTC" or "Europe/Berlin"',
    )
  return { kind, timeZone }
}

function readThresholds(members: Members): readonly number[] {
  if (!members.has('thresholds')) return DEFAULT_THRESHOLDS
  const value = members.value('thresholds')
  if (!Array.isArray(value)) {
    members.wrong('thresholds', 'invalid_type', 'must be a list of percentages')
    return DEFAULT_THRESHOLDS
  }
  if (value.length > MAX_THRESHOLDS)
    members.wrong('thresholds', 'too_many_entries', `must have at most ${MAX_THRESHOLDS} entries`)
  const read = value
    .slice(0, MAX_THRESHOLDS)
    .map((one: unknown, index) => members.integerOf(`thresholds[${index}]`, one ?? Number.NaN, 1, MAX_THRESHOLD))
  return [...new Set(read.filter((one) => one !== undefined))].sort((a, b) => a - b)
}
