import { at, type NormalizedUsage, UsageBuilder } from './normalized.ts'

/** Where the answer's own usage lies: `usage` of a whole answer, or the object itself. */
export function usageObject(body: unknown): unknown {
  return at(body, 'usage') ?? body
}

/**
 * Usage of OpenAI's chat completions (and legacy completions, embeddings), of Azure OpenAI, and of servers that speak the
 * same. Input includes cache reads and writes, output includes reasoning.
 *
 * The last chunk of a stream carries it when `stream_options.include_usage` was asked for.
 *
 * @param body - the whole answer, its last chunk, or its `usage`
 * @returns undefined when there is no figure in it
 * @example usageFromOpenAiChat({ usage: { prompt_tokens: 12, completion_tokens: 8 } })?.fields.inputTokens // 12
 */
export function usageFromOpenAiChat(body: unknown, convention: string = 'openai.chat'): NormalizedUsage | undefined {
  return openAiChat(body, new UsageBuilder(convention)).build()
}

/** The shape that half the field speaks, for the providers that add something to it. */
export function openAiChat(body: unknown, builder: UsageBuilder): UsageBuilder {
  const usage = usageObject(body)
  const input = builder.count(usage, 'prompt_tokens') ?? builder.count(usage, 'input_tokens')
  const output = builder.count(usage, 'completion_tokens') ?? builder.count(usage, 'output_tokens')
  return builder
    .set('inputTokens', input)
    .set('outputTokens', output)
    .set('totalTokens', builder.count(usage, 'total_tokens'))
    .set(
      'cacheReadTokens',
      builder.count(usage, 'prompt_tokens_details', 'cached_tokens') ?? builder.count(usage, 'cached_tokens'),
    )
    .set('cacheWriteTokens', builder.count(usage, 'prompt_tokens_details', 'cache_write_tokens'))
    .set(
      'reasoningTokens',
      builder.count(usage, 'completion_tokens_details', 'reasoning_tokens') ?? builder.count(usage, 'reasoning_tokens'),
    )
    .set('inputAudioTokens', builder.count(usage, 'prompt_tokens_details', 'audio_tokens'))
    .set('inputImageTokens', builder.count(usage, 'prompt_tokens_details', 'image_tokens'))
    .set('outputAudioTokens', builder.count(usage, 'completion_tokens_details', 'audio_tokens'))
    .text('serviceTier', at(body, 'service_tier'))
    .text('responseModel', at(body, 'model'))
    .text('finishReason', at(at(body, 'choices'), '0', 'finish_reason'))
}
