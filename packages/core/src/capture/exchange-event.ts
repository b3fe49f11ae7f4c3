import { FIELDS, type FieldName, type Mutable, type UsageEvent } from '../event/index.ts'
import { cutUtf8, isText, utf8Bytes } from '../event/wire/text.ts'
import type { AnswerReading } from '../provider/stream/answer-reader.ts'
import type { ExchangeNames } from './exchange-names.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Trace } from './trace-context.ts'

/** All that is known of an exchange when it is over. */
export interface ExchangeParts {
  readonly eventId: string | undefined
  readonly timestampMs: number
  readonly provider: string
  readonly requestModel: string
  readonly operation: string
  readonly endpoint: string
  readonly method: string | undefined
  readonly attempt: number | undefined
  readonly stream: boolean
  readonly facts: RequestFacts
  readonly requestBytes: number | undefined
  readonly statusCode: number | undefined
  readonly responseBytes: number | undefined
  readonly reading: AnswerReading
  readonly outcome: Partial<UsageEvent> & { readonly success: boolean }
  readonly usageBasis: NonNullable<UsageEvent['usageBasis']>
  readonly durationMs: number | undefined
  readonly ttfbMs: number | undefined
  readonly trace: Trace | undefined
  /** They count more than what was seen. */
  readonly names: ExchangeNames
}

/** How many bytes the text of a member may have. */
const LIMITS = Object.fromEntries(
  Object.entries(FIELDS).map(([field, spec]) => [field, 'max' in spec ? spec.max : Number.POSITIVE_INFINITY]),
) as Readonly<Record<FieldName, number>>

// TypeScript cannot say of a class that it has the members of a type and sets only some of them; of its base it can.
const Members = class {} as new () => Partial<Mutable<UsageEvent>>

/**
 * The event of an exchange. Every text is cut to what its member holds: names of models, agents and tags come from whoever asks, and
 * one that is too long must not cost the record of the request.
 *
 * Built member by member in a constructor, which is where the engine gives an object room for them; put together from parts by
 * `Object.assign` it would become a dictionary, which whoever reads it then pays for. One is made for each request, by proxies too.
 */
export class ExchangeEvent extends Members {
  constructor(parts: ExchangeParts) {
    super()
    const { facts, reading, outcome, trace } = parts
    const { usage, error } = reading
    if (parts.eventId !== undefined) this.eventId = cut(parts.eventId, LIMITS.eventId)
    this.kind = outcome.success ? 'llm_request_completed' : 'llm_request_failed'
    this.timestampMs = parts.timestampMs
    this.provider = cut(parts.provider, LIMITS.provider)
    this.requestModel = cut(parts.requestModel, LIMITS.requestModel)
    this.operation = cut(parts.operation, LIMITS.operation)
    if (parts.endpoint !== '') this.endpoint = cut(parts.endpoint, LIMITS.endpoint)
    if (parts.method !== undefined) this.method = cut(parts.method, LIMITS.method)
    this.stream = parts.stream
    const tier = usage?.fields.serviceTier ?? facts.serviceTier
    if (tier !== undefined) this.serviceTier = cut(tier, LIMITS.serviceTier)
    if (facts.messageCount !== undefined) this.messageCount = facts.messageCount
    if (parts.attempt !== undefined) this.attempt = parts.attempt
    if (parts.requestBytes !== undefined) this.requestBytes = parts.requestBytes
    if (parts.statusCode !== undefined) this.statusCode = parts.statusCode
    if (parts.responseBytes !== undefined) this.responseBytes = parts.responseBytes
    const model = usage?.fields.responseModel ?? reading.responseModel
    if (model !== undefined) this.responseModel = cut(model, LIMITS.responseModel)
    const finish = usage?.fields.finishReason ?? reading.finishReason
    if (finish !== undefined) this.finishReason = cut(finish, LIMITS.finishReason)
    this.success = outcome.success
    if (outcome.aborted !== undefined) this.aborted = outcome.aborted
    const type = outcome.errorType ?? error?.type
    if (type !== undefined) this.errorType = cut(type, LIMITS.errorType)
    const code = outcome.errorCode ?? error?.code
    if (code !== undefined) this.errorCode = cut(code, LIMITS.errorCode)
    if (usage !== undefined) {
      const { fields } = usage
      this.usageConvention = fields.usageConvention
      if (fields.inputTokens !== undefined) this.inputTokens = fields.inputTokens
      if (fields.cacheReadTokens !== undefined) this.cacheReadTokens = fields.cacheReadTokens
      if (fields.cacheWriteTokens !== undefined) this.cacheWriteTokens = fields.cacheWriteTokens
      if (fields.cacheWrite1hTokens !== undefined) this.cacheWrite1hTokens = fields.cacheWrite1hTokens
      if (fields.outputTokens !== undefined) this.outputTokens = fields.outputTokens
      if (fields.reasoningTokens !== undefined) this.reasoningTokens = fields.reasoningTokens
      if (fields.inputAudioTokens !== undefined) this.inputAudioTokens = fields.inputAudioTokens
      if (fields.inputImageTokens !== undefined) this.inputImageTokens = fields.inputImageTokens
      if (fields.outputAudioTokens !== undefined) this.outputAudioTokens = fields.outputAudioTokens
      if (fields.outputImageTokens !== undefined) this.outputImageTokens = fields.outputImageTokens
      if (fields.totalTokens !== undefined) this.totalTokens = fields.totalTokens
      if (fields.units !== undefined) this.units = fields.units
      if (fields.costReportedNanoUsd !== undefined) this.costReportedNanoUsd = fields.costReportedNanoUsd
    }
    this.usageBasis = parts.usageBasis
    if (parts.durationMs !== undefined) this.durationMs = parts.durationMs
    if (parts.ttfbMs !== undefined) this.ttfbMs = parts.ttfbMs
    if (trace !== undefined) {
      this.traceId = trace.traceId
      this.spanId = trace.spanId
    }
    name(this, parts.names)
  }
}

/** Puts in what was said of the request. */
function name(event: Partial<Mutable<UsageEvent>>, names: ExchangeNames): void {
  const into = event as Record<string, unknown>
  for (const field in names) {
    const value = names[field as keyof ExchangeNames]
    const limit = LIMITS[field as FieldName]
    if (field === 'tags') into[field] = fittedTags(names.tags)
    else into[field] = typeof value === 'string' && limit !== undefined ? cut(value, limit) : value
  }
}

const TAG_NAME_BYTES = 128
const TAG_BYTES = 1_024

function fittedTags(tags: UsageEvent['tags']): UsageEvent['tags'] {
  const entries = Object.entries(tags ?? {})
  const fit = entries.map(([name, value]) => [cut(name, TAG_NAME_BYTES), cut(value, TAG_BYTES)] as const)
  return fit.every(([name, value], at) => name === entries[at]?.[0] && value === entries[at]?.[1])
    ? tags
    : Object.fromEntries(fit)
}

function cut(text: string, max: number): string {
  if (text.length * 3 <= max && isText(text)) return text
  const kept = text.slice(0, max).toWellFormed().replaceAll('\0', '\ufffd')
  return utf8Bytes(kept) <= max ? kept : cutUtf8(kept, max)
}
