import { TallystickError } from '@tallystick/core'

/** What `tallystick budgets create` was told. */
export interface CreateOptions {
  readonly amount?: string
  readonly tokens?: string
  readonly id?: string
  readonly agent?: string
  readonly key?: string
  readonly user?: string
  readonly provider?: string
  readonly model?: string
  readonly tag?: string
  readonly tenant?: string
  readonly window: string
  readonly timeZone: string
  readonly soft?: boolean
  readonly thresholds?: string
}

const ROLLING_MS: ReadonlyMap<string, number> = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/**
 * The body of `POST /api/v1/budgets`.
 *
 * @throws TallystickError `usage`
 * @example definitionOf('All', { amount: '$25', window: '24h', timeZone: 'UTC' }).window // { kind: 'rolling', ms: 86400000 }
 */
export function definitionOf(name: string, options: CreateOptions): Readonly<Record<string, unknown>> {
  const { id, tenant, soft, thresholds } = options
  const subject = subjectOf(options)
  return {
    name,
    ...(id === undefined ? {} : { id }),
    ...(tenant === undefined ? {} : { tenant_id: tenant }),
    ...(subject === undefined ? {} : { subject }),
    ...amountOf(options),
    window: windowOf(options),
    mode: soft ? 'soft' : 'hard',
    ...(thresholds === undefined ? {} : { thresholds: thresholds.split(',').map(percentOf) }),
  }
}

function subjectOf({ agent, key, user, provider, model, tag }: CreateOptions): object | undefined {
  const [tagName, ...tagValue] = tag?.split('=') ?? []
  if (tag !== undefined && (tagName === '' || tagValue.join('=') === ''))
    throw new TallystickError('usage', `--tag ${tag} is not NAME=VALUE`)
  const given = [
    ['agent_id', agent],
    ['api_key_id', key],
    ['user_id', user],
    ['provider', provider],
    ['model', model],
    [`tags.${tagName}`, tag === undefined ? undefined : tagValue.join('=')],
  ].filter(([, value]) => value !== undefined)
  if (given.length > 1)
    throw new TallystickError(
      'usage',
      'A budget is about one thing: one of --agent, --key, --user, --provider, --model, --tag',
    )
  const [dimension, value] = given[0] ?? []
  return dimension === undefined ? undefined : { dimension, value }
}

function amountOf({ amount, tokens }: CreateOptions): object {
  if ((amount === undefined) === (tokens === undefined))
    throw new TallystickError('usage', 'Say how much: --amount such as $25, or --tokens such as 2000000')
  if (tokens !== undefined) {
    const digits = tokens.replaceAll(',', '')
    if (!/^\d+$/.test(digits)) throw new TallystickError('usage', `--tokens ${tokens} is not a whole number`)
    return { unit: 'tokens', amount: digits }
  }
  const dollars = (amount as string).replace(/^\$/, '').replaceAll(',', '')
  if (!/^\d+(\.\d{1,9})?$/.test(dollars))
    throw new TallystickError('usage', `--amount ${amount} is not dollars such as $25 or 25.00`)
  return { amount_usd: dollars }
}

function windowOf({ window, timeZone }: CreateOptions): object {
  const rolling = /^(\d{1,6})([mhd])$/.exec(window)
  if (rolling !== null)
    return { kind: 'rolling', ms: Number(rolling[1]) * (ROLLING_MS.get(rolling[2] as string) as number) }
  if (window === 'total') return { kind: window }
  if (['day', 'week', 'month'].includes(window)) return { kind: window, time_zone: timeZone }
  throw new TallystickError('usage', `--window ${window} is not day, week, month, total or a length such as 24h`)
}

function percentOf(text: string): number {
  if (/^\s*\d{1,4}\s*$/.test(text)) return Number(text)
  throw new TallystickError('usage', `--thresholds takes whole percentages with commas, not ${text}`)
}
