import { crc32 } from 'node:zlib'

const START = Buffer.from('{"t":"', 'latin1')
const ORDINAL = Buffer.from('","n":', 'latin1')
const SEAL = Buffer.from(',"c":"', 'latin1')
const HEX = Buffer.from('0123456789abcdef', 'latin1')
const QUOTE = 0x22
const BRACE = 0x7d
const COMMA = 0x2c
const ZERO = 0x30
const NINE = 0x39
const LINE_FEED = 0x0a

/** `,"c":"1a2b3c4d"}`: what follows the bytes that the checksum covers. */
export const SEAL_BYTES = 16
const MIN_LINE_BYTES = START.length + 1 + ORDINAL.length + 1 + SEAL_BYTES
const MAX_TYPE_BYTES = 32

/** What every line starts with. */
export const LINE_START: Uint8Array = START

/**
 * Closes the line whose first bytes stand at `[start, end)`: checksum, brace, line feed. Returns the new end, which is
 * `end + 17`.
 */
export function sealLine(buffer: Uint8Array, start: number, end: number): number {
  let at = end
  const checksum = crc32(buffer.subarray(start, end))
  for (let index = 0; index < 6; index++) buffer[at++] = SEAL[index] as number
  for (let shift = 28; shift >= 0; shift -= 4) buffer[at++] = HEX[(checksum >>> shift) & 15] as number
  buffer[at++] = QUOTE
  buffer[at++] = BRACE
  buffer[at++] = LINE_FEED
  return at
}

/**
 * The ordinal of the line at `[start, end)` (line feed excluded) if every byte of it is as it was written, else -1.
 * Looks at bytes only, never parses JSON.
 */
export function checkLine(buffer: Buffer, start: number, end: number): number {
  if (end - start < MIN_LINE_BYTES) return -1
  for (let index = 0; index < 6; index++) if (buffer[start + index] !== START[index]) return -1
  const sealed = end - SEAL_BYTES
  for (let index = 0; index < 6; index++) if (buffer[sealed + index] !== SEAL[index]) return -1
  if (buffer[end - 2] !== QUOTE || buffer[end - 1] !== BRACE) return -1
  const checksum = crc32(buffer.subarray(start, sealed))
  for (let index = 0; index < 8; index++) {
    if (buffer[sealed + 6 + index] !== HEX[(checksum >>> (28 - index * 4)) & 15]) return -1
  }
  return ordinalOf(buffer, start, sealed)
}

/** The ordinal of a line whose bytes are sound, or -1 if it has none where it belongs. */
function ordinalOf(buffer: Buffer, start: number, sealed: number): number {
  let at = start + START.length
  const typeLimit = at + MAX_TYPE_BYTES
  while (at < typeLimit && buffer[at] !== QUOTE) at++
  for (let index = 0; index < ORDINAL.length; index++) if (buffer[at + index] !== ORDINAL[index]) return -1
  at += ORDINAL.length
  let ordinal = 0
  let digits = 0
  for (; at < sealed; at++, digits++) {
    const byte = buffer[at] as number
    if (byte < ZERO || byte > NINE) break
    ordinal = ordinal * 10 + (byte - ZERO)
  }
  if (digits === 0 || !Number.isSafeInteger(ordinal)) return -1
  return at === sealed || buffer[at] === COMMA ? ordinal : -1
}
