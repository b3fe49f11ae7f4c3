import { at, type NormalizedUsage, UsageBuilder } from './normalized.ts'

/**
 * Cohere v2: what is billed (`billed_units`) counts, not what was consumed; cached tokens are part of the input.
 *
 * @example usageFromCohere({ usage: { billed_units: { input_tokens: 5, output_tokens: 7 }, tokens: { input_tokens: 71 } } })
 *   ?.fields.inputTokens // 5
 */
export function usageFromCohere(body: unknown): NormalizedUsage | undefined {
  const builder = new UsageBuilder('cohere.chat')
  const usage = at(body, 'usage') ?? at(body, 'meta') ?? at(body, 'delta', 'usage') ?? body
  return builder
    .set(
      'inputTokens',
      builder.count(usage, 'billed_units', 'input_tokens') ?? builder.count(usage, 'tokens', 'input_tokens'),
    )
    .set(
      'outputTokens',
      builder.count(usage, 'billed_units', 'output_tokens') ?? builder.count(usage, 'tokens', 'output_tokens'),
    )
    .set('cacheReadTokens', builder.count(usage, 'cached_tokens'))
    .unit('search_units', builder.count(usage, 'billed_units', 'search_units'))
    .unit('classifications', builder.count(usage, 'billed_units', 'classifications'))
    .text('finishReason', at(body, 'finish_reason'))
    .build()
}
