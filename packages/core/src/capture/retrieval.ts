import type { UsageEvent } from '../event/index.ts'
import type { BackgroundReading } from '../provider/stream/answer-reader.ts'

/**
 * Where a response was asked for that is looked up at this path; undefined for any other path.
 *
 * @example askedAt('/v1/responses/resp_1') // '/v1/responses'
 * @example askedAt('/v1/models/gpt-4o') // undefined
 */
export function askedAt(pathname: string): string | undefined {
  const slash = pathname.lastIndexOf('/')
  return slash < pathname.length - 1 && pathname.endsWith('/responses', slash) ? pathname.slice(0, slash) : undefined
}

/**
 * Is this the answer that a request is recorded by? One that is made in the background is asked for once, looked up until it is
 * over, and has its figures only then: what queued it is no event, and neither is any look before the end. Whatever else is looked
 * up was recorded when it was asked for, maybe months ago.
 */
export function isRecordedBy(background: BackgroundReading | undefined, retrieved: boolean): boolean {
  return retrieved ? background?.over === true : background?.over !== false
}

/**
 * The times of a response that was looked up are its own, not those of the look: so it stands where it was made, and who looks
 * again tells the same.
 */
export function timesOf({
  createdMs,
  completedMs,
}: BackgroundReading): Pick<Partial<UsageEvent>, 'durationMs' | 'timestampMs'> {
  if (createdMs === undefined) return {}
  const lasted = completedMs !== undefined && completedMs >= createdMs
  return { timestampMs: createdMs, ...(lasted ? { durationMs: completedMs - createdMs } : {}) }
}
