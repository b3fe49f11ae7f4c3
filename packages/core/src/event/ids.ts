import { type Clock, type Random, systemClock, systemRandom } from './clock.ts'

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * A generator of UUIDv7 strings (RFC 9562) that rise within one generator, also inside one millisecond.
 *
 * Layout: 48 bits of ms, version 7, 12 bits of counter, variant, then 62 random bits. The counter starts at a random
 * value below 2048 each millisecond; when it runs over, or the wall clock goes back, the last millisecond is carried
 * forward by one, so an id never repeats and never sorts before its predecessor.
 *
 * @example
 * const next = uuidv7Generator()
 * const a = next()
 * const b = next()
 * a < b // true
 */
export function uuidv7Generator(clock: Clock = systemClock, random: Random = systemRandom): () => string {
  const POOL_BYTES = 1024
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  let lastMs = -1
  let counter = 0

  const byte = (): number => {
    if (used === POOL_BYTES) {
      random.fill(pool)
      used = 0
    }
    return pool[used++] as number
  }

  return () => {
    const now = Math.max(0, clock.now())
    if (now > lastMs) {
      lastMs = now
      counter = ((byte() << 8) | byte()) & 0x7ff
    } else if (++counter > 0xfff) {
      lastMs++
      counter = 0
    }
    const high = Math.floor(lastMs / 0x10000)
    const low = lastMs & 0xffff
    let id = hex(high >>> 24) + hex(high >>> 16) + hex(high >>> 8) + hex(high)
    id += `-${hex(low >>> 8)}${hex(low)}-${hex(0x70 | (counter >>> 8))}${hex(counter)}`
    id += `-${hex(0x80 | (byte() & 0x3f))}${hex(byte())}-`
    for (let index = 0; index < 6; index++) id += hex(byte())
    return id
  }
}

const hex = (value: number): string => HEX[value & 0xff] as string

const DASH = 0x2d

/** The ms a UUIDv7 was minted at, or undefined if `id` is anything else. Lower case only, as RFC 9562 writes it. */
export function uuidv7TimeMs(id: string): number | undefined {
  if (id.length !== 36 || id.charCodeAt(14) !== 0x37) return undefined
  let timeMs = 0
  for (let at = 0; at < 36; at++) {
    const code = id.charCodeAt(at)
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (code !== DASH) return undefined
      continue
    }
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : code >= 0x61 && code <= 0x66 ? code - 0x57 : -1
    if (digit < 0) return undefined
    if (at < 13) timeMs = timeMs * 16 + digit
  }
  return timeMs
}
