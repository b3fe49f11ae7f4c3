/**
 * What is used of `@opentelemetry/api`, by its shape: this package imports nothing, and whoever has the api hands it over.
 * Versions from 1.3 on fit.
 */
export interface OpenTelemetryApi {
  readonly trace: TraceLike
  readonly context: {
    active(): object
    with(context: never, job: () => unknown): unknown
  }
  readonly propagation: {
    extract(context: never, carrier: unknown, getter: CarrierGetter): object
  }
}

export interface TraceLike {
  getTracer(name: string): TracerLike
  getSpanContext(context: never): SpanContextLike | undefined
  setSpan(context: never, span: never): object
}

export interface TracerLike {
  startSpan(
    name: string,
    options: { readonly kind: number; readonly startTime: [number, number]; readonly attributes: SpanAttributes },
    context: never,
  ): SpanLike
}

export interface SpanLike {
  spanContext(): SpanContextLike
  isRecording(): boolean
  updateName(name: string): unknown
  setAttributes(attributes: SpanAttributes): unknown
  setStatus(status: { readonly code: number }): unknown
  end(endTime: [number, number]): void
}

export interface SpanContextLike {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly traceState?: { serialize(): string } | undefined
}

/** Values that spans can have; what is not known is left out. */
export type SpanAttributes = Record<string, string | number | boolean | string[]>

/** Reads headers for a propagator. */
export interface CarrierGetter {
  get(carrier: Pick<Headers, 'get'>, key: string): string | undefined
  keys(carrier: Pick<Headers, 'get'>): string[]
}
