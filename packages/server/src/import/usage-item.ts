import { hash } from 'node:crypto'
import { parseRfc3339 } from '@tallystick/core/event'
import type { NormalizedUsage } from '@tallystick/core/provider'
import type { WireEvent } from './record.ts'

/** What a log tells of a request beside its usage. */
export interface LoggedRequest {
  readonly id: string
  readonly atMs: number | undefined
  readonly agent: string
  readonly session: string | undefined
  readonly provider: string
  readonly backend?: string | undefined
  readonly model: string
  readonly project?: string | undefined
  /** Another than the usage tells. */
  readonly serviceTier?: string | undefined
  /** What the log says it has cost. */
  readonly costUsd?: unknown
}

/** The event of a request. Made in one piece, since there is one for each message of years; what is undefined is not sent. */
export function requestEvent(request: LoggedRequest, usage: NormalizedUsage | undefined): WireEvent {
  const fields: Partial<NormalizedUsage['fields']> = usage?.fields ?? {}
  const { project, costUsd } = request
  return {
    event_id: request.id,
    timestamp_ms: request.atMs,
    kind: 'llm_request_completed',
    agent_id: request.agent,
    session_id: request.session,
    provider: request.provider,
    backend: request.backend,
    model: request.model,
    input_tokens: fields.inputTokens,
    cache_read_tokens: fields.cacheReadTokens,
    cache_write_tokens: fields.cacheWriteTokens,
    cache_write_1h_tokens: fields.cacheWrite1hTokens,
    output_tokens: fields.outputTokens,
    reasoning_tokens: fields.reasoningTokens,
    total_tokens: fields.totalTokens,
    units: fields.units,
    usage_convention: fields.usageConvention,
    service_tier: request.serviceTier ?? fields.serviceTier,
    finish_reason: fields.finishReason,
    cost_usd: typeof costUsd === 'number' ? costUsd : undefined,
    tags: project === undefined ? undefined : { project },
  }
}

/** All tokens of a usage. */
export const tokensOf = ({ fields }: NormalizedUsage): number =>
  fields.totalTokens ?? (fields.inputTokens ?? 0) + (fields.outputTokens ?? 0)

/** An instant as logs write it, ms: RFC 3339, or the number itself. Undefined for anything else. */
export function instantMs(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  return typeof value === 'string' ? (parseRfc3339(value) ?? undefined) : undefined
}

export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

export const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined

/** The folder a session works in names its project. Nothing else of the path is kept. */
export function projectOf(folder: unknown): string | undefined {
  const path = textOf(folder)
  if (path === undefined) return undefined
  const [, name] = /([^\\/]+)[\\/]*$/.exec(path) ?? []
  return name
}

/** A name for what has none: the same for the same content. */
export const digestOf = (content: unknown): string => hash('sha256', JSON.stringify(content), 'hex').slice(0, 32)
