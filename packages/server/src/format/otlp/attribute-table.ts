import { codeOf, knownCode } from '@tallystick/core/provider'
import { first, firstOf, flagOf, type Names, numberOf, textOf } from './attributes.ts'
import type { Draft } from './draft.ts'
import type { Attributes } from './model.ts'
import { providerOf } from './provider-names.ts'
import { type Counting, includeSubsets } from './usage.ts'

/** One convention: by which attributes it says what. What it does not say is left out. */
export interface AttributeTable {
  readonly requestModel: Names
  readonly responseModel?: Names
  readonly provider?: Names
  readonly operation?: Names
  readonly finishReason?: Names
  readonly serviceTier?: Names
  readonly stream?: Names
  readonly statusCode?: Names
  readonly errorType?: Names
  readonly attempt?: Names
  readonly inputTokens?: Names
  readonly cacheReadTokens?: Names
  readonly cacheWriteTokens?: Names
  readonly cacheWrite1hTokens?: Names
  readonly outputTokens?: Names
  readonly reasoningTokens?: Names
  readonly inputAudioTokens?: Names
  readonly inputImageTokens?: Names
  readonly outputAudioTokens?: Names
  readonly outputImageTokens?: Names
  /** Used only where there is neither input nor output. */
  readonly totalTokens?: Names
  readonly costUsd?: Names
  readonly durationMs?: Names
  readonly ttfbMs?: Names
  readonly ttfbSeconds?: Names
  readonly counting: Counting
  /** As `usageConvention` of the event names it. */
  readonly convention: string
}

export const INCLUSIVE: Counting = { input: 'inclusive', output: 'inclusive' }
const UNKNOWN_MODEL = 'unknown'
/** Bytes of an operation, a tier, a reason. */
const MAX_WORD = 64

/** What attributes say by a convention's table. A model that nobody names is `unknown`: its tokens count all the same. */
export function readTable(attributes: Attributes, table: AttributeTable): Draft {
  const draft: Draft = {}
  const responseModel = text(attributes, table.responseModel)
  draft.request_model = textOf(attributes, table.requestModel) ?? responseModel ?? UNKNOWN_MODEL
  if (responseModel !== undefined) draft.response_model = responseModel
  draft.provider = providerOf(text(attributes, table.provider, MAX_WORD), draft.request_model)
  readOutcome(attributes, table, draft)
  readTokens(attributes, table, draft)
  const cost = number(attributes, table.costUsd)
  // Some say -1 of a cost that they do not know; the tokens are worth more than what is wrong about the rest.
  if (cost !== undefined && cost >= 0) draft.cost_usd = cost
  const duration = number(attributes, table.durationMs)
  if (duration !== undefined && duration >= 0) draft.duration_ms = Math.round(duration)
  const ttfb = number(attributes, table.ttfbMs) ?? inMillis(number(attributes, table.ttfbSeconds))
  if (ttfb !== undefined && ttfb >= 0) draft.ttfb_ms = Math.round(ttfb)
  return draft
}

function readOutcome(attributes: Attributes, table: AttributeTable, draft: Draft): void {
  const operation = text(attributes, table.operation, MAX_WORD)
  if (operation !== undefined) draft.operation = operation
  const finishReason = table.finishReason && codeOf(firstOf(attributes, table.finishReason))
  if (finishReason !== undefined) draft.finish_reason = finishReason
  const serviceTier = knownCode(text(attributes, table.serviceTier, MAX_WORD))
  if (serviceTier !== undefined) draft.service_tier = serviceTier
  const stream = table.stream && flagOf(attributes, table.stream)
  if (stream !== undefined) draft.stream = stream
  const statusCode = number(attributes, table.statusCode)
  // Some write texts such as `undefined` here; none of them is worth the event.
  if (statusCode !== undefined && statusCode > 0 && statusCode < 1000) draft.status_code = statusCode
  const errorType = table.errorType && codeOf(first(attributes, table.errorType))
  if (errorType !== undefined) draft.error_type = errorType
  const attempt = number(attributes, table.attempt)
  if (attempt !== undefined && attempt > 0) draft.attempt = attempt
}

function readTokens(attributes: Attributes, table: AttributeTable, draft: Draft): void {
  const input = number(attributes, table.inputTokens)
  if (input !== undefined) draft.input_tokens = input
  const cacheRead = number(attributes, table.cacheReadTokens)
  if (cacheRead !== undefined) draft.cache_read_tokens = cacheRead
  const cacheWrite = number(attributes, table.cacheWriteTokens)
  if (cacheWrite !== undefined) draft.cache_write_tokens = cacheWrite
  const cacheWrite1h = number(attributes, table.cacheWrite1hTokens)
  if (cacheWrite1h !== undefined) draft.cache_write_1h_tokens = cacheWrite1h
  const output = number(attributes, table.outputTokens)
  if (output !== undefined) draft.output_tokens = output
  const reasoning = number(attributes, table.reasoningTokens)
  if (reasoning !== undefined) draft.reasoning_tokens = reasoning
  const inputAudio = number(attributes, table.inputAudioTokens)
  if (inputAudio !== undefined) draft.input_audio_tokens = inputAudio
  const inputImage = number(attributes, table.inputImageTokens)
  if (inputImage !== undefined) draft.input_image_tokens = inputImage
  const outputAudio = number(attributes, table.outputAudioTokens)
  if (outputAudio !== undefined) draft.output_audio_tokens = outputAudio
  const outputImage = number(attributes, table.outputImageTokens)
  if (outputImage !== undefined) draft.output_image_tokens = outputImage
  includeSubsets(draft, table.counting)
  if (draft.input_tokens === undefined && draft.output_tokens === undefined) {
    const total = number(attributes, table.totalTokens)
    if (total !== undefined) draft.total_tokens = total
  }
  draft.usage_convention = table.convention
}

/** Does it say how much was used? */
export function hasUsage({ input_tokens, output_tokens, total_tokens }: Draft): boolean {
  return input_tokens !== undefined || output_tokens !== undefined || total_tokens !== undefined
}

const text = (attributes: Attributes, names: Names | undefined, most?: number): string | undefined =>
  names === undefined ? undefined : textOf(attributes, names, most)

const number = (attributes: Attributes, names: Names | undefined): number | undefined =>
  names === undefined ? undefined : numberOf(attributes, names)

const inMillis = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : seconds * 1000
