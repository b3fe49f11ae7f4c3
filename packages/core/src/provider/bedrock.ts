import { at, less, type NormalizedUsage, plus, UsageBuilder } from './normalized.ts'

/**
 * Usage of Bedrock's Converse (the answer, or the `metadata` event of its stream). Its `inputTokens` exclude cache reads
 * and writes, so they are added.
 *
 * @example
 * usageFromBedrock({ usage: { inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 90 } })?.fields.inputTokens // 100
 */
export function usageFromBedrock(body: unknown): NormalizedUsage | undefined {
  const builder = new UsageBuilder('bedrock.converse')
  const answer = at(body, 'metadata') ?? body
  const usage = at(answer, 'usage') ?? answer
  const read = builder.count(usage, 'cacheReadInputTokens')
  const written = builder.count(usage, 'cacheWriteInputTokens')
  const details = at(usage, 'cacheDetails')
  const long = Array.isArray(details)
    ? plus(...details.filter((entry) => at(entry, 'ttl') === '1h').map((entry) => builder.count(entry, 'inputTokens')))
    : undefined
  return builder
    .set('inputTokens', plus(builder.count(usage, 'inputTokens'), read, written))
    .set('cacheReadTokens', read)
    .set('cacheWriteTokens', less(written, long))
    .set('cacheWrite1hTokens', long)
    .set('outputTokens', builder.count(usage, 'outputTokens'))
    .set('totalTokens', builder.count(usage, 'totalTokens'))
    .text('finishReason', at(body, 'stopReason'))
    .build()
}
