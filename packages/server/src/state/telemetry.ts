/**
 * Which signal of a source of telemetry is counted from when on, so that what it tells twice is counted once also after a
 * restart. By hash of the source.
 */
export interface TelemetryCourse {
  readonly signals: readonly { readonly kind: 'metric' | 'span' | 'log'; readonly afterMs: number }[]
  /** How far the last of them has been counted; at most an hour behind. */
  readonly untilMs: number
}

/** Where a cumulative metric stood when it was last counted, so that the next value is counted from there. By hash. */
export interface TelemetryStanding {
  /** Decimal ns since 1970 UTC. */
  readonly startNanos: string
  readonly timeNanos: string
  readonly values: Readonly<Record<string, number>>
  /** The event that was made of the last step. It is written after this row, and sent again where that may have failed. */
  readonly event?: Readonly<Record<string, unknown>>
}
