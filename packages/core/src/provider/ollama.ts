import { at, type NormalizedUsage, UsageBuilder } from './normalized.ts'

/**
 * Ollama: counts stand at the top of the answer, in a stream of its last line. A prompt that was cached whole has no
 * `prompt_eval_count`; its input is then unknown, not zero.
 *
 * @example usageFromOllama({ prompt_eval_count: 26, eval_count: 298 })?.fields.outputTokens // 298
 */
export function usageFromOllama(body: unknown): NormalizedUsage | undefined {
  const builder = new UsageBuilder('ollama.chat')
  return builder
    .set('inputTokens', builder.count(body, 'prompt_eval_count'))
    .set('outputTokens', builder.count(body, 'eval_count'))
    .text('responseModel', at(body, 'model'))
    .text('finishReason', at(body, 'done_reason'))
    .build()
}
