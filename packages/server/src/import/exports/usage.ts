import { present } from './fields.ts'

/** What a row says of its tokens, totals inclusive. */
export interface TokenTotals {
  readonly input: number | undefined
  readonly output: number | undefined
  readonly cacheRead?: number | undefined
  readonly cacheWrite?: number | undefined
  readonly cacheWrite1h?: number | undefined
  readonly reasoning?: number | undefined
  readonly inputAudio?: number | undefined
  readonly outputAudio?: number | undefined
  readonly inputImage?: number | undefined
  readonly outputImage?: number | undefined
}

/**
 * The usage members of the native wire. A subset that is 0 is left out, since exporters fill in what they do not know with
 * 0; one that is larger than what is left of its total is cut, as the door would refuse the whole row for it.
 *
 * @example wireUsage({ input: 100, output: 5, cacheRead: 90 }) // { input_tokens: 100, cache_read_tokens: 90, output_tokens: 5 }
 */
export function wireUsage(tokens: TokenTotals): Record<string, unknown> {
  const cache = share(tokens.input)
  const inputModes = share(tokens.input)
  const thought = share(tokens.output)
  const outputModes = share(tokens.output)
  return present({
    input_tokens: tokens.input,
    cache_read_tokens: cache(tokens.cacheRead),
    cache_write_tokens: cache(tokens.cacheWrite),
    cache_write_1h_tokens: cache(tokens.cacheWrite1h),
    input_audio_tokens: inputModes(tokens.inputAudio),
    input_image_tokens: inputModes(tokens.inputImage),
    output_tokens: tokens.output,
    reasoning_tokens: thought(tokens.reasoning),
    output_audio_tokens: outputModes(tokens.outputAudio),
    output_image_tokens: outputModes(tokens.outputImage),
  })
}

function share(total: number | undefined): (part: number | undefined) => number | undefined {
  let left = total ?? 0
  return (part) => {
    const taken = Math.min(part ?? 0, left)
    left -= taken
    return taken === 0 ? undefined : taken
  }
}

/** Sum of what is known. */
export function sum(...counts: readonly (number | undefined)[]): number {
  return counts.reduce<number>((total, count) => total + (count ?? 0), 0)
}
