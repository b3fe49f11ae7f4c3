import { utf8Bytes } from '../event/wire/text.ts'

type Body = { readonly [key: string]: unknown }

/** What a request without any text is taken for. */
const UNKNOWN_INPUT_TOKENS = 1_000
const BYTES_PER_TOKEN = 4
/** Roles, separators and what else a provider wraps around messages. */
const WRAPPING_TOKENS = 100

/**
 * Input tokens of a request body, estimated from its text: a token for every 4 bytes of UTF-8, a tenth more, and 100.
 * Without any text it is 1,000.
 *
 * Text is what stands in `messages` and `system`, and in `input`, `instructions` and `prompt` of other APIs, plain or in
 * blocks. Images, tool definitions and what the provider remembers are not seen: this is an estimate.
 *
 * @example estimateInputTokens({ messages: [{ role: 'user', content: 'x'.repeat(400) }] }) // 210
 */
export function estimateInputTokens(body: Body): number {
  let bytes = textBytes(body['system']) + textBytes(body['instructions']) + textBytes(body['prompt'])
  for (const name of ['messages', 'input']) {
    const messages = body[name]
    if (!Array.isArray(messages)) bytes += textBytes(messages)
    else for (const message of messages) bytes += textBytes(isObject(message) ? message['content'] : message)
  }
  if (bytes === 0) return UNKNOWN_INPUT_TOKENS
  const tokens = Math.floor(bytes / BYTES_PER_TOKEN)
  return tokens + Math.floor(tokens / 10) + WRAPPING_TOKENS
}

/** Of a text, or of the `text` of blocks. */
function textBytes(content: unknown): number {
  if (typeof content === 'string') return utf8Bytes(content)
  if (!Array.isArray(content)) return 0
  let bytes = 0
  for (const block of content) {
    if (typeof block === 'string') bytes += utf8Bytes(block)
    else if (isObject(block) && typeof block['text'] === 'string') bytes += utf8Bytes(block['text'])
  }
  return bytes
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null
}
