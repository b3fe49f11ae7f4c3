import { COST_BASES, FIELDS, REQUIRED_DETAIL, USAGE_BASES } from '../event/fields.ts'
import type { EventKind, JsonValue, UsageEvent } from '../event/index.ts'
import { isText, utf8Bytes } from '../event/wire/text.ts'
import { readCounts, readDetail, readStrings, readTags } from '../event/wire/values.ts'
import { cutText } from './cut-text.ts'
import { type Draft, NOT_AN_EVENT } from './draft.ts'
import type { RecordableEvent } from './recordable.ts'

/** The members as they come: nobody has looked at their values. */
type Unread = { readonly [Name in keyof RecordableEvent]?: unknown }

const MAX = Number.MAX_SAFE_INTEGER
const NANO_PER_MICRO = 1_000
const MAX_MICROS = Math.floor(MAX / NANO_PER_MICRO)
/** The last instant that a `Date` can hold. */
const MAX_TIMESTAMP_MS = 8_640_000_000_000_000

/**
 * Reads a caller's object into the draft: each member once, by name, checked against its type and limit, and copied, so
 * that nothing the caller does later changes or breaks what was recorded.
 *
 * One line for each member, three groups by how usual they are: named reads keep the shapes of objects known to the engine
 * and small functions let it inline the checks, which is several times as fast as a loop over the table. A test compares
 * names and limits with the table. Bits follow the order of the lines; `write-event.ts` reads them back in that order.
 *
 * @param agentId for an event that names none
 * @throws whatever a getter of the object throws, `NOT_AN_EVENT`, or a `Refusal`; the draft is then to be thrown away
 */
export function readEvent(event: unknown, draft: Draft, defaults: UsualDefaults, agentId?: string): void {
  if (typeof event !== 'object' || event === null) throw NOT_AN_EVENT
  draft.reset()
  const unread = event as Unread
  readIdentity(unread, draft)
  draft.first = readFirst(unread, draft, defaults, agentId)
  draft.second = readSecond(unread, draft)
  draft.third = readThird(unread, draft)
}

/** Defaults of what is counted; the others are filled in when the event is read back. */
export interface UsualDefaults {
  readonly requestModel?: string
  readonly provider?: string
}

function readIdentity({ kind, eventId, timestampMs }: Unread, draft: Draft): void {
  draft.kind = kindOf(kind)
  if (eventId != null && eventId !== '') {
    if (typeof eventId !== 'string' || eventId.length > 128 || !isText(eventId)) throw NOT_AN_EVENT
    if (eventId.length * 3 > 128 && utf8Bytes(eventId) > 128) throw NOT_AN_EVENT
    draft.eventId = eventId
    draft.bytes += eventId.length
  }
  if (timestampMs != null) {
    if (typeof timestampMs !== 'number' || !(timestampMs >= 0 && timestampMs <= MAX_TIMESTAMP_MS)) throw NOT_AN_EVENT
    if (Math.floor(timestampMs) !== timestampMs) throw NOT_AN_EVENT
    draft.timestampMs = timestampMs + 0
  }
}

function kindOf(kind: unknown): EventKind {
  switch (kind) {
    case 'llm_request_completed':
    case 'llm_request_failed':
    case 'tool_invocation':
    case 'router_started':
    case 'router_stopped':
    case 'budget_threshold_reached':
      return kind
    default:
      throw NOT_AN_EVENT
  }
}

