import { at, less, type NormalizedUsage, UsageBuilder } from './normalized.ts'
import { usageObject } from './openai-chat.ts'

/**
 * Usage of OpenAI's responses. Input includes cache reads and writes, output includes reasoning; writes of the 12-hour
 * lifetime are the long ones. `body` may also be the `response.completed` event of a stream.
 *
 * @example
 * usageFromOpenAiResponses({ usage: { input_tokens: 30, output_tokens: 10, input_tokens_details: { cached_tokens: 6 } } })
 *   ?.fields.cacheReadTokens // 6
 */
export function usageFromOpenAiResponses(
  body: unknown,
  convention: string = 'openai.responses',
): NormalizedUsage | undefined {
  return openAiResponses(body, new UsageBuilder(convention)).build()
}

export function openAiResponses(body: unknown, builder: UsageBuilder): UsageBuilder {
  const response = at(body, 'response') ?? body
  const usage = usageObject(response)
  const written = builder.count(usage, 'input_tokens_details', 'cache_write_tokens')
  const long = builder.count(usage, 'input_tokens_details', 'cache_write_tokens_details', 'ttl_12h_tokens')
  return builder
    .set('inputTokens', builder.count(usage, 'input_tokens'))
    .set('outputTokens', builder.count(usage, 'output_tokens'))
    .set('totalTokens', builder.count(usage, 'total_tokens'))
    .set('cacheReadTokens', builder.count(usage, 'input_tokens_details', 'cached_tokens'))
    .set('cacheWriteTokens', less(written, long))
    .set('cacheWrite1hTokens', long)
    .set('reasoningTokens', builder.count(usage, 'output_tokens_details', 'reasoning_tokens'))
    .text('serviceTier', at(response, 'service_tier'))
    .text('responseModel', at(response, 'model'))
    .text('finishReason', at(response, 'status'))
}
