import type { ColumnBuffer } from './chunk-columns.ts'

/** Hexadecimal digit of a character code, or 255. Lower case only: other spellings must come back as they were. */
const DIGIT = Uint8Array.from({ length: 256 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code))
  return digit < 0 ? 255 : digit
})
const WORDS: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4, 5, 6, 7],
  [9, 10, 11, 12, 14, 15, 16, 17],
  [19, 20, 21, 22, 24, 25, 26, 27],
  [28, 29, 30, 31, 32, 33, 34, 35],
]
const HYPHENS: readonly number[] = [8, 13, 18, 23]
const HYPHEN = 45
const LENGTH = 36

/** Writes a canonical lower-case UUID and says true; leaves the row empty and says false for any other text. */
export function setUuid(buffer: ColumnBuffer, row: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== LENGTH) return false
  for (const place of HYPHENS) if (bytes[start + place] !== HYPHEN) return false
  for (let word = 0; word < 4; word++) {
    let value = 0
    for (const place of WORDS[word] as readonly number[]) {
      const digit = DIGIT[bytes[start + place] as number] as number
      if (digit === 255) return false
      value = (value << 4) | digit
    }
    // The engine keeps a UUID as a signed 128-bit integer, low word first, with the top bit flipped so that order agrees.
    buffer.words[row * 4 + 3 - word] = word === 0 ? value ^ 0x80000000 : value
  }
  buffer.mark(row)
  return true
}
