import { at, type NormalizedUsage, UsageBuilder } from './normalized.ts'
import { usageObject } from './openai-chat.ts'

/**
 * Usage of OpenAI's images and audio, of whole answers and of the last event of a stream. Input includes what is image or
 * audio of it. A picture's output is image tokens unless its details say otherwise; models that are billed by the length of what
 * they hear tell seconds in place of tokens, the begun one whole.
 *
 * @param body - the whole answer, the last event of its stream, or its `usage`
 * @returns undefined when there is no figure in it
 * @example usageFromOpenAiMedia({ usage: { type: 'duration', seconds: 9 } })?.fields.units // { audio_seconds: 9 }
 * @example
 * const input_tokens_details = { text_tokens: 10, image_tokens: 40 }
 * usageFromOpenAiMedia({ usage: { input_tokens: 50, output_tokens: 50, input_tokens_details } })?.fields.inputImageTokens // 40
 */
export function usageFromOpenAiMedia(body: unknown, convention: string = 'openai.media'): NormalizedUsage | undefined {
  const builder = new UsageBuilder(convention)
  const usage = usageObject(body)
  const input = at(usage, 'input_tokens_details') ?? at(usage, 'input_token_details')
  const inputImage = builder.count(input, 'image_tokens')
  const output = builder.count(usage, 'output_tokens')
  const details = at(usage, 'output_tokens_details') ?? undefined
  return builder
    .set('inputTokens', builder.count(usage, 'input_tokens'))
    .set('outputTokens', output)
    .set('totalTokens', builder.count(usage, 'total_tokens'))
    .set('cacheReadTokens', builder.count(input, 'cached_tokens'))
    .set('inputImageTokens', inputImage)
    .set('inputAudioTokens', builder.count(input, 'audio_tokens'))
    .set(
      'outputImageTokens',
      details === undefined && inputImage !== undefined ? output : builder.count(details, 'image_tokens'),
    )
    .unit('audio_seconds', secondsOf(usage, builder))
    .text('responseModel', at(body, 'model'))
    .build()
}

/** Their details have the names of neither chat nor responses, or their usage says by itself how it counts. */
export function isOpenAiMedia(body: unknown): boolean {
  const usage = usageObject(body)
  const type = at(usage, 'type')
  if (type === 'tokens' || type === 'duration' || at(usage, 'input_token_details') !== undefined) return true
  const details = at(usage, 'input_tokens_details')
  return (
    at(body, 'object') !== 'response' &&
    (at(details, 'image_tokens') !== undefined || at(details, 'text_tokens') !== undefined)
  )
}

function secondsOf(usage: unknown, builder: UsageBuilder): number | undefined {
  const seconds = at(usage, 'seconds')
  if (seconds === undefined || seconds === null) return undefined
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= Number.MAX_SAFE_INTEGER) return Math.ceil(seconds)
  builder.anomalies.push('seconds is not a length')
  return undefined
}
