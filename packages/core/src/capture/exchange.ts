import { type Clock, systemClock, type UsageEvent } from '../event/index.ts'
import { inferProvider } from '../provider/infer.ts'
import { parseProvider } from '../provider/provider.ts'
import { AnswerReader, type AnswerReading } from '../provider/stream/answer-reader.ts'
import type { EventDefaults } from '../recorder/recordable.ts'
import type { Prices } from '../recorder/recording.ts'
import { ExchangeEvent, type ExchangeParts } from './exchange-event.ts'
import type { ExchangeNames } from './exchange-names.ts'
import { basisOf, outcomeOf, STREAMS } from './outcome.ts'
import { type RequestFacts, RequestReader } from './request-facts.ts'
import { isRecordedBy, timesOf } from './retrieval.ts'
import type { Target } from './target.ts'
import { type Trace, traceOf } from './trace-context.ts'
import type { ExchangeSpan, Tracing } from './tracing.ts'

export type { ExchangeNames }

/** Takes events, as `EventStore` does. */
export interface ExchangeSink {
  record(event: Partial<UsageEvent> & Pick<UsageEvent, 'kind'>): boolean
  /** By which its events are known where they name no agent; a capture proxy on the way is told. */
  readonly sourceId?: string
  /** What it adds to events that do not say. */
  readonly defaults?: EventDefaults | undefined
}

/** Where events go, and what they are made with. */
export interface ExchangeOptions {
  readonly sink: ExchangeSink
  /** Prices events here; without it the server does. */
  readonly prices?: Prices
  readonly clock?: Clock
  /** Makes a span of each request, see `openTelemetry` of `@tallystick/core/otel`; without it none is made. */
  readonly tracing?: Tracing
}

/** What is known when a request goes out, or comes in. */
export interface ExchangeStart {
  readonly target: Target
  readonly method?: string
  /** What its body says. Absent where that is still to go by: {@link Exchange.requested}, {@link Exchange.sent}, or `read`. */
  readonly facts?: RequestFacts
  readonly requestBytes?: number
  /** A function is asked when the exchange is over. What it throws counts as nothing said. */
  readonly names?: ExchangeNames | (() => ExchangeNames)
  /** 1 for the first try. */
  readonly attempt?: number
  /** What somebody else has read of the request's body; asked where its bytes told nothing here. */
  readonly read?: () => RequestFacts
  /** It looks up a response that was asked for before; recorded only where that was made in the background, and is over. */
  readonly retrieved?: boolean
  /** The answer is our own server's: its headers name no request of a provider. */
  readonly ours?: boolean
  /** Headers of the request, which may say what trace it belongs to. */
  readonly headers?: Pick<Headers, 'get'>
  /** Where it goes, if it goes by HTTP. */
  readonly url?: URL
  /** The id of the event where the provider gives none, and no span does. */
  readonly exchangeId?: string
}

const NOTHING: ExchangeNames = {}

/** What is measured of a request that was made here. */
type Measured = Pick<ExchangeParts, 'attempt' | 'requestBytes' | 'durationMs' | 'ttfbMs' | 'trace'>
const NOTHING_MEASURED: Measured = {
  attempt: undefined,
  requestBytes: undefined,
  durationMs: undefined,
  ttfbMs: undefined,
  trace: undefined,
}

/** Headers by which providers name a request; the answer's own id is better where there is one. */
const REQUEST_ID_HEADERS = ['request-id', 'x-request-id', 'x-amzn-requestid', 'apim-request-id', 'cf-ray'] as const
const MAX_ID_CHARS = 128

/**
 * One request to a provider and its answer. Whatever becomes of it, exactly one event is recorded: when the answer has ended, when
 * it broke off, when nobody wanted it any more, or when none came. The one exception is an answer that promises another: a response
 * that is made in the background is recorded when it is looked up and over. Never throws into the request's way.
 *
 * The event's id is the provider's own id of the answer, so that one exchange seen in two places (an application and a gateway)
 * is counted once.
 */
export class Exchange {
  readonly #options: ExchangeOptions
  readonly #start: ExchangeStart
  readonly #clock: Clock
  readonly #startedMs: number
  readonly #started: number
  readonly #span: ExchangeSpan | undefined
  #request: RequestReader | undefined
  #facts: RequestFacts | undefined
  #requestBytes: number | undefined
  #added: ExchangeNames = NOTHING
  #reader: AnswerReader | undefined
  #status: number | undefined
  #requestId: string | undefined
  #firstByte: number | undefined
  #responseBytes: number | undefined
  #streamed = false
  #unread = false
  #over = false
  #release: (() => void) | undefined

  constructor(options: ExchangeOptions, start: ExchangeStart) {
    this.#options = options
    this.#start = start
    this.#clock = options.clock ?? systemClock
    this.#startedMs = this.#clock.now()
    this.#started = this.#clock.monotonic()
    this.#facts = start.facts
    this.#requestBytes = start.requestBytes
    const { tracing } = options
    this.#span = tracing === undefined || start.retrieved === true ? undefined : this.#beginSpan(tracing)
  }

