import { scaleDecimal, usdPerToken } from '../decimal.ts'
import type { ContextTier, RateCard, TokenPriceName, UnitRate } from '../price.ts'
import { providerId } from '../providers.ts'
import type { DraftModel, DraftTable, MutablePrices } from './draft.ts'
import { isObject, type JsonObject, member, type Problems } from './problems.ts'

/**
 * LiteLLM's `model_prices_and_context_window.json`: `{ "<model>": { "input_cost_per_token": 2.5e-6, ... } }`, USD per
 * token, with variants by suffix of the key: `_above_200k_tokens`, `_batches`, `_flex`, `_priority`.
 *
 * As its readers do: `sample_spec` is skipped, a missing input or output price is 0, and a model with no price above 0 is
 * left out (it would price what nobody priced at nothing). Other members are none of our business.
 */
export function readLitellm(value: JsonObject, problems: Problems): DraftTable {
  const models: DraftModel[] = []
  for (const [model, item] of Object.entries(value)) {
    if (model === 'sample_spec' || model === '') continue
    const path = member('', model)
    const entry = problems.object(path, item)
    if (entry === undefined) continue
    const draft = readModel(path, model, entry, problems)
    if (draft) models.push(draft)
  }
  return { models }
}

/** Key stem -> token price. Longer lifetimes and modalities have stems of their own. */
const STEMS: ReadonlyMap<string, TokenPriceName> = new Map([
  ['input_cost_per_token', 'input'],
  ['output_cost_per_token', 'output'],
  ['cache_read_input_token_cost', 'cacheRead'],
  ['cache_creation_input_token_cost', 'cacheWrite'],
  ['cache_creation_input_token_cost_above_1hr', 'cacheWrite1h'],
  ['output_cost_per_reasoning_token', 'reasoning'],
  ['input_cost_per_audio_token', 'inputAudio'],
  ['output_cost_per_audio_token', 'outputAudio'],
  ['input_cost_per_image_token', 'inputImage'],
  ['output_cost_per_image_token', 'outputImage'],
  ['cache_read_input_audio_token_cost', 'cacheAudioRead'],
  ['cache_read_input_image_token_cost', 'cacheImageRead'],
])
const UNITS: ReadonlyMap<string, string> = new Map([
  ['input_cost_per_second', 'audio_seconds'],
  ['input_cost_per_query', 'requests'],
  ['output_cost_per_image', 'images'],
  ['ocr_cost_per_page', 'pages'],
  ['annotation_cost_per_page', 'annotated_pages'],
])
const KEY = /^([a-z0-9_]+?)(?:_above_(\d{1,6})k_tokens)?(?:_(batches|flex|priority))?$/

function readModel(path: string, model: string, entry: JsonObject, problems: Problems): DraftModel | undefined {
  const cards = new Map<string, Map<number, MutablePrices>>()
  const units = new Map<string, UnitRate>()
  let charged = false
  for (const [key, usd] of Object.entries(entry)) {
    if (usd === null) continue
    const unit = UNITS.get(key)
    if (unit !== undefined) {
      const nanoUsd = problems.usd(member(path, key), usd, (amount) => scaleDecimal(amount, 12))
      if (nanoUsd !== undefined && nanoUsd > 0) units.set(unit, { nanoUsd, per: 1_000 })
      continue
    }
    const match = KEY.exec(key)
    const name = match?.[1] === undefined ? undefined : STEMS.get(match[1])
    if (match === null || name === undefined) continue
    const price = problems.usd(member(path, key), usd, usdPerToken)
    if (price === undefined) continue
    charged ||= price > 0
    const tiers = cards.get(match[3] ?? '') ?? new Map<number, MutablePrices>()
    cards.set(match[3] ?? '', tiers)
    const threshold = match[2] === undefined ? -1 : Number(match[2]) * 1_000
    const prices = tiers.get(threshold) ?? {}
    tiers.set(threshold, prices)
    prices[name] = price
  }
  if (!charged && units.size === 0) return undefined
  const standard = toCard(cards.get('') ?? new Map(), charged ? { prices: { input: 0, output: 0 } } : { prices: {} })
  const serviceTiers = new Map<string, RateCard>()
  for (const [tier, tiers] of cards)
    if (tier !== '') serviceTiers.set(tier === 'batches' ? 'batch' : tier, toCard(tiers, standard))
  const maxOutputTokens = limitOf(entry['max_output_tokens']) ?? limitOf(entry['max_tokens'])
  const row = {
    ...standard,
    ...(units.size > 0 && { units }),
    ...(serviceTiers.size > 0 && { serviceTiers }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
  }
  return { ...identity(model, entry), rows: [row] }
}

/** `max_tokens` is the older name, for input or output as the model had it; only what is a number counts. */
function limitOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined
}

/** What a variant does not price costs the same as without it. */
function toCard(tiers: ReadonlyMap<number, MutablePrices>, base: RateCard): RateCard {
  const prices = { ...base.prices, ...tiers.get(-1) }
  const thresholds = new Set([...tiers.keys(), ...(base.tiers ?? []).map((tier) => tier.aboveInputTokens)])
  thresholds.delete(-1)
  if (thresholds.size === 0) return { prices }
  const list: ContextTier[] = []
  for (const aboveInputTokens of [...thresholds].sort((a, b) => a - b)) {
    const inherited = base.tiers?.find((tier) => tier.aboveInputTokens === aboveInputTokens)?.prices
    const before = list.at(-1)?.prices ?? prices
    list.push({
      aboveInputTokens,
      prices: { ...before, ...(tiers.has(-1) ? undefined : inherited), ...tiers.get(aboveInputTokens) },
    })
  }
  return { prices, tiers: list }
}

function identity(model: string, entry: JsonObject): Pick<DraftModel, 'provider' | 'model' | 'aliases'> {
  const named = entry['litellm_provider']
  const id = entry['id']
  const aliases = typeof id === 'string' && id !== '' && id !== model ? [id] : []
  // vertex_ai-anthropic_models, vertex_ai-language-models: families within one provider
  const provider = typeof named === 'string' ? providerId(named.replace(/^vertex_ai.*/, 'vertex_ai')) : undefined
  if (provider === undefined) return { model, aliases }
  const slash = model.indexOf('/')
  if (slash > 0 && providerId(model.slice(0, slash)) === provider) aliases.push(model.slice(slash + 1))
  return { provider, model, aliases }
}

/** Does the value look like this form? */
export function isLitellm(value: JsonObject): boolean {
  return Object.values(value).some(
    (entry) => isObject(entry) && Object.keys(entry).some((key) => key === 'litellm_provider' || STEMS.has(key)),
  )
}
