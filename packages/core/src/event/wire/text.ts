/** May the text be kept? It is well-formed Unicode and has no NUL, which some engines end a string at. */
export function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/**
 * Bytes of well-formed text in UTF-8.
 *
 * @example utf8Bytes('na\u00efve') // 6
 */
export function utf8Bytes(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    // Each half of a pair adds one: two units, four bytes.
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1
  }
  return bytes
}

/**
 * The longest beginning of well-formed text that takes at most `max` bytes and splits no character.
 *
 * @example cutUtf8('na\u00efve', 3) // 'na'
 */
export function cutUtf8(text: string, max: number): string {
  let bytes = 0
  for (let index = 0; index < text.length; ) {
    const code = text.codePointAt(index) as number
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (bytes > max) return text.slice(0, index)
    index += code < 0x10000 ? 1 : 2
  }
  return text
}

/** Without the first half of a pair that a cut left at the end. */
export function withoutHalfPair(text: string): string {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text
}
