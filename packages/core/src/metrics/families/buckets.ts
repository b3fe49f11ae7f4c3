/**
 * Upper bounds of durations in milliseconds. One list for both families of durations, so that the counts of the one in
 * seconds are those of the one in milliseconds. The upper end lets reasoning models be told apart: OpenTelemetry's own list
 * ends at 82 s.
 */
export const DURATION_BUCKETS_MS: readonly number[] = [
  5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000,
]

/** The same in seconds. */
export const DURATION_BUCKETS_SECONDS: readonly number[] = DURATION_BUCKETS_MS.map((ms) => ms / 1000)
