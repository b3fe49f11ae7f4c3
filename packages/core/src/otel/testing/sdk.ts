import { AsyncLocalStorage } from 'node:async_hooks'
import { type Context, type ContextManager, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'

/** The SDK of OpenTelemetry as an application on Node starts it: tracer, context over awaits, W3C propagation with baggage. */
export interface Sdk {
  /** Spans that have ended, in that order. */
  spans(): readonly ReadableSpan[]
  stop(): Promise<void>
}

export class AsyncContext implements ContextManager {
  readonly #current = new AsyncLocalStorage<Context>()
  active = (): Context => this.#current.getStore() ?? ROOT_CONTEXT
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    job: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#current.run(active, () => job.call(self as ThisParameterType<F>, ...args))
  }
  bind = <T>(_: Context, target: T): T => target
  enable = (): this => this
  disable = (): this => this
}

export function startSdk(options: { readonly sampler?: Sampler; readonly exporter?: SpanExporter } = {}): Sdk {
  const { exporter: other, ...rest } = options
  const exporter = new InMemorySpanExporter()
  const exporters = other === undefined ? [exporter] : [exporter, other]
  const provider = new BasicTracerProvider({
    ...rest,
    spanProcessors: exporters.map((each) => new SimpleSpanProcessor(each)),
  })
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncContext())
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  )
  return {
    spans: () => exporter.getFinishedSpans(),
    async stop() {
      trace.disable()
      context.disable()
      propagation.disable()
      await provider.shutdown()
    },
  }
}
