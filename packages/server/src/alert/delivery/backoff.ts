import type { Random } from '@tallystick/core/event'

const FIRST_MS = 5_000
const LONGEST_MS = 3_600_000

/**
 * How long to wait after so many failures in a row, integer ms: half of a span that doubles from 10 s to an hour, and by chance
 * up to all of it, so that what failed together does not come back together. Never less than was asked for.
 */
export function backoffMs(failures: number, askedMs: number, random: Random): number {
  const half = Math.min(LONGEST_MS / 2, FIRST_MS * 2 ** Math.min(30, failures - 1))
  return Math.max(askedMs, half + Math.floor(chance(random) * (half + 1)))
}

/** [0, 1) */
function chance(random: Random): number {
  const bytes = random.fill(new Uint8Array(4))
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32
}
