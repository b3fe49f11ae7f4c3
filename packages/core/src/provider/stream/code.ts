import { CODE_WORDS } from './code-words.ts'

/** What stands for a kind, code or reason that is none of the known words. */
const OTHER = 'other'

/** Nobody is told by fewer than 12 characters what was written. */
const MAX_TOLD = 11
const MAX_CODE = 64
/** More digits are no code but a number that somebody has: of a phone, a card, an account. */
const MAX_DIGITS = 6
const CODE = /^_?[A-Za-z0-9]+(?:[_.:#-][A-Za-z0-9]+)*$/
/** `API`, `Error`, `limit`, `429` of `APIError`, `rate_limit`, `http429`. */
const PARTS = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g

/**
 * A kind or code of an error of a provider (a text, or a number), or its name for anything else of an answer, if it is made of
 * nothing but the words of such codes (`code-words.ts`) or has fewer than 12 characters. A provider or a gateway may say there
 * what it was asked; of a whole prompt that is one word nothing would tell that it is no code, but that nobody calls an error so.
 *
 * @returns undefined for anything else
 * @example knownCode('rate_limit_exceeded') // 'rate_limit_exceeded'
 * @example knownCode('ThrottlingException') // 'ThrottlingException'
 * @example knownCode(1301) // '1301'
 * @example knownCode('antidisestablishmentarianism42') // undefined
 */
export function knownCode(value: unknown): string | undefined {
  const code = typeof value === 'number' ? String(value) : value
  if (typeof code !== 'string' || code.length > MAX_CODE || !CODE.test(code)) return undefined
  return code.length <= MAX_TOLD || isOfKnownWords(code) ? code : undefined
}

/**
 * As {@link knownCode}; any other text or number is `other`, so that it is not taken for nothing said.
 *
 * @example codeOf('insufficient_quota') // 'insufficient_quota'
 * @example codeOf('your prompt was too long') // 'other'
 * @example codeOf(null) // undefined
 */
export function codeOf(value: unknown): string | undefined {
  const said = typeof value === 'number' || (typeof value === 'string' && value !== '')
  return said ? (knownCode(value) ?? OTHER) : undefined
}

function isOfKnownWords(code: string): boolean {
  let digits = 0
  for (const part of code.match(PARTS) ?? []) {
    if (isDigit(part)) digits += part.length
    else if (!CODE_WORDS.has(part.toLowerCase())) return false
  }
  return digits <= MAX_DIGITS
}

const isDigit = (part: string): boolean => part.charCodeAt(0) <= 0x39