/** What is counted, and what nearly every event has. */
function readFirst(event: Unread, draft: Draft, defaults: UsualDefaults, agent: string | undefined): number {
  const { requestModel, model, inputTokens, outputTokens, statusCode, success } = event
  const { agentId = agent, userId, sessionId, errorCode, errorMessage, durationMs, stream, cacheReadTokens } = event
  const { kind } = draft
  const llm = kind === 'llm_request_completed' || kind === 'llm_request_failed'
  let has = readProvider(event, draft, defaults)

  const asked = filled(requestModel) ? requestModel : filled(model) ? model : defaults.requestModel
  if (asked !== undefined) {
    has |= draft.text(asked, 256, 1 << 2)
    draft.model = asked as string
  } else if (llm) throw NOT_AN_EVENT

  if (inputTokens != null) {
    has |= draft.integer(inputTokens, MAX, 1 << 3)
    draft.inputTokens = inputTokens as number
  }
  if (outputTokens != null) {
    has |= draft.integer(outputTokens, MAX, 1 << 4)
    draft.outputTokens = outputTokens as number
  }
  has |= readCost(event, draft)
  if (success != null) has |= draft.boolean(success, 1 << 8)
  if (statusCode != null) has |= draft.integer(statusCode, 999, 1 << 9)
  draft.failed =
    kind === 'llm_request_failed' || success === false || (success == null && (statusCode as number) >= 400)

  if (agentId != null) has |= draft.text(agentId, 128, 1 << 10)
  if (userId != null) has |= draft.text(userId, 256, 1 << 11)
  if (sessionId != null) has |= draft.text(sessionId, 256, 1 << 12)
  if (errorCode != null) has |= draft.text(errorCode, 128, 1 << 13)
  if (errorMessage != null) has |= draft.text(cutText(errorMessage, 1024), 1024, 1 << 14)
  if (durationMs != null) has |= draft.integer(durationMs, MAX, 1 << 15)
  if (stream != null) has |= draft.boolean(stream, 1 << 16)
  if (cacheReadTokens != null) has |= draft.integer(cacheReadTokens, MAX, 1 << 17)
  if (!llm) has |= readNotice(event, draft)
  else if (event.detail != null) has |= readDetails(event.detail, draft)
  return has
}

function readProvider({ provider, providerId }: Unread, draft: Draft, defaults: UsualDefaults): number {
  let has = 0
  const answered = filled(provider) && provider !== 'unknown' ? provider : defaults.provider
  if (answered !== undefined) {
    has |= draft.text(answered, 64, 1 << 0)
    draft.provider = answered as string
  }
  if (providerId != null) has |= draft.text(providerId, 128, 1 << 1)
  return has
}

function readCost({ costNanoUsd, costReportedNanoUsd, costMicros, costBasis }: Unread, draft: Draft): number {
  let has = 0
  if (costNanoUsd != null) has |= draft.integer(costNanoUsd, MAX, 1 << 5)
  let reported = costReportedNanoUsd
  let basis = costBasis
  if (costMicros != null && costMicros !== 0) {
    if (typeof costMicros !== 'number' || !(costMicros > 0 && costMicros <= MAX_MICROS)) throw NOT_AN_EVENT
    if (costNanoUsd == null && reported == null) {
      reported = costMicros * NANO_PER_MICRO
      basis ??= 'client'
    }
  }
  if (reported != null) has |= draft.integer(reported, MAX, 1 << 6)
  if (basis != null) has |= draft.oneOf(basis, COST_BASES, 1 << 7)
  const cost = costNanoUsd ?? reported
  if (cost != null) draft.costNanoUsd = cost as number
  return has
}

/** What the kinds that are not requests cannot do without. */
function readNotice(event: Unread, draft: Draft): number {
  const { detail, toolName } = event
  switch (draft.kind) {
    case 'router_started':
      return readDetails(detail ?? { port: bounded(event.port, 65_535) }, draft)
    case 'router_stopped':
      return readDetails(
        detail ?? { total_requests: event.totalRequests, total_cost_micros: event.totalCostMicros },
        draft,
      )
    case 'budget_threshold_reached': {
      const { thresholdPercent, currentSpendMicros, budgetMicros } = event
      const figures = {
        threshold_percent: bounded(thresholdPercent, 255),
        current_spend_micros: currentSpendMicros,
        budget_micros: budgetMicros,
      }
      return readDetails(detail ?? figures, draft)
    }
    default:
      if (!filled(toolName)) throw NOT_AN_EVENT
      return detail == null ? 0 : readDetails(detail, draft)
  }
}

function bounded(value: unknown, max: number): unknown {
  if (typeof value === 'number' && value > max) throw NOT_AN_EVENT
  return value
}

