/** What one attribute holds; nested values are not read. */
export type AttributeValue = string | number | boolean | readonly (string | number | boolean)[]

/** Attributes by name. A `Map`: names come from outside. */
export type Attributes = ReadonlyMap<string, AttributeValue>

/** Who emitted a signal. The same object for all that one resource and scope sent in a body. */
export interface Origin {
  readonly resource: Attributes
  /** Name of the instrumentation scope; empty where there is none. */
  readonly scope: string
}

/** A signal and who emitted it. */
export interface Emitted<T> {
  readonly origin: Origin
  readonly item: T
}

/** What is read of a span. Ids are lower-case hex, and empty where they are not valid; instants are ns since 1970 UTC. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  readonly startNanos: bigint
  readonly endNanos: bigint
  readonly attributes: Attributes
  /** Its status is ERROR. The message of the status is not read: it may quote the prompt. */
  readonly failed: boolean
}

/** What is read of a log record. */
export interface LogRecord {
  /** When it happened, or was first seen where that is not known; 0 where neither is. */
  readonly timeNanos: bigint
  readonly traceId: string
  readonly spanId: string
  /** Of the record, else the attribute `event.name`, else a body that is a short text; undefined where there is none. */
  readonly eventName: string | undefined
  readonly attributes: Attributes
}

/** What is read of a metric: sums that rise, and the sums of histograms. Gauges and summaries have no points here. */
export interface Metric {
  readonly name: string
  readonly temporality: 'delta' | 'cumulative' | undefined
  readonly points: readonly MetricPoint[]
}

/** One value of a series. */
export interface MetricPoint {
  readonly startNanos: bigint
  readonly timeNanos: bigint
  readonly attributes: Attributes
  /** Undefined where nothing was recorded. May be anything a double can be. */
  readonly value: number | undefined
}

/** What a body was made of, once it has been read to its end. */
export type Signal = 'traces' | 'logs' | 'metrics'
