import type { RequestFacts } from '@tallystick/core/capture'

const ASKED = Buffer.from('"stream_options":{"include_usage":true},')
const OPEN_OBJECT = 0x7b
/** Space, tab, line feed, carriage return, and the three bytes of a byte order mark. */
const BEFORE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf])

/**
 * The body of a chat request with the question for the usage of its stream, which OpenAI's servers do not tell unless asked;
 * undefined where there is no stream to ask, or the request says itself how its stream is to be. Every other byte stays.
 *
 * @example askForUsage(Buffer.from('{"stream":true}'), { stream: true })?.toString()
 * // '{"stream_options":{"include_usage":true},"stream":true}'
 */
export function askForUsage(body: Buffer, { stream, streamOptions }: RequestFacts): Buffer | undefined {
  if (stream !== true || streamOptions === true) return undefined
  const at = body.findIndex((byte) => !BEFORE.has(byte))
  if (body[at] !== OPEN_OBJECT) return undefined
  return Buffer.concat([body.subarray(0, at + 1), ASKED, body.subarray(at + 1)])
}
