import { at, type NormalizedUsage, ofModality, plus, UsageBuilder } from './normalized.ts'

/**
 * Usage of Gemini's `generateContent`. Prompt includes cached content; tokens of tool results stand beside the prompt and
 * are input too; thoughts stand beside the candidates and are output. Each chunk of a stream repeats the figures so far:
 * hand over the last.
 *
 * @example
 * usageFromGemini({ usageMetadata: { promptTokenCount: 20, candidatesTokenCount: 30, thoughtsTokenCount: 70 } })
 *   ?.fields.outputTokens // 100
 */
export function usageFromGemini(body: unknown): NormalizedUsage | undefined {
  const builder = new UsageBuilder('gemini.generate_content')
  const usage = at(body, 'usageMetadata') ?? body
  const thoughts = builder.count(usage, 'thoughtsTokenCount')
  return builder
    .set('inputTokens', plus(builder.count(usage, 'promptTokenCount'), builder.count(usage, 'toolUsePromptTokenCount')))
    .set('cacheReadTokens', builder.count(usage, 'cachedContentTokenCount'))
    .set('outputTokens', plus(builder.count(usage, 'candidatesTokenCount'), thoughts))
    .set('reasoningTokens', thoughts)
    .set('totalTokens', builder.count(usage, 'totalTokenCount'))
    .set('inputAudioTokens', ofModality(builder, at(usage, 'promptTokensDetails'), 'AUDIO'))
    .set('inputImageTokens', ofModality(builder, at(usage, 'promptTokensDetails'), 'IMAGE'))
    .set('outputAudioTokens', ofModality(builder, at(usage, 'candidatesTokensDetails'), 'AUDIO'))
    .set('outputImageTokens', ofModality(builder, at(usage, 'candidatesTokensDetails'), 'IMAGE'))
    .text('serviceTier', at(usage, 'serviceTier') ?? at(usage, 'trafficType'))
    .text('responseModel', at(body, 'modelVersion'))
    .text('finishReason', at(at(body, 'candidates'), '0', 'finishReason'))
    .build()
}
