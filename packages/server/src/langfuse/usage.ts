import type { UsageCounts } from '@tallystick/core/event'
import { scaleDecimal } from '@tallystick/core/pricing'
import { plus, UsageBuilder, usageFromOpenAiChat, usageFromOpenAiResponses } from '@tallystick/core/provider'
import { saidCount, saidObject, saidText } from '../format/said.ts'

type Members = Readonly<Record<string, unknown>>

/** Canonical counts of a body of Langfuse, or what is wrong with it. */
export type LangfuseUsage =
  | { readonly ok: true; readonly usage: UsageCounts | undefined }
  | { readonly ok: false; readonly field: string }

/**
 * Usage of an observation, from `usageDetails` or else from `usage`.
 *
 * `usageDetails` is OpenAI's own object, or a map of buckets that must not overlap: `input` is without what stands in
 * `cache_read_input_tokens`, `input_cached_tokens` and the like, `output` without `output_reasoning_tokens`. Many senders do it
 * otherwise, and the `total` beside the buckets tells: where it is `input` and `output` alone the others are in them.
 *
 * @source langfuse packages/shared/src/server/ingestion/types.ts; https://langfuse.com/docs/model-usage-and-cost
 */
export function langfuseUsage(body: Members): LangfuseUsage {
  const details = body['usageDetails']
  const usage = body['usage']
  if (details !== undefined && details !== null) return fromDetails(details)
  if (usage !== undefined && usage !== null) return fromUsage(usage)
  return { ok: true, usage: undefined }
}

function fromDetails(said: unknown): LangfuseUsage {
  const details = saidObject(said)
  if (details === undefined) return { ok: false, field: 'usageDetails' }
  if ('prompt_tokens_details' in details || 'completion_tokens_details' in details)
    return { ok: true, usage: countsOf(usageFromOpenAiChat(details)?.fields) }
  if ('input_tokens_details' in details || 'output_tokens_details' in details)
    return { ok: true, usage: countsOf(usageFromOpenAiResponses(details)?.fields) }
  const buckets: (readonly [string, number])[] = []
  for (const [name, value] of Object.entries(details)) {
    if (value === undefined || value === null) continue
    const count = saidCount(value)
    if (count === undefined) return { ok: false, field: `usageDetails.${name.slice(0, 40)}` }
    buckets.push([name, count])
  }
  return { ok: true, usage: fromBuckets(buckets) }
}

const INPUT = /^(?:input|prompt|input_tokens|prompt_tokens|inputTokens|promptTokens)$/
const OUTPUT = /^(?:output|completion|output_tokens|completion_tokens|outputTokens|completionTokens)$/
const TOTAL = /^(?:total|total_tokens|totalTokens)$/
const CACHE_READ = /cache_?read|cached|cache_hit/i
const CACHE_WRITE = /cache_?(?:creation|write)/i
const LONG = /1h/i
const REASONING = /reasoning|thinking|thought/i
const UNITS = 16

/** Sums of the buckets of each kind. */
function fromBuckets(buckets: readonly (readonly [string, number])[]): UsageCounts | undefined {
  const builder = new UsageBuilder('langfuse')
  const sums = new Map<string, number>()
  const add = (kind: string, count: number): void => {
    sums.set(kind, plus(sums.get(kind), count) as number)
  }
  let units = 0
  for (const [name, count] of buckets) {
    const part = partOf(name)
    if (part !== undefined) {
      add(part, count)
      const side = SIDES.get(part)
      if (side !== undefined) add(side, count)
    } else if (units++ < UNITS && saidText(name, 128) !== undefined) builder.unit(name, count)
  }
  const total = sums.get('total')
  const [input, output] = sides(sums, total)
  return countsOf(
    builder
      .set('inputTokens', input)
      .set('cacheReadTokens', sums.get('cacheRead'))
      .set('cacheWriteTokens', sums.get('cacheWrite'))
      .set('cacheWrite1hTokens', sums.get('cacheWrite1h'))
      .set('inputAudioTokens', sums.get('inputAudio'))
      .set('inputImageTokens', sums.get('inputImage'))
      .set('outputTokens', output)
      .set('reasoningTokens', sums.get('reasoning'))
      .set('outputAudioTokens', sums.get('outputAudio'))
      .set('totalTokens', total)
      .build()?.fields,
  )
}

/** Which side of the request a bucket beside `input` and `output` belongs to. */
const SIDES: ReadonlyMap<string, 'besideInput' | 'besideOutput'> = new Map([
  ['cacheRead', 'besideInput'],
  ['cacheWrite', 'besideInput'],
  ['cacheWrite1h', 'besideInput'],
  ['inputAudio', 'besideInput'],
  ['inputImage', 'besideInput'],
  ['moreInput', 'besideInput'],
  ['reasoning', 'besideOutput'],
  ['outputAudio', 'besideOutput'],
  ['moreOutput', 'besideOutput'],
])

