import type { Mutable, UsageEvent } from '../event/index.ts'
import { normaliseAgentId } from '../event/index.ts'
import { isText } from '../event/wire/text.ts'

type Unchecked = { -readonly [Name in keyof UsageEvent]?: unknown }

/** The members of one stored event: packed values and the bits that say which they are. */
export interface PackedMembers {
  readonly values: readonly unknown[]
  readonly first: number
  readonly second: number
  readonly third: number
}

/**
 * Adds the packed members to an event that has its identity: the counterpart of `read-event.ts`, line for line.
 *
 * Members are set by name, for an event built by computed names would be a hash table inside the engine, and everything
 * behind would take twice as long to read it.
 */
export function writeMembers(event: Mutable<UsageEvent>, packed: PackedMembers): void {
  const { values, first, second, third } = packed
  let at = writeFirst(event, values, first)
  at = writeSecond(event, values, second, at)
  writeThird(event, values, third, at)
  settle(event)
}

/**
 * Makes texts well-formed that are not, for good: no store or wire takes half of a surrogate pair or NUL. Done when an
 * event is read back, since looking at each text would cost recording more than everything else.
 */
export function mended({ values, length }: { readonly values: unknown[]; readonly length: number }): void {
  for (let index = 0; index < length; index++) {
    const value = values[index]
    if (typeof value === 'string' && !isText(value)) values[index] = value.toWellFormed().replaceAll('\0', '\ufffd')
  }
}

/** What the canonical event always says of an LLM request, where the caller left it open. */
function settle(event: Mutable<UsageEvent>): void {
  const { kind, success, statusCode = 0, agentId } = event
  if (agentId !== undefined) event.agentId = normaliseAgentId(agentId)
  if (kind === 'llm_request_failed') event.success = false
  else if (kind === 'llm_request_completed') event.success = success ?? statusCode < 400
  else return
  if (event.usageBasis !== undefined) return
  const known = event.inputTokens ?? event.outputTokens ?? event.totalTokens ?? event.units
  event.usageBasis = known === undefined ? 'unknown' : 'measured'
}

function writeFirst(event: Unchecked, values: readonly unknown[], has: number): number {
  let at = 0
  if (has & (1 << 0)) event.provider = values[at++]
  if (has & (1 << 1)) event.providerId = values[at++]
  if (has & (1 << 2)) event.requestModel = values[at++]
  if (has & (1 << 3)) event.inputTokens = values[at++]
  if (has & (1 << 4)) event.outputTokens = values[at++]
  if (has & (1 << 5)) event.costNanoUsd = values[at++]
  if (has & (1 << 6)) event.costReportedNanoUsd = values[at++]
  if (has & (1 << 7)) event.costBasis = values[at++]
  if (has & (1 << 8)) event.success = values[at++]
  if (has & (1 << 9)) event.statusCode = values[at++]
  if (has & (1 << 10)) event.agentId = values[at++]
  if (has & (1 << 11)) event.userId = values[at++]
  if (has & (1 << 12)) event.sessionId = values[at++]
  if (has & (1 << 13)) event.errorCode = values[at++]
  if (has & (1 << 14)) event.errorMessage = values[at++]
  if (has & (1 << 15)) event.durationMs = values[at++]
  if (has & (1 << 16)) event.stream = values[at++]
  if (has & (1 << 17)) event.cacheReadTokens = values[at++]
  if (has & (1 << 18)) event.detail = values[at++]
  return at
}

function writeSecond(event: Unchecked, values: readonly unknown[], has: number, start: number): number {
  let at = start
  if (has & (1 << 0)) event.tenantId = values[at++]
  if (has & (1 << 1)) event.apiKeyId = values[at++]
  if (has & (1 << 2)) event.apiKeyLabel = values[at++]
  if (has & (1 << 3)) event.authMethod = values[at++]
  if (has & (1 << 4)) event.authenticated = values[at++]
  if (has & (1 << 5)) event.clientIp = values[at++]
  if (has & (1 << 6)) event.userAgent = values[at++]
  if (has & (1 << 7)) event.responseModel = values[at++]
  if (has & (1 << 8)) event.operation = values[at++]
  if (has & (1 << 9)) event.endpoint = values[at++]
  if (has & (1 << 10)) event.method = values[at++]
  if (has & (1 << 11)) event.serviceTier = values[at++]
  if (has & (1 << 12)) event.messageCount = values[at++]
  if (has & (1 << 13)) event.requestBytes = values[at++]
  if (has & (1 << 14)) event.responseBytes = values[at++]
  if (has & (1 << 15)) event.errorType = values[at++]
  if (has & (1 << 16)) event.finishReason = values[at++]
  if (has & (1 << 17)) event.aborted = values[at++]
  if (has & (1 << 18)) event.ttfbMs = values[at++]
  if (has & (1 << 19)) event.upstreamDurationMs = values[at++]
  if (has & (1 << 20)) event.cacheWriteTokens = values[at++]
  if (has & (1 << 21)) event.cacheWrite1hTokens = values[at++]
  if (has & (1 << 22)) event.reasoningTokens = values[at++]
  if (has & (1 << 23)) event.inputAudioTokens = values[at++]
  if (has & (1 << 24)) event.inputImageTokens = values[at++]
  if (has & (1 << 25)) event.outputAudioTokens = values[at++]
  if (has & (1 << 26)) event.outputImageTokens = values[at++]
  if (has & (1 << 27)) event.totalTokens = values[at++]
  if (has & (1 << 28)) event.units = values[at++]
  if (has & (1 << 29)) event.usageBasis = values[at++]
  if (has & (1 << 30)) event.usageConvention = values[at++]
  return at
}

function writeThird(event: Unchecked, values: readonly unknown[], has: number, start: number): void {
  let at = start
  if (has & (1 << 0)) event.costInputNanoUsd = values[at++]
  if (has & (1 << 1)) event.costCacheReadNanoUsd = values[at++]
  if (has & (1 << 2)) event.costCacheWriteNanoUsd = values[at++]
  if (has & (1 << 3)) event.costOutputNanoUsd = values[at++]
  if (has & (1 << 4)) event.costUnitsNanoUsd = values[at++]
  if (has & (1 << 5)) event.cacheSavingsNanoUsd = values[at++]
  if (has & (1 << 6)) event.costListNanoUsd = values[at++]
  if (has & (1 << 7)) event.priceId = values[at++]
  if (has & (1 << 8)) event.backend = values[at++]
  if (has & (1 << 9)) event.upstreamMode = values[at++]
  if (has & (1 << 10)) event.mcpEnabled = values[at++]
  if (has & (1 << 11)) event.mcpServers = values[at++]
  if (has & (1 << 12)) event.systemPromptApplied = values[at++]
  if (has & (1 << 13)) event.routingMethod = values[at++]
  if (has & (1 << 14)) event.routingConfidence = values[at++]
  if (has & (1 << 15)) event.toolName = values[at++]
  if (has & (1 << 16)) event.cacheTier = values[at++]
  if (has & (1 << 17)) event.cacheHit = values[at++]
  if (has & (1 << 18)) event.operationId = values[at++]
  if (has & (1 << 19)) event.attempt = values[at++]
  if (has & (1 << 20)) event.traceId = values[at++]
  if (has & (1 << 21)) event.spanId = values[at++]
  if (has & (1 << 22)) event.promptChars = values[at++]
  if (has & (1 << 23)) event.responseChars = values[at++]
  if (has & (1 << 24)) event.tags = values[at++]
}