  /** Runs what sends the request on, or answers it, as a part of its span where there is one. */
  within<T>(job: () => T): T {
    return this.#span === undefined ? job() : this.#span.within(job)
  }

  /** Headers to add to the request, by which whoever gets it knows its trace; none unless that is asked for. */
  get traceHeaders(): readonly (readonly [name: string, value: string])[] {
    const span = this.#span
    return (span === undefined ? undefined : answerOf(() => span.headers())) ?? []
  }

  /** The id of its event if the provider gives none; undefined where one is minted for it then. */
  get exchangeId(): string | undefined {
    return this.#span?.eventId ?? this.#start.exchangeId
  }

  /** The status it has been answered with; undefined before. */
  get status(): number | undefined {
    return this.#status
  }

  /**
   * Says more of the request, at any time before it is over: who asks, what was decided, what the answer's bytes do not tell.
   * What is said last counts; tags are added to those there are. What comes later than the end is left out.
   */
  add(names: ExchangeNames): void {
    const tags = { ...this.#added.tags, ...names.tags }
    this.#added = { ...this.#added, ...names, ...(Object.keys(tags).length === 0 ? {} : { tags }) }
  }

  /** A piece of the request's body, as it goes by. */
  requested(bytes: Uint8Array): void {
    if (this.#over) return
    this.#requestBytes = (this.#requestBytes ?? 0) + bytes.length
    if (this.#facts !== undefined) return
    this.#request ??= new RequestReader(this.#start.headers?.get('content-type'))
    this.#request.write(bytes)
  }

  /** The request's body has gone by elsewhere; the answer may have begun before. */
  sent(facts: RequestFacts, requestBytes: number): void {
    this.#facts = facts
    this.#requestBytes = requestBytes
  }

  /**
   * The status line and headers have come, or gone.
   *
   * @param encoded the pieces to come are compressed, so that only their size is known
   */
  answered(status: number, headers: Pick<Headers, 'get'>, encoded = false): void {
    this.#status = status
    const contentType = headers.get('content-type') ?? undefined
    const { speaks = this.#provider() } = this.#start.target
    if (speaks !== null && !encoded) {
      this.#reader = new AnswerReader({ provider: speaks, contentType, headers })
      this.#responseBytes = 0
    }
    // Models of audio that cannot stream answer whole, whatever was asked.
    const asked = this.#start.target.operation !== 'audio' && this.#factsNow().stream === true
    this.#streamed = asked || STREAMS.test(contentType ?? '')
    if (this.#start.ours !== true)
      this.#requestId =
        REQUEST_ID_HEADERS.map((name) => headers.get(name)).find((id) => id !== null && id !== '') ?? undefined
  }

  /** A piece of the answer, uncompressed. */
  data(bytes: Uint8Array): void {
    if (this.#over || bytes.length === 0) return
    this.began()
    this.#responseBytes = (this.#responseBytes ?? 0) + bytes.length
    this.#reader?.write(bytes)
  }

  /** The rest of the answer cannot be read, e.g. for how it is compressed: nothing is known of whether it was cut short. */
  unread(): void {
    this.#unread = true
  }

  /** The first of the answer is here. */
  began(): void {
    this.#firstByte ??= this.#clock.monotonic()
  }

  /**
   * The answer has ended as it should, or at least its connection has.
   *
   * @param whole false for whoever reads it elsewhere and missed its end
   */
  ended(whole = true): void {
    this.#finish(whole ? {} : { errorType: 'truncated' })
  }

  /** Gives up with a signal, which may end a request whose answer nobody reads any more. */
  until(signal: AbortSignal | null | undefined): void {
    if (signal === null || signal === undefined || this.#over) return
    const listener = (): void => this.aborted(signal.reason)
    signal.addEventListener('abort', listener)
    // Signals live longer than requests.
    this.#release = () => signal.removeEventListener('abort', listener)
  }

  /** Nobody wants the answer any more, or no longer waits for it. */
  aborted(reason?: unknown): void {
    // Nobody reads what a refusal says before trying again; it is a refusal all the same.
    if ((this.#status ?? 0) >= 400) this.#finish({})
    this.#finish({ aborted: true, errorType: nameOf(reason) === 'TimeoutError' ? 'timeout' : 'client_abort' })
  }

  /** No answer, or it broke off. */
  failed(error: unknown): void {
    const name = nameOf(error)
    if (name === 'AbortError' || name === 'TimeoutError') {
      this.aborted(error)
      return
    }
    const code = (error as { cause?: { code?: unknown } } | null)?.cause?.code
    this.#finish({ errorType: 'connection', ...(typeof code === 'string' ? { errorCode: code.slice(0, 128) } : {}) })
  }

  #finish(how: Partial<UsageEvent>): void {
    if (this.#over) return
    this.#over = true
    this.#release?.()
    let event: UsageEvent | undefined
    try {
      event = this.#event(how)
      if (event !== undefined) this.#record(event)
    } catch {
      // The request goes on whatever becomes of its record; the sink counts what it could not take.
    }
    if (this.#span !== undefined) endSpan(this.#span, event)
  }

  #record(event: UsageEvent): void {
    const { prices, sink } = this.#options
    if (prices !== undefined) Object.assign(event, priced(prices, event))
    sink.record(event)
  }

  #beginSpan(tracing: Tracing): ExchangeSpan | undefined {
    const { target, ours = false, headers, url } = this.#start
    return answerOf(() =>
      tracing.begin({
        incoming: ours,
        operation: target.operation,
        provider: this.#provider(),
        model: this.#facts?.model ?? target.model,
        startedMs: this.#startedMs,
        url,
        headers,
      }),
    )
  }

  /** Of its own span, or as the request says it. */
  #trace(): Trace | undefined {
    const { headers } = this.#start
    return this.#span ?? (headers === undefined ? undefined : traceOf(headers))
  }

  /** Undefined where the request is recorded by another answer. */
  #event(how: Partial<UsageEvent>): UsageEvent | undefined {
    const { target, method, retrieved = false } = this.#start
    const now = this.#clock.monotonic()
    // Without a reader there is nothing that could be missing.
    const reading: AnswerReading = this.#reader?.end() ?? { complete: true, damaged: false }
    const { background } = reading
    if (!isRecordedBy(background, retrieved)) return undefined
    const facts = this.#factsNow()
    const names = this.#names()
    const outcome = outcomeOf(
      this.#status,
      reading,
      how,
      this.#streamed && !this.#unread,
      names.errorType !== undefined,
    )
    const requestModel = facts.model ?? target.model ?? reading.responseModel ?? 'unknown'
    // An answer that a gateway gives again has the id of the first, and is a request of its own.
    const ids = names.cacheHit === true ? [] : [reading.responseId, this.#requestId]
    const eventId = ids.find((id) => id !== undefined && id.length <= MAX_ID_CHARS) ?? this.exchangeId
    // Of a response that is looked up neither times nor sizes are those of the look.
    const measured = retrieved ? NOTHING_MEASURED : this.#measured(now)
    const times = retrieved && background !== undefined ? timesOf(background) : {}
    return new ExchangeEvent({
      eventId,
      timestampMs: times.timestampMs ?? this.#startedMs,
      provider: this.#provider(reading.responseModel) ?? inferProvider(requestModel),
      requestModel,
      operation: target.operation,
      endpoint: target.endpoint,
      method,
      stream: this.#streamed,
      facts,
      statusCode: this.#status,
      responseBytes: this.#responseBytes,
      reading,
      outcome,
      usageBasis: basisOf(reading, this.#streamed, names),
      attempt: measured.attempt,
      requestBytes: measured.requestBytes,
      durationMs: times.durationMs ?? measured.durationMs,
      ttfbMs: measured.ttfbMs,
      trace: measured.trace,
      names,
    }) as UsageEvent
  }

  #measured(now: number): Measured {
    const first = this.#firstByte
    return {
      attempt: this.#start.attempt,
      requestBytes: this.#requestBytes,
      durationMs: Math.round(now - this.#started),
      ttfbMs: first === undefined ? undefined : Math.round(first - this.#started),
      trace: this.#trace(),
    }
  }

  /** What was said of the request: the later over the earlier. */
  #names(): ExchangeNames {
    const { names } = this.#start
    const said = typeof names === 'function' ? answerOf(names) : names
    if (this.#added === NOTHING) return said ?? NOTHING
    const tags = { ...said?.tags, ...this.#added.tags }
    return { ...said, ...this.#added, ...(Object.keys(tags).length === 0 ? {} : { tags }) }
  }

  #factsNow(): RequestFacts {
    const { read } = this.#start
    return this.#facts ?? this.#request?.facts ?? (read === undefined ? undefined : answerOf(read)) ?? {}
  }

  #provider(responseModel?: string): string | undefined {
    const { target } = this.#start
    if (target.provider !== undefined) return parseProvider(target.provider)
    for (const model of [this.#factsNow().model, target.model, responseModel]) {
      const inferred = model === undefined ? 'unknown' : inferProvider(model)
      if (inferred !== 'unknown') return inferred
    }
    return undefined
  }
}

/** What an application's function says; it must not get in the way. */
function answerOf<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}

/** Whoever traces must not get in the way either. */
function endSpan(span: ExchangeSpan, event: UsageEvent | undefined): void {
  try {
    span.end(event)
  } catch {
    // The span is lost; the event has been recorded.
  }
}

const nameOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined

function priced(prices: Prices, event: UsageEvent): object {
  try {
    return prices.price(event)
  } catch {
    return {}
  }
}
