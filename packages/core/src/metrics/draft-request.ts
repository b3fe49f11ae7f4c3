import type { Layout } from '../recorder/layout.ts'
import type { Draft } from '../recorder/read-event.ts'
import type { ObservedRequest } from './request.ts'

/** Members that a draft does not know by name. */
const NOWHERE = {
  operation: -1,
  errorType: -1,
  errorCode: -1,
  inputTokens: -1,
  cacheReadTokens: -1,
  cacheWriteTokens: -1,
  cacheWrite1hTokens: -1,
  outputTokens: -1,
  reasoningTokens: -1,
  cacheSavingsNanoUsd: -1,
  durationMs: -1,
  ttfbMs: -1,
  cacheTier: -1,
  cacheHit: -1,
  traceId: -1,
}

const places = new WeakMap<Layout, typeof NOWHERE>()

/**
 * What is counted of the request that a recorder has read. Not the event itself: to make one takes ten times as long as to
 * record it.
 *
 * @param operation of requests that do not say
 */
export function requestOf(draft: Draft, operation: string | undefined): ObservedRequest {
  const { layout, values, costNanoUsd } = draft
  const at = places.get(layout) ?? placesOf(layout)
  const value = <T>(place: number): T | undefined => (place < 0 ? undefined : (values[place] as T))
  return {
    kind: layout.kind,
    timestampMs: draft.timestampMs,
    provider: draft.provider === '' ? undefined : draft.provider,
    requestModel: draft.model,
    operation: value(at.operation) ?? operation,
    success: !draft.failed,
    errorType: value(at.errorType),
    errorCode: value(at.errorCode),
    inputTokens: value(at.inputTokens),
    cacheReadTokens: value(at.cacheReadTokens),
    cacheWriteTokens: value(at.cacheWriteTokens),
    cacheWrite1hTokens: value(at.cacheWrite1hTokens),
    outputTokens: value(at.outputTokens),
    reasoningTokens: value(at.reasoningTokens),
    costNanoUsd: costNanoUsd < 0 ? undefined : costNanoUsd,
    cacheSavingsNanoUsd: value(at.cacheSavingsNanoUsd),
    durationMs: value(at.durationMs),
    ttfbMs: value(at.ttfbMs),
    cacheTier: value(at.cacheTier),
    cacheHit: value(at.cacheHit),
    traceId: value(at.traceId),
  }
}

function placesOf(layout: Layout): typeof NOWHERE {
  const found = { ...NOWHERE }
  for (const [index, { name }] of layout.members.entries()) {
    if (Object.hasOwn(found, name)) found[name as keyof typeof NOWHERE] = index
  }
  places.set(layout, found)
  return found
}
