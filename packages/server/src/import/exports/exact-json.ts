/** More digits than a double is sure to give back; see {@link parseExactJson}. */
const LONG = /[\d.]{16}/

/**
 * `JSON.parse`, but a number of more than 15 significant digits becomes its text. A double gives back any decimal of up to
 * 15 digits as it was written, and may change a longer one: amounts of money must not go through it.
 *
 * @throws SyntaxError as `JSON.parse` does
 * @source IEEE 754 binary64: 15 decimal digits survive the way there and back
 * @example parseExactJson('{"spend":0.00022500000000000002,"tokens":30}') // { spend: '0.00022500000000000002', tokens: 30 }
 */
export function parseExactJson(text: string): unknown {
  return JSON.parse(LONG.test(text) ? quoteLongNumbers(text) : text)
}

/** Text outside of strings consists of punctuation, three words, and numbers. */
function quoteLongNumbers(text: string): string {
  let out = ''
  let copied = 0
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(text, at)
    } else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, at)
      const number = text.slice(at, end)
      if (significantDigits(number) > 15) {
        out += `${text.slice(copied, at)}"${number}"`
        copied = end
      }
      at = end
    } else at++
  }
  return out + text.slice(copied)
}

const QUOTE = 0x22
const MINUS = 0x2d
const BACKSLASH = 0x5c
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
  return text.length
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && /[\d.eE+-]/.test(text[at] as string)) at++
  return at
}

function significantDigits(number: string): number {
  const mantissa = number.replace(/[eE].*$/, '').replace(/\D/g, '')
  return mantissa.replace(/^0+/, '').length
}
