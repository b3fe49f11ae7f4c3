import { parseRfc3339 } from '@tallystick/core/event'
import { labelTags } from '../../said.ts'
import { type AttributeTable, INCLUSIVE, readTable } from '../attribute-table.ts'
import { plainName, textOf } from '../attributes.ts'
import type { Draft } from '../draft.ts'
import { millisOf } from '../ids.ts'
import type { Attributes, Span } from '../model.ts'
import { sumOf } from '../usage.ts'
import { GENAI } from './genai.ts'

/** Langfuse's SDKs. Usage and cost are JSON in one attribute each. @source https://langfuse.com/integrations/native/opentelemetry */
const LANGFUSE: AttributeTable = {
  requestModel: ['langfuse.observation.model.name', 'gen_ai.request.model'],
  responseModel: ['gen_ai.response.model'],
  provider: ['gen_ai.provider.name', 'gen_ai.system'],
  ...(GENAI.statusCode === undefined ? {} : { statusCode: GENAI.statusCode }),
  errorType: ['error.type'],
  counting: INCLUSIVE,
  convention: 'langfuse',
}

export const LANGFUSE_TYPE = 'langfuse.observation.type'
const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['generation', 'chat'],
  ['embedding', 'embeddings'],
])
/** What it says of a trace stands on each of its spans, and is the same tags as those of the ingestion API (`server/langfuse`). */
const TRACE_LABELS = 'langfuse.trace.tags'
const TAGS: readonly (readonly [tag: string, attribute: string])[] = [
  ['trace', 'langfuse.trace.name'],
  ['release', 'langfuse.release'],
  ['version', 'langfuse.version'],
]
const MAX_JSON = 16 * 1024
/** What is read from a cache, and what is written to one, by the names its integrations use. */
const CACHE_READ = ['input_cached_tokens', 'cache_read_input_tokens', 'input_cache_read', 'input_cached']
const CACHE_WRITE = ['cache_creation_input_tokens', 'input_cache_creation', 'input_cache_write']
const REASONING = ['output_reasoning_tokens', 'output_reasoning', 'reasoning_tokens']

export function langfuseRequest(span: Span): Draft | undefined {
  const { attributes } = span
  const operation = OPERATIONS.get((textOf(attributes, [LANGFUSE_TYPE]) ?? '').toLowerCase())
  if (operation === undefined) return undefined
  const details = figuresOf(attributes, 'langfuse.observation.usage_details')
  const draft: Draft = {
    ...readTable(attributes, details === undefined ? { ...GENAI, ...LANGFUSE } : LANGFUSE),
    operation,
  }
  if (details !== undefined) addUsage(draft, details)
  const cost = figuresOf(attributes, 'langfuse.observation.cost_details')
  const total = cost?.get('total') ?? addedUp(cost)
  if (total !== undefined && total >= 0) draft.cost_usd = total
  // Its SDKs leave the status of the span alone.
  if (attributes.get('langfuse.observation.level') === 'ERROR') draft.success = false
  const ttfb = firstTokenMs(attributes, span.startNanos)
  if (ttfb !== undefined && draft.ttfb_ms === undefined) draft.ttfb_ms = ttfb
  draft.tags = tagsOf(span)
  return draft
}

function tagsOf({ name, attributes }: Span): Readonly<Record<string, string>> {
  const tags = labelTags(attributes.get(TRACE_LABELS))
  const own = new Map([['generation', plainName(name)]])
  for (const [tag, attribute] of TAGS) own.set(tag, textOf(attributes, [attribute]))
  for (const [tag, value] of own) if (value !== undefined && !tags.has(tag)) tags.set(tag, value)
  return Object.fromEntries(tags)
}

/** How long the first of the answer took; its instant is a JSON text. */
function firstTokenMs(attributes: Attributes, startNanos: bigint): number | undefined {
  const said = textOf(attributes, ['langfuse.observation.completion_start_time'], 64)
  const atMs = said === undefined ? undefined : parseRfc3339(said.replaceAll('"', ''))
  const ms = atMs === undefined ? undefined : atMs - millisOf(startNanos)
  return ms !== undefined && ms >= 0 ? ms : undefined
}

/**
 * Langfuse adds the members up, so that each is beside the others; SDKs that hand a provider's usage through have subsets in
 * them. A total that is input and output alone tells the second.
 */
function addUsage(draft: Draft, details: ReadonlyMap<string, number>): void {
  const input = details.get('input') ?? details.get('prompt_tokens') ?? details.get('input_tokens')
  const output = details.get('output') ?? details.get('completion_tokens') ?? details.get('output_tokens')
  const cacheRead = anyOf(details, CACHE_READ)
  const cacheWrite = anyOf(details, CACHE_WRITE)
  const reasoning = anyOf(details, REASONING)
  const total = details.get('total') ?? details.get('total_tokens')
  const inside = total !== undefined && total === sumOf([input, output])
  const allInput = inside ? input : sumOf([input, cacheRead, cacheWrite])
  const allOutput = inside ? output : sumOf([output, reasoning])
  if (allInput !== undefined) draft.input_tokens = allInput
  else if (input !== undefined) draft.input_tokens = input
  if (allOutput !== undefined) draft.output_tokens = allOutput
  else if (output !== undefined) draft.output_tokens = output
  if (cacheRead !== undefined) draft.cache_read_tokens = cacheRead
  if (cacheWrite !== undefined) draft.cache_write_tokens = cacheWrite
  if (reasoning !== undefined) draft.reasoning_tokens = reasoning
  if (input === undefined && output === undefined && total !== undefined) draft.total_tokens = total
}

function anyOf(details: ReadonlyMap<string, number>, names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = details.get(name)
    if (value !== undefined) return value
  }
  return undefined
}

function addedUp(details: ReadonlyMap<string, number> | undefined): number | undefined {
  if (details === undefined || details.size === 0) return undefined
  let sum = 0
  for (const value of details.values()) sum += value
  return sum
}

/** The numbers of an attribute that is a JSON object; undefined where it is none. */
function figuresOf(attributes: Attributes, name: string): ReadonlyMap<string, number> | undefined {
  const text = attributes.get(name)
  if (typeof text !== 'string' || text.length > MAX_JSON) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return new Map(Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
  } catch {
    return undefined
  }
}