function readDetails(value: unknown, draft: Draft): number {
  const detail = readDetail(value, FIELDS.detail, 'detail')
  for (const name of REQUIRED_DETAIL[draft.kind]) {
    const figure = detail !== undefined && Object.hasOwn(detail, name) ? detail[name] : undefined
    if (!Number.isSafeInteger(figure) || (figure as number) < 0) throw NOT_AN_EVENT
  }
  return draft.copy(frozen(detail), sizeOfJson(detail), 1 << 18)
}

/** Members of who asked, what for, and the finer usage. */
function readSecond(event: Unread, draft: Draft): number {
  const { tenantId, apiKeyId, apiKeyLabel, authMethod, authenticated, clientIp, userAgent, responseModel } = event
  const { operation, endpoint, method, serviceTier, messageCount, requestBytes, responseBytes } = event
  const { errorType, finishReason, aborted, ttfbMs, upstreamDurationMs } = event
  let has = 0
  if (tenantId != null) has |= draft.text(tenantId, 128, 1 << 0)
  if (apiKeyId != null) has |= draft.text(apiKeyId, 128, 1 << 1)
  if (apiKeyLabel != null) has |= draft.text(apiKeyLabel, 256, 1 << 2)
  if (authMethod != null) has |= draft.text(authMethod, 64, 1 << 3)
  if (authenticated != null) has |= draft.boolean(authenticated, 1 << 4)
  if (clientIp != null) has |= draft.text(clientIp, 64, 1 << 5)
  if (userAgent != null) has |= draft.text(cutText(userAgent, 512), 512, 1 << 6)
  if (responseModel != null) has |= draft.text(responseModel, 256, 1 << 7)
  if (operation != null) has |= draft.text(operation, 64, 1 << 8)
  if (endpoint != null) has |= draft.text(endpoint, 512, 1 << 9)
  if (method != null) has |= draft.text(method, 16, 1 << 10)
  if (serviceTier != null) has |= draft.text(serviceTier, 64, 1 << 11)
  if (messageCount != null) has |= draft.integer(messageCount, MAX, 1 << 12)
  if (requestBytes != null) has |= draft.integer(requestBytes, MAX, 1 << 13)
  if (responseBytes != null) has |= draft.integer(responseBytes, MAX, 1 << 14)
  if (errorType != null) has |= draft.text(errorType, 128, 1 << 15)
  if (finishReason != null) has |= draft.text(finishReason, 64, 1 << 16)
  if (aborted != null) has |= draft.boolean(aborted, 1 << 17)
  if (ttfbMs != null) has |= draft.integer(ttfbMs, MAX, 1 << 18)
  if (upstreamDurationMs != null) has |= draft.integer(upstreamDurationMs, MAX, 1 << 19)
  return has | readUsage(event, draft)
}

function readUsage(event: Unread, draft: Draft): number {
  const { cacheWriteTokens, cacheWrite1hTokens, reasoningTokens, inputAudioTokens, inputImageTokens } = event
  const { outputAudioTokens, outputImageTokens, totalTokens, units, usageBasis, usageConvention } = event
  let has = 0
  if (cacheWriteTokens != null) has |= draft.integer(cacheWriteTokens, MAX, 1 << 20)
  if (cacheWrite1hTokens != null) has |= draft.integer(cacheWrite1hTokens, MAX, 1 << 21)
  if (reasoningTokens != null) has |= draft.integer(reasoningTokens, MAX, 1 << 22)
  if (inputAudioTokens != null) has |= draft.integer(inputAudioTokens, MAX, 1 << 23)
  if (inputImageTokens != null) has |= draft.integer(inputImageTokens, MAX, 1 << 24)
  if (outputAudioTokens != null) has |= draft.integer(outputAudioTokens, MAX, 1 << 25)
  if (outputImageTokens != null) has |= draft.integer(outputImageTokens, MAX, 1 << 26)
  if (totalTokens != null) has |= draft.integer(totalTokens, MAX, 1 << 27)
  if (units != null) {
    const counts = readCounts(units, FIELDS.units, 'units')
    has |= draft.copy(frozen(counts), sizeOfJson(counts), 1 << 28)
  }
  if (usageBasis != null) has |= draft.oneOf(usageBasis, USAGE_BASES, 1 << 29)
  if (usageConvention != null) has |= draft.text(usageConvention, 64, 1 << 30)
  return has
}

