import { TallystickError } from '@tallystick/core'
import { divideHalfEven, exactToJson, normalizeExact } from '@tallystick/core/event'

/** Kinds of tokens that are billed apart, as the server's reconciliation names them; `other` is what is no tokens. */
export const TOKENS = ['fresh_input', 'cache_read', 'cache_write', 'output'] as const
export type TokenKind = (typeof TOKENS)[number]
export type CostKind = TokenKind | 'other'

/** What a bill is of: the provider's count of usage, or what it charges. */
export type BillPart = 'usage' | 'cost'

/** A day of a bill as `POST /api/v1/reconciliation` takes it. */
export interface BillDay {
  readonly day: string
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

/** An amount of a bill. */
export interface BilledAmount {
  /** Undefined: the provider attributes it to none. */
  readonly model: string | undefined
  /** Undefined: the provider does not tell. */
  readonly kind: CostKind | undefined
  readonly nanoUsd: bigint
}

export interface BilledUse {
  readonly model: string | undefined
  /** Undefined: the provider does not tell. */
  readonly requests: number | undefined
  readonly tokens: Readonly<Record<TokenKind, number>>
}

interface Cost {
  nanoUsd: bigint
  kinds: Map<CostKind, bigint>
  /** Does the sum of kinds make all of it? */
  split: boolean
  lines: number
}

/** Adds the pages of a provider's reports up by day of UTC and model. */
export class Bill {
  readonly #costs = new Map<string, Map<string | undefined, Cost>>()
  readonly #uses = new Map<string, Map<string | undefined, Record<TokenKind | 'requests', number>>>()

  /** The report tells of this day, maybe that there was nothing. */
  cover(part: BillPart, dayMs: number): void {
    const day = dayOf(dayMs)
    if (part === 'usage' && !this.#uses.has(day)) this.#uses.set(day, new Map())
    if (part === 'cost' && !this.#costs.has(day)) this.#costs.set(day, new Map())
  }

  charge(dayMs: number, { model, kind, nanoUsd }: BilledAmount): void {
    this.cover('cost', dayMs)
    const models = this.#costs.get(dayOf(dayMs)) as Map<string | undefined, Cost>
    const cost = models.get(model) ?? { nanoUsd: 0n, kinds: new Map(), split: true, lines: 0 }
    models.set(model, cost)
    cost.nanoUsd += nanoUsd
    cost.lines++
    if (kind === undefined) cost.split = false
    else cost.kinds.set(kind, (cost.kinds.get(kind) ?? 0n) + nanoUsd)
  }

  use(dayMs: number, { model, requests, tokens }: BilledUse): void {
    this.cover('usage', dayMs)
    const models = this.#uses.get(dayOf(dayMs)) as Map<string | undefined, Record<TokenKind | 'requests', number>>
    const sums = models.get(model) ?? { requests: -1, fresh_input: 0, cache_read: 0, cache_write: 0, output: 0 }
    models.set(model, sums)
    // Below 0 until somebody tells how many there were.
    if (requests !== undefined) sums.requests = Math.max(0, sums.requests) + requests
    for (const kind of TOKENS) sums[kind] += tokens[kind]
  }

  /** Empty where no report of this part was added. */
  days(part: BillPart): readonly BillDay[] {
    return part === 'cost'
      ? inOrder(this.#costs, (model, cost) => costRow(model, cost))
      : inOrder(this.#uses, (model, { requests, ...tokens }) => ({
          ...(model === undefined ? {} : { model }),
          ...(requests < 0 ? {} : { requests }),
          ...Object.fromEntries(TOKENS.map((kind) => [`${kind}_tokens`, tokens[kind]])),
        }))
  }
}

function inOrder<T>(
  days: ReadonlyMap<string, ReadonlyMap<string | undefined, T>>,
  row: (model: string | undefined, value: T) => Readonly<Record<string, unknown>>,
): readonly BillDay[] {
  return [...days]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, models]) => ({ day, rows: [...models].map(([model, value]) => row(model, value)) }))
}

function costRow(model: string | undefined, { nanoUsd, kinds, split, lines }: Cost): Readonly<Record<string, unknown>> {
  const amount = (value: bigint): number | string => exactToJson(normalizeExact(value))
  const parts = ([...TOKENS, 'other'] as const).map((kind) => [`cost_${kind}_nano_usd`, amount(kinds.get(kind) ?? 0n)])
  return {
    ...(model === undefined ? {} : { model }),
    cost_nano_usd: amount(nanoUsd),
    ...(split ? Object.fromEntries(parts) : {}),
    lines,
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/**
 * The nano-USD of a decimal amount, half to even, with its sign; of any size.
 *
 * @param shift decimal places from its unit to a nano-USD: 9 for USD, 7 for cents
 * @throws TallystickError `bad_answer`
 * @example nanoUsdOf('123.78912', 7) // 1_237_891_200n
 */
export function nanoUsdOf(amount: unknown, shift: number): bigint {
  const text = typeof amount === 'number' ? String(amount) : typeof amount === 'string' ? amount.trim() : ''
  const match = /^(-?)(\d{1,30})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text)
  if (match === null) throw new TallystickError('bad_answer', `${JSON.stringify(amount)} is not an amount.`)
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const digits = BigInt(whole + fraction)
  const places = Number(exponent) - fraction.length + shift
  const nano = places >= 0 ? digits * 10n ** BigInt(places) : divideHalfEven(digits, 10n ** BigInt(-places))
  return sign === '-' ? -nano : nano
}
