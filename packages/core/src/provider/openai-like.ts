import { type NormalizedUsage, plus, UsageBuilder } from './normalized.ts'
import { openAiChat, usageObject } from './openai-chat.ts'

/** Providers that speak OpenAI's chat shape with a difference. Each says what the difference is. */

/** Mistral: cached tokens may stand as `num_cached_tokens`. */
export function usageFromMistral(body: unknown): NormalizedUsage | undefined {
  const builder = openAiChat(body, new UsageBuilder('mistral.chat'))
  return builder.set('cacheReadTokens', builder.count(usageObject(body), 'num_cached_tokens')).build()
}

/** DeepSeek: input is cache hits plus cache misses. */
export function usageFromDeepSeek(body: unknown): NormalizedUsage | undefined {
  const builder = openAiChat(body, new UsageBuilder('deepseek.chat'))
  const usage = usageObject(body)
  const hit = builder.count(usage, 'prompt_cache_hit_tokens')
  const miss = builder.count(usage, 'prompt_cache_miss_tokens')
  const prompt = builder.count(usage, 'prompt_tokens')
  return builder
    .set('inputTokens', prompt ?? plus(hit, miss))
    .set('cacheReadTokens', hit)
    .build()
}

/** Ticks of a ten-billionth of a dollar, as xAI reports cost. */
const TICKS_PER_NANO_USD = 10

/**
 * xAI chat: reasoning stands beside the completion and is output too. Cached tokens may exceed the prompt, which then
 * excludes them. The cost it reports is kept.
 */
export function usageFromXai(body: unknown): NormalizedUsage | undefined {
  const builder = openAiChat(body, new UsageBuilder('xai.chat'))
  const usage = usageObject(body)
  const reasoning = builder.count(usage, 'completion_tokens_details', 'reasoning_tokens')
  const prompt = builder.count(usage, 'prompt_tokens')
  const cached = builder.count(usage, 'prompt_tokens_details', 'cached_tokens')
  const ticks = builder.count(usage, 'cost_in_usd_ticks')
  return builder
    .set('inputTokens', prompt !== undefined && cached !== undefined && cached > prompt ? plus(prompt, cached) : prompt)
    .set('outputTokens', plus(builder.count(usage, 'completion_tokens'), reasoning))
    .set('costReportedNanoUsd', ticks === undefined ? undefined : Math.round(ticks / TICKS_PER_NANO_USD))
    .build()
}

/** Groq: in a stream, usage stands under `x_groq` of the last chunk. */
export function usageFromGroq(body: unknown): NormalizedUsage | undefined {
  const nested = (body as { x_groq?: unknown } | null)?.x_groq
  const chunk =
    typeof body === 'object' && body !== null && nested !== undefined && !('usage' in body && body.usage)
      ? nested
      : body
  return openAiChat(chunk, new UsageBuilder('groq.chat')).build()
}
