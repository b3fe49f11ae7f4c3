import type { UsageEvent } from '../event/index.ts'

type Member =
  | 'provider'
  | 'requestModel'
  | 'operation'
  | 'success'
  | 'errorType'
  | 'errorCode'
  | 'inputTokens'
  | 'cacheReadTokens'
  | 'cacheWriteTokens'
  | 'cacheWrite1hTokens'
  | 'outputTokens'
  | 'reasoningTokens'
  | 'costNanoUsd'
  | 'costReportedNanoUsd'
  | 'cacheSavingsNanoUsd'
  | 'durationMs'
  | 'ttfbMs'
  | 'cacheTier'
  | 'cacheHit'
  | 'traceId'

/** What is counted of a request: an event, or as much of one. */
export type ObservedRequest = Pick<UsageEvent, 'kind' | 'timestampMs'> & {
  readonly [Name in Member]?: UsageEvent[Name] | undefined
}
