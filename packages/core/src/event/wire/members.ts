import type { UsageEvent } from '../event.ts'
import { FIELD_NAMES, type FieldName, wireName } from '../fields.ts'
import { type JsonBytes, jsonBytes } from '../json-bytes.ts'

/** `,"name":` of each member. */
export const NAME = Object.fromEntries(FIELD_NAMES.map((field) => [field, jsonBytes(`,"${wireName(field)}":`)])) as {
  readonly [Name in FieldName]: Uint8Array
}

/** JSON text of `units`, `tags` and `detail`. */
export type MapText = (value: object) => string

// One line a member, by name, in the order of the field table, for the reason given in `decode.ts`; the test of the wire
// compares them with the table. The identity group is left to the callers: content and wire put it differently.

/** `,"name":value` of each member between identity and money. */
export function writeBeforeMoney(out: JsonBytes, event: UsageEvent, map: MapText): void {
  text(out, NAME.tenantId, event.tenantId)
  text(out, NAME.agentId, event.agentId)
  text(out, NAME.userId, event.userId)
  text(out, NAME.sessionId, event.sessionId)
  text(out, NAME.apiKeyId, event.apiKeyId)
  text(out, NAME.apiKeyLabel, event.apiKeyLabel)
  text(out, NAME.authMethod, event.authMethod)
  boolean(out, NAME.authenticated, event.authenticated)
  text(out, NAME.clientIp, event.clientIp)
  text(out, NAME.userAgent, event.userAgent)

  text(out, NAME.provider, event.provider)
  text(out, NAME.providerId, event.providerId)
  text(out, NAME.requestModel, event.requestModel)
  text(out, NAME.responseModel, event.responseModel)
  text(out, NAME.operation, event.operation)
  text(out, NAME.endpoint, event.endpoint)
  text(out, NAME.method, event.method)
  boolean(out, NAME.stream, event.stream)
  text(out, NAME.serviceTier, event.serviceTier)
  number(out, NAME.messageCount, event.messageCount)
  number(out, NAME.requestBytes, event.requestBytes)
  number(out, NAME.responseBytes, event.responseBytes)

  number(out, NAME.statusCode, event.statusCode)
  boolean(out, NAME.success, event.success)
  text(out, NAME.errorType, event.errorType)
  text(out, NAME.errorCode, event.errorCode)
  text(out, NAME.errorMessage, event.errorMessage)
  text(out, NAME.finishReason, event.finishReason)
  boolean(out, NAME.aborted, event.aborted)

  number(out, NAME.inputTokens, event.inputTokens)
  number(out, NAME.cacheReadTokens, event.cacheReadTokens)
  number(out, NAME.cacheWriteTokens, event.cacheWriteTokens)
  number(out, NAME.cacheWrite1hTokens, event.cacheWrite1hTokens)
  number(out, NAME.outputTokens, event.outputTokens)
  number(out, NAME.reasoningTokens, event.reasoningTokens)
  number(out, NAME.inputAudioTokens, event.inputAudioTokens)
  number(out, NAME.inputImageTokens, event.inputImageTokens)
  number(out, NAME.outputAudioTokens, event.outputAudioTokens)
  number(out, NAME.outputImageTokens, event.outputImageTokens)
  number(out, NAME.totalTokens, event.totalTokens)
  if (event.units !== undefined) json(out, NAME.units, map(event.units))
  text(out, NAME.usageBasis, event.usageBasis)
  text(out, NAME.usageConvention, event.usageConvention)
}

/** The same of what it cost. */
export function writeMoney(out: JsonBytes, event: UsageEvent): void {
  number(out, NAME.costNanoUsd, event.costNanoUsd)
  number(out, NAME.costInputNanoUsd, event.costInputNanoUsd)
  number(out, NAME.costCacheReadNanoUsd, event.costCacheReadNanoUsd)
  number(out, NAME.costCacheWriteNanoUsd, event.costCacheWriteNanoUsd)
  number(out, NAME.costOutputNanoUsd, event.costOutputNanoUsd)
  number(out, NAME.costUnitsNanoUsd, event.costUnitsNanoUsd)
  number(out, NAME.cacheSavingsNanoUsd, event.cacheSavingsNanoUsd)
  number(out, NAME.costListNanoUsd, event.costListNanoUsd)
  number(out, NAME.costReportedNanoUsd, event.costReportedNanoUsd)
  text(out, NAME.costBasis, event.costBasis)
  text(out, NAME.priceId, event.priceId)
  number(out, NAME.repricedUpNanoUsd, event.repricedUpNanoUsd)
  number(out, NAME.repricedDownNanoUsd, event.repricedDownNanoUsd)
  text(out, NAME.repricedPriceId, event.repricedPriceId)
}

/** The same of everything behind it. */
export function writeAfterMoney(out: JsonBytes, event: UsageEvent, map: MapText): void {
  number(out, NAME.durationMs, event.durationMs)
  number(out, NAME.ttfbMs, event.ttfbMs)
  number(out, NAME.upstreamDurationMs, event.upstreamDurationMs)

  text(out, NAME.backend, event.backend)
  text(out, NAME.upstreamMode, event.upstreamMode)
  boolean(out, NAME.mcpEnabled, event.mcpEnabled)
  if (event.mcpServers !== undefined) json(out, NAME.mcpServers, JSON.stringify(event.mcpServers))
  boolean(out, NAME.systemPromptApplied, event.systemPromptApplied)
  text(out, NAME.routingMethod, event.routingMethod)
  number(out, NAME.routingConfidence, event.routingConfidence)
  text(out, NAME.toolName, event.toolName)
  text(out, NAME.cacheTier, event.cacheTier)
  boolean(out, NAME.cacheHit, event.cacheHit)
  text(out, NAME.operationId, event.operationId)
  number(out, NAME.attempt, event.attempt)

  text(out, NAME.traceId, event.traceId)
  text(out, NAME.spanId, event.spanId)
  number(out, NAME.promptChars, event.promptChars)
  number(out, NAME.responseChars, event.responseChars)
  if (event.tags !== undefined) json(out, NAME.tags, map(event.tags))
  if (event.detail !== undefined) json(out, NAME.detail, map(event.detail))
}

export function text(out: JsonBytes, name: Uint8Array, value: string | undefined): void {
  if (value === undefined) return
  out.raw(name)
  out.text(value)
}

export function number(out: JsonBytes, name: Uint8Array, value: number | undefined): void {
  if (value === undefined) return
  out.raw(name)
  out.number(value)
}

export function boolean(out: JsonBytes, name: Uint8Array, value: boolean | undefined): void {
  if (value === undefined) return
  out.raw(name)
  out.boolean(value)
}

function json(out: JsonBytes, name: Uint8Array, value: string): void {
  out.raw(name)
  out.put(value)
}