/** Parts of the cost, routing and trace. */
function readThird(event: Unread, draft: Draft): number {
  const { backend, upstreamMode, mcpEnabled, mcpServers, systemPromptApplied, routingMethod, routingConfidence } = event
  const { toolName, cacheTier, cacheHit, operationId, attempt, traceId, spanId, promptChars, responseChars, tags } =
    event
  let has = readMoney(event, draft)
  if (backend != null) has |= draft.text(backend, 128, 1 << 8)
  if (upstreamMode != null) has |= draft.text(upstreamMode, 64, 1 << 9)
  if (mcpEnabled != null) has |= draft.boolean(mcpEnabled, 1 << 10)
  if (mcpServers != null) {
    const servers = readStrings(mcpServers, FIELDS.mcpServers, 'mcpServers')
    has |= draft.copy(frozen(servers), sizeOfJson(servers), 1 << 11)
  }
  if (systemPromptApplied != null) has |= draft.boolean(systemPromptApplied, 1 << 12)
  if (routingMethod != null) has |= draft.text(routingMethod, 128, 1 << 13)
  if (routingConfidence != null) {
    if (typeof routingConfidence !== 'number' || !(routingConfidence >= 0 && routingConfidence <= 1)) throw NOT_AN_EVENT
    has |= draft.copy(routingConfidence + 0, 16, 1 << 14)
  }
  if (toolName != null) has |= draft.text(toolName, 256, 1 << 15)
  if (cacheTier != null) has |= draft.text(cacheTier, 64, 1 << 16)
  if (cacheHit != null) has |= draft.boolean(cacheHit, 1 << 17)
  if (operationId != null) has |= draft.text(operationId, 128, 1 << 18)
  if (attempt != null) has |= draft.integer(attempt, 1_000_000, 1 << 19)
  if (traceId != null) has |= draft.text(traceId, 64, 1 << 20)
  if (spanId != null) has |= draft.text(spanId, 64, 1 << 21)
  if (promptChars != null) has |= draft.integer(promptChars, MAX, 1 << 22)
  if (responseChars != null) has |= draft.integer(responseChars, MAX, 1 << 23)
  if (tags != null) {
    const copy = readTags(tags, FIELDS.tags, 'tags')
    has |= draft.copy(frozen(copy), sizeOfJson(copy), 1 << 24)
  }
  return has
}

function readMoney(event: Unread, draft: Draft): number {
  const { costInputNanoUsd, costCacheReadNanoUsd, costCacheWriteNanoUsd, costOutputNanoUsd } = event
  const { costUnitsNanoUsd, cacheSavingsNanoUsd, costListNanoUsd, priceId } = event
  let has = 0
  if (costInputNanoUsd != null) has |= draft.integer(costInputNanoUsd, MAX, 1 << 0)
  if (costCacheReadNanoUsd != null) has |= draft.integer(costCacheReadNanoUsd, MAX, 1 << 1)
  if (costCacheWriteNanoUsd != null) has |= draft.integer(costCacheWriteNanoUsd, MAX, 1 << 2)
  if (costOutputNanoUsd != null) has |= draft.integer(costOutputNanoUsd, MAX, 1 << 3)
  if (costUnitsNanoUsd != null) has |= draft.integer(costUnitsNanoUsd, MAX, 1 << 4)
  if (cacheSavingsNanoUsd != null) has |= draft.integer(cacheSavingsNanoUsd, MAX, 1 << 5)
  if (costListNanoUsd != null) has |= draft.integer(costListNanoUsd, MAX, 1 << 6)
  if (priceId != null) has |= draft.text(priceId, 256, 1 << 7)
  return has
}

function filled(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** A snapshot shares the nested values of what is stored; whoever holds it must not be able to change them. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const member of Object.values(value)) frozen(member)
  return Object.freeze(value)
}

/** Memory of a small map or list, rather too much. */
function sizeOfJson(value: JsonValue | UsageEvent['units'] | readonly string[] | undefined): number {
  return value === undefined ? 0 : 64 + 4 * JSON.stringify(value).length
}
