import { at, less, type NormalizedUsage, plus, UsageBuilder } from './normalized.ts'
import { usageObject } from './openai-chat.ts'

/**
 * Usage of Anthropic's messages. Its `input_tokens` exclude cache reads and writes, so they are added; output includes
 * thinking. Figures of a stream are cumulative: hand over the last, merged over `message_start`.
 *
 * @example
 * usageFromAnthropic({ usage: { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 5 } })?.fields.inputTokens // 100
 */
export function usageFromAnthropic(body: unknown): NormalizedUsage | undefined {
  const builder = new UsageBuilder('anthropic.messages')
  const message = at(body, 'message') ?? body
  const usage = usageObject(message)
  const fresh = builder.count(usage, 'input_tokens')
  const read = builder.count(usage, 'cache_read_input_tokens')
  const created = builder.count(usage, 'cache_creation_input_tokens')
  const long = builder.count(usage, 'cache_creation', 'ephemeral_1h_input_tokens')
  const short = builder.count(usage, 'cache_creation', 'ephemeral_5m_input_tokens') ?? less(created, long)
  return builder
    .set('inputTokens', plus(fresh, read, short, long))
    .set('cacheReadTokens', read)
    .set('cacheWriteTokens', short)
    .set('cacheWrite1hTokens', long)
    .set('outputTokens', builder.count(usage, 'output_tokens'))
    .set('reasoningTokens', builder.count(usage, 'output_tokens_details', 'thinking_tokens'))
    .unit('web_searches', builder.count(usage, 'server_tool_use', 'web_search_requests'))
    .text('serviceTier', at(usage, 'service_tier'))
    .text('responseModel', at(message, 'model'))
    .text('finishReason', at(message, 'stop_reason'))
    .build()
}
