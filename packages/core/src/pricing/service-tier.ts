/**
 * Service tiers: cheaper and slower, or dearer and sooner, than standard. The price catalogue does not hold them, so
 * this table does. Sources: the providers' pages named in the rows, and comments of the catalogue itself (2026-11).
 */
interface TierMultiplier {
  readonly provider: string
  /** Absent: every model of the provider. */
  readonly models?: readonly string[]
  readonly tier: string
  readonly permille: number
}

/** Later rows win over earlier ones. */
const TIER_MULTIPLIERS: readonly TierMultiplier[] = [
  // Providers that publish half price for work that may wait; elsewhere no such price is known.
  ...['openai', 'azure', 'anthropic', 'google', 'aws', 'mistral', 'groq'].map((provider) => ({
    provider,
    tier: 'batch',
    permille: 500,
  })),
  ...['openai', 'google'].map((provider) => ({ provider, tier: 'flex', permille: 500 })),
  { provider: 'voyageai', tier: 'batch', permille: 670 },
  // openai.com/api-fast-mode
  { provider: 'openai', models: ['gpt-5.6-sol', 'gpt-5.6-terra', 'gpt-5.6-luna'], tier: 'priority', permille: 2_000 },
  { provider: 'openai', models: ['gpt-5.5'], tier: 'priority', permille: 2_500 },
  { provider: 'openai', models: ['gpt-5.4'], tier: 'priority', permille: 2_000 },
  // ai.google.dev/gemini-api/docs/pricing
  { provider: 'google', models: ['gemini-3.7-flash', 'gemini-3.8-flash'], tier: 'priority', permille: 1_800 },
]

const STANDARD = new Set(['standard', 'default', 'auto', 'on_demand', 'on-demand', 'ondemand', 'none', ''])
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['batches', 'batch'],
  ['fast', 'priority'],
])

/** Tiers the catalogue's table knows for a model: tier -> parts per thousand. */
export function multipliersOf(provider: string, model: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const row of TIER_MULTIPLIERS) {
    if (row.provider !== provider) continue
    if (row.models !== undefined && !row.models.includes(model)) continue
    found.set(row.tier, row.permille)
  }
  return found
}

/**
 * The tier an event's `serviceTier` names, `undefined` for the standard one.
 *
 * @example serviceTierName('Batch') // 'batch'
 * @example serviceTierName('default') // undefined
 */
export function serviceTierName(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const name = text.toLowerCase()
  return STANDARD.has(name) ? undefined : (SPELLINGS.get(name) ?? name)
}
