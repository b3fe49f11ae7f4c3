import { isTrace } from '../capture/trace-context.ts'
import type { ExchangeSpan, SpanStart, Tracing } from '../capture/tracing.ts'
import type { UsageEvent } from '../event/index.ts'
import type { CarrierGetter, OpenTelemetryApi, SpanAttributes, SpanContextLike, SpanLike, TracerLike } from './api.ts'
import { ATTRIBUTES, type Generation, generationOf, SPAN_ATTRIBUTES } from './names.ts'
import { spanAttributes } from './span-attributes.ts'

/** How spans are made. */
export interface OpenTelemetryOptions {
  /** What `OTEL_SEMCONV_STABILITY_OPT_IN` says: with `gen_ai_latest_experimental` in it the newest names are written. */
  readonly optIn?: string | undefined
  /**
   * Whether requests that go out name their trace (`traceparent`, `tracestate`), all or by where they go. Not unless asked: no
   * provider has a use for it, a browser's request to one would be refused for it, and where an instrumentation of `fetch` adds
   * the headers by itself they would be there twice, which makes them invalid. For gateways of one's own, and capture proxies.
   */
  readonly propagate?: boolean | ((url: URL) => boolean)
}

/** The numbers of OpenTelemetry's enumerations. */
const INTERNAL = 0
const CLIENT = 2
const ERROR = 2

/**
 * Spans of captured requests, by the OpenTelemetry SDK that the application runs: one for each event, with its figures and its
 * outcome, and nothing of what was said. Without an SDK nothing is made.
 *
 * A request that is sent is a span of kind client; one that comes in to a server of one's own is internal, inside that of the
 * server. What happens on the way, e.g. further requests of a handler, is inside it. The event has its `traceId` and `spanId`.
 *
 * @param api all of `@opentelemetry/api`, or its `trace`, `context` and `propagation`
 *
 * @example
 * import * as api from '@opentelemetry/api'
 * const fetch = captureFetch({ sink: store, prices, tracing: openTelemetry(api) })
 */
export function openTelemetry(api: OpenTelemetryApi, options: OpenTelemetryOptions = {}): Tracing {
  const generation = generationOf(options.optIn)
  const { propagate = false } = options
  // One that has no SDK behind it yet asks again each time.
  const tracer = api.trace.getTracer('@tallystick/core')
  return {
    begin(start) {
      const parent = parentOf(api, start)
      const span = beginSpan(tracer, start, parent)
      const context = span.spanContext()
      if (!isTrace(context)) return undefined
      const sends =
        !start.incoming &&
        start.url !== undefined &&
        (typeof propagate === 'function' ? propagate(start.url) : propagate)
      return new OpenSpan({ api, span, context, parent, start, generation, sends })
    },
  }
}

/** What a request that comes in is a part of: what runs here already, else what it says itself. */
function parentOf({ trace, context, propagation }: OpenTelemetryApi, { incoming, headers }: SpanStart): object {
  const active = context.active()
  if (!incoming || headers === undefined || trace.getSpanContext(active as never) !== undefined) return active
  return propagation.extract(active as never, headers, HEADERS)
}

const HEADERS: CarrierGetter = {
  get: (headers, name) => headers.get(name) ?? undefined,
  // Asked for by propagators of names that are not known beforehand; there are none that trace requests.
  keys: () => [],
}

function beginSpan(tracer: TracerLike, start: SpanStart, parent: object): SpanLike {
  const { operation, provider, model, url } = start
  const attributes: SpanAttributes = { [ATTRIBUTES.operation]: operation }
  if (provider !== undefined) attributes[ATTRIBUTES.provider] = provider
  if (model !== undefined) attributes[ATTRIBUTES.requestModel] = model
  if (url !== undefined) {
    attributes[SPAN_ATTRIBUTES.serverAddress] = url.hostname
    attributes[SPAN_ATTRIBUTES.serverPort] = Number(url.port) || (url.protocol === 'http:' ? 80 : 443)
  }
  const kind = start.incoming ? INTERNAL : CLIENT
  return tracer.startSpan(
    nameOf(operation, model),
    { kind, startTime: instantOf(start.startedMs), attributes },
    parent as never,
  )
}

interface Opened {
  readonly api: OpenTelemetryApi
  readonly span: SpanLike
  readonly context: SpanContextLike
  readonly parent: object
  readonly start: SpanStart
  readonly generation: Generation
  /** Does its request name it? */
  readonly sends: boolean
}

class OpenSpan implements ExchangeSpan {
  readonly traceId: string
  readonly spanId: string
  readonly eventId?: string
  readonly #opened: Opened

  constructor(opened: Opened) {
    this.#opened = opened
    const { traceId, spanId } = opened.context
    this.traceId = traceId
    this.spanId = spanId
    // As a receiver of spans makes it of a span without the id of an answer.
    if (opened.span.isRecording()) this.eventId = `${traceId}-${spanId}`
  }

  within<T>(job: () => T): T {
    const { api, span, parent } = this.#opened
    return api.context.with(api.trace.setSpan(parent as never, span as never) as never, job) as T
  }

  /** Written here and not by the application's propagator, which may send baggage along: that is for nobody outside. */
  headers(): readonly (readonly [string, string])[] {
    if (!this.#opened.sends) return []
    const { traceId, spanId, traceFlags, traceState } = this.#opened.context
    const state = traceState?.serialize() ?? ''
    const parent = `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`
    return state === ''
      ? [['traceparent', parent]]
      : [
          ['traceparent', parent],
          ['tracestate', state],
        ]
  }

  end(event: UsageEvent | undefined): void {
    const { span, start, generation } = this.#opened
    if (event !== undefined && span.isRecording()) {
      const { operation = start.operation, requestModel, durationMs = 0 } = event
      if (operation !== start.operation || requestModel !== start.model)
        span.updateName(nameOf(operation, requestModel))
      span.setAttributes(spanAttributes(event, event.eventId !== this.eventId, generation))
      if (event.success === false) span.setStatus({ code: ERROR })
      span.end(instantOf(event.timestampMs + durationMs))
      return
    }
    span.end(instantOf(start.startedMs))
  }
}

const nameOf = (operation: string, model: string | undefined): string =>
  model === undefined ? operation : `${operation} ${model}`

/** Seconds and nanoseconds: a number alone might be taken for one of another clock. */
function instantOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)]
}
