import { type Issue, inlineIssues, TallystickError } from '../errors.ts'
import type { TokenPrices } from '../insight/index.ts'
import { usdPerMillion } from '../pricing/index.ts'

/** Integer nano-USD per million tokens, by backend. */
export type PriceTable = ReadonlyMap<string, TokenPrices>

/** Those of the old class. */
export const DEFAULT_PRICES: PriceTable = new Map([
  ['local', { input: 0, output: 0 }],
  ['gemini', { input: 75_000_000, output: 300_000_000 }],
  ['nvidia_deepseek', { input: 270_000_000, output: 1_080_000_000 }],
  ['nvidia_qwen', { input: 450_000_000, output: 1_800_000_000 }],
])

const SIDES = ['input', 'cache_read', 'output'] as const
type Side = (typeof SIDES)[number]

/**
 * The table with some backends changed; a side that is left out keeps its price.
 *
 * @param pricing USD per million, e.g. `{ gemini: { input: 0.1 } }`
 * @throws TallystickError `invalid_prices` for an amount that is none, and for a new backend without input or output
 */
export function withPrices(base: PriceTable, pricing: unknown): PriceTable {
  if (pricing === undefined || pricing === null) return base
  const issues: Issue[] = []
  const table = new Map(base)
  for (const [backend, given] of Object.entries(pricing as object)) {
    if (typeof given !== 'object' || given === null) {
      issues.push({ path: backend, message: 'must be an object such as { input: 0.075, output: 0.3 }' })
      continue
    }
    const prices = mergedPrices(backend, table.get(backend), given as Readonly<Record<string, unknown>>, issues)
    if (prices !== undefined) table.set(backend, prices)
  }
  if (issues.length > 0)
    throw new TallystickError('invalid_prices', `Prices are not valid: ${inlineIssues(issues)}`, { issues })
  return table
}

function mergedPrices(
  backend: string,
  before: TokenPrices | undefined,
  given: Readonly<Record<string, unknown>>,
  issues: Issue[],
): TokenPrices | undefined {
  const side = (name: Side, fallback: number | undefined): number | undefined => {
    const usd = given[name]
    if (usd === undefined) return fallback
    const price = typeof usd === 'number' || typeof usd === 'string' ? usdPerMillion(usd) : undefined
    if (price === undefined)
      issues.push({ path: `${backend}.${name}`, message: 'must be USD per million, not negative' })
    return price
  }
  const known = issues.length
  const input = side('input', before?.input)
  const cacheRead = side('cache_read', before?.cacheRead)
  const output = side('output', before?.output)
  if (issues.length > known) return undefined
  if (input === undefined || output === undefined) {
    const missing = input === undefined ? 'input' : 'output'
    issues.push({ path: `${backend}.${missing}`, message: 'is missing, and there is no default for this backend' })
    return undefined
  }
  return { input, output, ...(cacheRead === undefined ? {} : { cacheRead }) }
}
