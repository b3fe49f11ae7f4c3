import { hash } from 'node:crypto'
import { parseRfc3339 } from '@tallystick/core/event'
import type { NormalizedUsage } from '@tallystick/core/provider'
import type { WireEvent } from './record.ts'

/** The event's members that a provider's usage fills, as the wire names them. */
export function usageMembers({ fields }: NormalizedUsage): WireEvent {
  return {
    input_tokens: fields.inputTokens,
    cache_read_tokens: fields.cacheReadTokens,
    cache_write_tokens: fields.cacheWriteTokens,
    cache_write_1h_tokens: fields.cacheWrite1hTokens,
    output_tokens: fields.outputTokens,
    reasoning_tokens: fields.reasoningTokens,
    total_tokens: fields.totalTokens,
    units: fields.units,
    usage_convention: fields.usageConvention,
    service_tier: fields.serviceTier,
    finish_reason: fields.finishReason,
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
export function projectTags(folder: unknown): { readonly project: string } | undefined {
  const name = textOf(folder)
    ?.replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .at(-1)
  return name === undefined || name === '' ? undefined : { project: name }
}

/** A name for what has none: the same for the same content. */
export const digestOf = (content: unknown): string => hash('sha256', JSON.stringify(content), 'hex').slice(0, 32)