/** What a bucket counts, by its name; undefined for units that are no tokens. */
function partOf(name: string): string | undefined {
  if (INPUT.test(name)) return 'input'
  if (OUTPUT.test(name)) return 'output'
  if (TOTAL.test(name)) return 'total'
  if (CACHE_WRITE.test(name)) return LONG.test(name) ? 'cacheWrite1h' : 'cacheWrite'
  if (CACHE_READ.test(name)) return 'cacheRead'
  if (REASONING.test(name)) return 'reasoning'
  const output = /^(?:output|completion)/.test(name)
  if (!output && !/^(?:input|prompt)/.test(name)) return undefined
  if (/audio/i.test(name)) return output ? 'outputAudio' : 'inputAudio'
  if (/image/i.test(name) && !output) return 'inputImage'
  return output ? 'moreOutput' : 'moreInput'
}

/** All input and all output: buckets that do not overlap, unless the total says that some do. */
function sides(
  sums: ReadonlyMap<string, number>,
  total: number | undefined,
): readonly [input: number | undefined, output: number | undefined] {
  const [input, output] = [sums.get('input'), sums.get('output')]
  const [besideInput, besideOutput] = [sums.get('besideInput'), sums.get('besideOutput')]
  const allInput = plus(input, besideInput)
  const allOutput = plus(output, besideOutput)
  if (total === undefined || input === undefined || output === undefined) return [allInput, allOutput]
  for (const outputs of [allOutput as number, output]) {
    const rest = total - outputs
    // In between where some buckets are in the input and some beside it, as when only cache reads were taken out.
    if (rest >= input && rest >= (besideInput ?? 0) && rest <= (allInput as number)) return [rest, outputs]
  }
  return [allInput, allOutput]
}

function fromUsage(said: unknown): LangfuseUsage {
  const usage = saidObject(said)
  if (usage === undefined) return { ok: false, field: 'usage' }
  for (const name of ['input', 'output', 'total', 'promptTokens', 'completionTokens', 'totalTokens']) {
    const value = usage[name]
    if (value !== undefined && value !== null && saidCount(value) === undefined)
      return { ok: false, field: `usage.${name}` }
  }
  const first = (...names: readonly string[]): number | undefined => {
    for (const name of names) {
      const count = saidCount(usage[name])
      if (count !== undefined) return count
    }
    return undefined
  }
  const builder = new UsageBuilder('langfuse')
  const input = first('promptTokens', 'prompt_tokens', 'input')
  const output = first('completionTokens', 'completion_tokens', 'output')
  const total = first('totalTokens', 'total_tokens', 'total')
  const unit = usage['unit']
  if (unit === undefined || unit === null || unit === 'TOKENS')
    builder.set('inputTokens', input).set('outputTokens', output).set('totalTokens', total)
  else {
    const name = saidText(unit, 32)?.toLowerCase()
    if (name === undefined) return { ok: false, field: 'usage.unit' }
    builder.unit(`input_${name}`, input).unit(`output_${name}`, output)
    if (input === undefined && output === undefined) builder.unit(name, total)
  }
  return { ok: true, usage: countsOf(builder.build()?.fields) }
}

/** The figures alone. */
function countsOf(fields: (UsageCounts & { readonly usageConvention?: string }) | undefined): UsageCounts | undefined {
  if (fields === undefined) return undefined
  const { usageConvention: _, ...counts } = fields
  return counts.units === undefined ? counts : { ...counts, units: { ...counts.units } }
}

/**
 * The cost that a body reports, nano-USD; undefined where it reports none or 0, which clients send for a price they do not know.
 */
export function langfuseCost(body: Members): number | undefined {
  const details = saidObject(body['costDetails'])
  if (details !== undefined) {
    const total = nanoOf(details['total'])
    return total ?? sumOf(Object.values(details).map(nanoOf))
  }
  const usage = saidObject(body['usage'])
  if (usage === undefined) return undefined
  return (
    nanoOf(usage['totalCost'] ?? usage['total_cost']) ??
    sumOf([nanoOf(usage['inputCost'] ?? usage['input_cost']), nanoOf(usage['outputCost'] ?? usage['output_cost'])])
  )
}

/** From the shortest decimal that names the float, half-even. */
function nanoOf(usd: unknown): number | undefined {
  return (typeof usd === 'number' && scaleDecimal(usd, 9)) || undefined
}

function sumOf(parts: readonly (number | undefined)[]): number | undefined {
  return plus(...parts) || undefined
}
