import type { UsageEvent } from '../event/index.ts'
import type { SpanAttributes } from './api.ts'
import {
  ATTRIBUTES,
  CACHE_WRITE_TOKENS,
  type Generation,
  LLM_ATTRIBUTES,
  OTHER_ERROR,
  SPAN_ATTRIBUTES,
} from './names.ts'

/**
 * What a span says of the request that an event tells of. What the event does not know is no attribute. Who the user is stays
 * out: telemetry is read by more people, and kept elsewhere.
 *
 * @param hasAnswerId the event's id is what the provider calls its answer
 */
export function spanAttributes(event: UsageEvent, hasAnswerId: boolean, generation: Generation): SpanAttributes {
  const { inputTokens, outputTokens, provider, requestModel, costNanoUsd = event.costReportedNanoUsd } = event
  const cost = costNanoUsd === undefined ? undefined : usdOf(costNanoUsd)
  const attributes: SpanAttributes = {}
  const add = (name: string, value: string | number | boolean | string[] | undefined): void => {
    if (value !== undefined) attributes[name] = value
  }
  add(ATTRIBUTES.operation, event.operation)
  add(ATTRIBUTES.provider, provider)
  add(ATTRIBUTES.requestModel, requestModel)
  add(ATTRIBUTES.responseModel, event.responseModel)
  add(SPAN_ATTRIBUTES.responseId, hasAnswerId ? event.eventId : undefined)
  add(SPAN_ATTRIBUTES.finishReasons, event.finishReason === undefined ? undefined : [event.finishReason])
  add(SPAN_ATTRIBUTES.stream, event.stream)
  if (event.stream === true && event.ttfbMs !== undefined)
    add(SPAN_ATTRIBUTES.timeToFirstChunk, secondsOf(event.ttfbMs))
  add(SPAN_ATTRIBUTES.inputTokens, inputTokens)
  add(SPAN_ATTRIBUTES.outputTokens, outputTokens)
  add(SPAN_ATTRIBUTES.cacheReadTokens, event.cacheReadTokens)
  add(CACHE_WRITE_TOKENS[generation], written(event))
  add(SPAN_ATTRIBUTES.reasoningTokens, event.reasoningTokens)
  add(SPAN_ATTRIBUTES.agent, event.agentId)
  add(SPAN_ATTRIBUTES.conversation, event.sessionId)
  if (provider === 'openai' || provider === 'azure.ai.openai') add(SPAN_ATTRIBUTES.serviceTier, event.serviceTier)
  add(SPAN_ATTRIBUTES.statusCode, event.statusCode)
  if (event.attempt !== undefined && event.attempt > 1) add(SPAN_ATTRIBUTES.resendCount, event.attempt - 1)
  add(SPAN_ATTRIBUTES.cost, cost)
  if (event.success === false) add(ATTRIBUTES.errorType, errorTypeOf(event))

  add(LLM_ATTRIBUTES.provider, provider)
  add(LLM_ATTRIBUTES.model, requestModel)
  add(LLM_ATTRIBUTES.requestId, event.eventId === '' ? undefined : event.eventId)
  add(LLM_ATTRIBUTES.inputTokens, inputTokens)
  add(LLM_ATTRIBUTES.outputTokens, outputTokens)
  add(LLM_ATTRIBUTES.cost, cost)
  add(LLM_ATTRIBUTES.cacheHit, event.cacheHit)
  add(LLM_ATTRIBUTES.cacheTier, event.cacheTier)
  return attributes
}

/** Why a request failed, as `error.type` says it: by a name, else by the status, else by none. */
export function errorTypeOf({ errorType, statusCode }: Pick<UsageEvent, 'errorType' | 'statusCode'>): string {
  if (errorType !== undefined) return errorType
  return statusCode === undefined || statusCode < 400 ? OTHER_ERROR : String(statusCode)
}

/** Of any lifetime: the conventions know one. */
const written = ({ cacheWriteTokens, cacheWrite1hTokens }: UsageEvent): number | undefined =>
  cacheWriteTokens === undefined && cacheWrite1hTokens === undefined
    ? undefined
    : (cacheWriteTokens ?? 0) + (cacheWrite1hTokens ?? 0)

const usdOf = (nanoUsd: number): number => nanoUsd / 1e9
const secondsOf = (ms: number): number => ms / 1000
