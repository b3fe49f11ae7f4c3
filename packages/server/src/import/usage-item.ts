import { hash } from 'node:crypto'
import { parseRfc3339 } from '@tallystick/core/event'
import type { NormalizedUsage } from '@tallystick/core/provider'
import type { WireEvent } from './record.ts'

/** Adds what a provider's usage says to an event; what it does not say is left out. */
export function putUsage(item: WireEvent, { fields }: NormalizedUsage): void {
  if (fields.inputTokens !== undefined) item['input_tokens'] = fields.inputTokens
  if (fields.cacheReadTokens !== undefined) item['cache_read_tokens'] = fields.cacheReadTokens
  if (fields.cacheWriteTokens !== undefined) item['cache_write_tokens'] = fields.cacheWriteTokens
  if (fields.cacheWrite1hTokens !== undefined) item['cache_write_1h_tokens'] = fields.cacheWrite1hTokens
  if (fields.outputTokens !== undefined) item['output_tokens'] = fields.outputTokens
  if (fields.reasoningTokens !== undefined) item['reasoning_tokens'] = fields.reasoningTokens
  if (fields.totalTokens !== undefined) item['total_tokens'] = fields.totalTokens
  if (fields.units !== undefined) item['units'] = fields.units
  item['usage_convention'] = fields.usageConvention
  if (fields.serviceTier !== undefined) item['service_tier'] = fields.serviceTier
  if (fields.finishReason !== undefined) item['finish_reason'] = fields.finishReason
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
