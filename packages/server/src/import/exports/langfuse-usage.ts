import { countOf, type Fields, nanoUsdOf } from './fields.ts'
import { type TokenTotals, wireUsage } from './usage.ts'

/** What a key of `usageDetails` counts. `total` is what Langfuse adds itself. */
type Bucket = keyof TokenTotals | 'total'

/**
 * Keys of `usageDetails` as Langfuse's SDKs and integrations write them, whatever the provider. A key that is not here is
 * input or output if it begins so, as Langfuse itself has it, and another unit otherwise.
 *
 * @source langfuse/langfuse: packages/shared/src/server/repositories/observations_converters.ts (reduceUsageOrCostDetails);
 * keys as seen in public senders (find_string over code, 2026-11)
 */
const BUCKETS: ReadonlyMap<string, Bucket> = new Map<string, Bucket>([
  ...each('input', 'input', 'input_tokens', 'prompt_tokens', 'inputTokens', 'promptTokens'),
  ...each('output', 'output', 'output_tokens', 'completion_tokens', 'outputTokens', 'completionTokens'),
  ...each(
    'cacheRead',
    'cache_read_input_tokens',
    'input_cached_tokens',
    'input_cache_read',
    'input_cache_read_tokens',
    'cache_read_tokens',
    'cached_tokens',
  ),
  ...each(
    'cacheWrite',
    'cache_creation_input_tokens',
    'input_cache_creation',
    'input_cache_creation_tokens',
    'input_cache_write',
    'input_cache_creation_5m',
    'cache_write_tokens',
  ),
  ...each('cacheWrite1h', 'input_cache_creation_1h', 'cache_creation_1h_input_tokens'),
  ...each('reasoning', 'output_reasoning_tokens', 'output_reasoning', 'reasoning_tokens', 'thoughts_token_count'),
  ...each('inputAudio', 'input_audio_tokens', 'input_audio'),
  ...each('outputAudio', 'output_audio_tokens', 'output_audio'),
  ...each('inputImage', 'input_image_tokens', 'input_image'),
  ...each('outputImage', 'output_image_tokens', 'output_image'),
  ...each('total', 'total', 'total_tokens', 'totalTokens'),
])

function each(bucket: Bucket, ...keys: readonly string[]): readonly (readonly [string, Bucket])[] {
  return keys.map((key) => [key, bucket])
}

const INPUT: readonly (keyof TokenTotals)[] = ['cacheRead', 'cacheWrite', 'cacheWrite1h', 'inputAudio', 'inputImage']
const OUTPUT: readonly (keyof TokenTotals)[] = ['reasoning', 'outputAudio', 'outputImage']

/** Tokens of an observation with totals inclusive, and what is no tokens. */
export interface ObservationUsage {
  readonly tokens: TokenTotals | undefined
  readonly units: Readonly<Record<string, number>>
}

/**
 * The usage of an observation.
 *
 * In Langfuse the keys are disjoint: input is the sum of all that begin so, and `total` of all. Some senders hand over
 * their provider's inclusive counts instead; it shows, since `total` is then input and output alone. A key under two
 * spellings is counted once.
 *
 * @throws RowProblem
 */
export function usageOf(observation: Fields): ObservationUsage {
  const details = observation.object('usageDetails', 'usage_details').entries()
  return details.length > 0 ? detailed(details) : older(observation)
}

function detailed(details: readonly (readonly [string, unknown])[]): ObservationUsage {
  const counts = new Map<Bucket, number>()
  const units: Record<string, number> = Object.create(null)
  for (const [key, value] of details) {
    if (value === null) continue
    const count = countOf(value, `usageDetails.${key}`)
    const known = BUCKETS.get(key)
    if (known !== undefined) counts.set(known, Math.max(counts.get(known) ?? 0, count))
    else if (/^(input|output)/.test(key)) {
      const side = key.startsWith('input') ? 'input' : 'output'
      counts.set(side, (counts.get(side) ?? 0) + count)
    } else if (count > 0 && Object.keys(units).length < 16) units[key.slice(0, 64)] = count
  }
  const of = (bucket: Bucket): number => counts.get(bucket) ?? 0
  const all = (buckets: readonly (keyof TokenTotals)[]): number => buckets.reduce((total, name) => total + of(name), 0)
  const [insideInput, insideOutput] = [all(INPUT), all(OUTPUT)]
  const bare = of('input') + of('output')
  const inclusive =
    insideInput + insideOutput > 0 && of('total') === bare && insideInput <= of('input') && insideOutput <= of('output')
  const sides = [...counts.keys()].some((bucket) => bucket !== 'total')
  if (!sides) return { tokens: undefined, units }
  return {
    tokens: {
      ...Object.fromEntries(counts),
      input: of('input') + (inclusive ? 0 : insideInput),
      output: of('output') + (inclusive ? 0 : insideOutput),
    },
    units,
  }
}

/** As exports had it before `usageDetails`: one count for either side, in a unit. */
function older(observation: Fields): ObservationUsage {
  const usage = observation.object('usage')
  const input = usage.count('input', 'promptTokens') ?? observation.count('promptTokens', 'inputUsage')
  const output = usage.count('output', 'completionTokens') ?? observation.count('completionTokens', 'outputUsage')
  const total = usage.count('total', 'totalTokens') ?? observation.count('totalTokens', 'totalUsage')
  const unit = (usage.text('unit') ?? observation.text('unit') ?? 'TOKENS').toLowerCase()
  if (unit !== 'tokens') return { tokens: undefined, units: total === undefined ? {} : { [unit]: total } }
  const counted = (input ?? 0) + (output ?? 0) > 0
  return { tokens: counted ? { input: input ?? 0, output: output ?? 0 } : undefined, units: {} }
}

/** As members of the native wire. */
export function wireUsageOf({ tokens, units }: ObservationUsage): Record<string, unknown> {
  return {
    ...(tokens === undefined ? {} : wireUsage(tokens)),
    ...(Object.keys(units).length === 0 ? {} : { units }),
  }
}

/**
 * The cost of an observation in nano-USD: `costDetails.total`, else the sum of its other keys, each rounded half to even.
 * Where there are no details a total of 0 is what Langfuse writes for a model without a price, and says nothing.
 *
 * @throws RowProblem
 */
export function costOf(observation: Fields): number | undefined {
  const details = observation.object('costDetails', 'cost_details').entries()
  const told = details.filter(([, value]) => value !== null)
  const total = told.find(([key]) => key === 'total')
  if (total !== undefined) return nanoUsdOf(total[1], 'costDetails.total')
  if (told.length > 0) return told.reduce((sum, [key, value]) => sum + nanoUsdOf(value, `costDetails.${key}`), 0)
  const cost = observation.nanoUsd('totalCost', 'total_cost', 'calculatedTotalCost')
  return cost === 0 ? undefined : cost
}
