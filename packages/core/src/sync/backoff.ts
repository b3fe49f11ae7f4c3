import type { Clock, Random } from '../event/index.ts'

/** The longest wait before the next attempt that we choose ourselves. */
const LONGEST_BACKOFF_MS = 30_000
/** The longest wait that a server may ask for. Beyond it, its clock or ours is more likely wrong than it is busy. */
const LONGEST_ASKED_MS = 300_000

/**
 * How long to wait after so many failures in a row, integer ms: exponential with full jitter, anything from 0 to a ceiling
 * that doubles from `baseMs` to 30 s, so that many clients that lost one server do not come back as one.
 *
 * @param failures >= 1
 * @source https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ (retrieved 2026-11-20)
 */
export function backoffMs(failures: number, baseMs: number, random: Random): number {
  const ceiling = Math.min(LONGEST_BACKOFF_MS, baseMs * 2 ** (failures - 1))
  return Math.floor(unitInterval(random) * (ceiling + 1))
}

/** [0, 1) */
function unitInterval(random: Random): number {
  const bytes = random.fill(new Uint8Array(4))
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32
}

/**
 * The wait that a `Retry-After` header asks for: seconds or an HTTP date, at most five minutes; undefined without one or
 * when it cannot be read.
 *
 * @example retryAfterMs('2', systemClock) // 2000
 */
export function retryAfterMs(header: string | null, clock: Clock): number | undefined {
  if (header === null || header === '') return undefined
  const askedMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - clock.now()
  return Number.isNaN(askedMs) ? undefined : Math.min(LONGEST_ASKED_MS, Math.max(0, askedMs))
}
