import { at, type NormalizedUsage, plus, UsageBuilder } from '@tallystick/core/provider'
import { saidObject } from '../said.ts'

/**
 * Usage of a payload in canonical counting. LiteLLM has brought every provider's answer into OpenAI's shape by then: its
 * `prompt_tokens` have cache reads and writes in them, its `completion_tokens` the reasoning. Cached tokens stand twice, in
 * `prompt_tokens_details` and, as Anthropic calls them, beside it; they are counted once. Where they are more than the prompt,
 * an older version left them out of it. Where reasoning is not in the completion, the total tells.
 *
 * @source litellm/types/utils.py `Usage`; litellm/llms/anthropic/chat/transformation.py `calculate_usage`
 * @returns undefined where there is no figure, or LiteLLM's zeros stand for none
 */
export function litellmUsage(payload: unknown): NormalizedUsage | undefined {
  const usage =
    saidObject(at(payload, 'metadata', 'usage_object')) ??
    saidObject(at(payload, 'hidden_params', 'usage_object')) ??
    {}
  const builder = new UsageBuilder('litellm')
  const figure = (name: string): number | undefined => builder.count(usage, name) ?? builder.count(payload, name)
  const prompt = figure('prompt_tokens')
  const completion = figure('completion_tokens')
  const total = figure('total_tokens')
  // It writes zeros for what it does not know; a request of no tokens at all there is not.
  if (!prompt && !completion && !total) return undefined

  const inside = (name: string): number | undefined => builder.count(usage, 'prompt_tokens_details', name)
  const read = inside('cached_tokens') ?? builder.count(usage, 'cache_read_input_tokens')
  const written =
    builder.count(usage, 'cache_creation_input_tokens') ??
    inside('cache_creation_tokens') ??
    inside('cache_write_tokens')
  const long = builder.count(
    usage,
    'prompt_tokens_details',
    'cache_creation_token_details',
    'ephemeral_1h_input_tokens',
  )
  const short = written === undefined ? undefined : Math.max(0, written - (long ?? 0))
  const cached = plus(read, short, long) ?? 0
  const reasoning = builder.count(usage, 'completion_tokens_details', 'reasoning_tokens')
  const beside = reasoning !== undefined && total === (prompt ?? 0) + (completion ?? 0) + reasoning
  return builder
    .set('inputTokens', prompt !== undefined && cached > prompt ? plus(prompt, cached) : prompt)
    .set('cacheReadTokens', read)
    .set('cacheWriteTokens', short)
    .set('cacheWrite1hTokens', long)
    .set('outputTokens', beside ? plus(completion, reasoning) : completion)
    .set('reasoningTokens', reasoning)
    .set('inputAudioTokens', inside('audio_tokens'))
    .set('inputImageTokens', inside('image_tokens'))
    .set('outputAudioTokens', builder.count(usage, 'completion_tokens_details', 'audio_tokens'))
    .set('totalTokens', total)
    .unit('web_searches', builder.count(usage, 'server_tool_use', 'web_search_requests'))
    .build()
}
