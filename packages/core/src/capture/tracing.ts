import type { UsageEvent } from '../event/index.ts'
import type { Trace } from './trace-context.ts'

/** Makes a span of each exchange. `openTelemetry` of `@tallystick/core/otel` is one. */
export interface Tracing {
  /** Undefined where nobody traces. */
  begin(start: SpanStart): ExchangeSpan | undefined
}

/** What is known of an exchange when it begins. */
export interface SpanStart {
  /** It has come in to a server of one's own, and was not sent by this process. */
  readonly incoming: boolean
  readonly operation: string
  readonly provider: string | undefined
  readonly model: string | undefined
  /** Integer ms since 1970 UTC. */
  readonly startedMs: number
  /** Where it goes, if it goes by HTTP. */
  readonly url: URL | undefined
  /** Headers of the request, which may name the trace that it belongs to. */
  readonly headers: Pick<Headers, 'get'> | undefined
}

/** The span of one exchange. */
export interface ExchangeSpan extends Trace {
  /** The event's id where no provider gives one, so that both are known to be of one request. Absent for what nobody will see. */
  readonly eventId?: string
  /** Runs a piece of the exchange as a part of the span. */
  within<T>(job: () => T): T
  /** Headers by which whoever gets the request knows the span; none unless it is to know. */
  headers(): readonly (readonly [name: string, value: string])[]
  /** Called once, with what was recorded; undefined where nothing could be. */
  end(event: UsageEvent | undefined): void
}
