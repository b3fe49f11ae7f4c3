import { type Clock, type Mutable, systemClock, type UsageEvent } from '../event/index.ts'
import { inferProvider } from '../provider/infer.ts'
import { parseProvider } from '../provider/provider.ts'
import { type AnswerKind, AnswerReader, type AnswerReading } from '../provider/stream/answer-reader.ts'
import type { Prices } from '../recorder/recording.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Target } from './target.ts'

/** Members of the event that only the application knows. */
export type ExchangeNames = Partial<
  Pick<
    UsageEvent,
    | 'tenantId'
    | 'agentId'
    | 'userId'
    | 'sessionId'
    | 'apiKeyId'
    | 'apiKeyLabel'
    | 'providerId'
    | 'operationId'
    | 'traceId'
    | 'spanId'
    | 'backend'
    | 'routingMethod'
    | 'routingConfidence'
    | 'tags'
  >
>

/** Takes events, as `EventStore` does. */
export interface ExchangeSink {
  record(event: Partial<UsageEvent> & Pick<UsageEvent, 'kind'>): boolean
}

/** Where events go, and what they are made with. */
export interface ExchangeOptions {
  readonly sink: ExchangeSink
  /** Prices events here; without it the server does. */
  readonly prices?: Prices
  readonly clock?: Clock
}

/** What is known when a request goes out. */
export interface ExchangeStart {
  readonly target: Target
  readonly method: string
  /** What its body says; {@link Exchange.sent} tells later where the body is still to go by. */
  readonly facts?: RequestFacts
  readonly requestBytes?: number
  readonly names?: ExchangeNames
  /** 1 for the first try. */
  readonly attempt?: number
}

/** Headers by which providers name a request; the answer's own id is better where there is one. */
const REQUEST_ID_HEADERS = ['request-id', 'x-request-id', 'x-amzn-requestid', 'apim-request-id', 'cf-ray'] as const
const MAX_ID_CHARS = 128

/**
 * One request to a provider and its answer. Whatever becomes of it, exactly one event is recorded: when the answer has ended, when
 * it broke off, when nobody wanted it any more, or when none came. Never throws into the request's way.
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
  #facts: RequestFacts
  #requestBytes: number | undefined
  #reader: AnswerReader | undefined
  #status: number | undefined
  #requestId: string | undefined
  #firstByte: number | undefined
  #responseBytes = 0
  #streamed = false
  #unread = false
  #over = false

  constructor(options: ExchangeOptions, start: ExchangeStart) {
    this.#options = options
    this.#start = start
    this.#facts = start.facts ?? {}
    this.#requestBytes = start.requestBytes
    this.#clock = options.clock ?? systemClock
    this.#startedMs = this.#clock.now()
    this.#started = this.#clock.monotonic()
  }

  /** The request's body has gone by; the answer may have begun before. */
  sent(facts: RequestFacts, requestBytes: number): void {
    this.#facts = facts
    this.#requestBytes = requestBytes
  }

  /** The status line and headers have come. */
  answered(status: number, headers: Pick<Headers, 'get'>): void {
    this.#status = status
    const contentType = headers.get('content-type') ?? undefined
    const kind: AnswerKind = { provider: this.#provider(), contentType }
    this.#reader = new AnswerReader(kind)
    this.#streamed = STREAMS.test(contentType ?? '') || this.#facts.stream === true
    this.#requestId =
      REQUEST_ID_HEADERS.map((name) => headers.get(name)).find((id) => id !== null && id !== '') ?? undefined
  }

  /** A piece of the answer, uncompressed. */
  data(bytes: Uint8Array): void {
    if (this.#over || bytes.length === 0) return
    this.#firstByte ??= this.#clock.monotonic()
    this.#responseBytes += bytes.length
    this.#reader?.write(bytes)
  }

  /** The rest of the answer cannot be read, e.g. for how it is compressed: nothing is known of whether it was cut short. */
  unread(): void {
    this.#unread = true
  }

  /** The answer has ended as it should, or at least its connection has. */
  ended(): void {
    this.#finish({})
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
    try {
      const event = this.#event(how)
      const prices = this.#options.prices
      this.#options.sink.record(prices === undefined ? event : { ...event, ...priced(prices, event) })
    } catch {
      // The request goes on whatever becomes of its record; the sink counts what it could not take.
    }
  }

  #event(how: Partial<UsageEvent>): UsageEvent {
    const { target, method, names, attempt } = this.#start
    const facts = this.#facts
    const requestBytes = this.#requestBytes
    const now = this.#clock.monotonic()
    const reading: AnswerReading = this.#reader?.end() ?? { complete: false, damaged: false }
    const { usage, error } = reading
    const outcome = outcomeOf(this.#status, reading, how, this.#streamed && !this.#unread)
    const requestModel = facts.model ?? target.model ?? reading.responseModel ?? 'unknown'
    const eventId = [reading.responseId, this.#requestId].find((id) => id !== undefined && id.length <= MAX_ID_CHARS)
    // Built by assignment: one is made for each request, by proxies too.
    const event: Partial<Mutable<UsageEvent>> = { ...names }
    if (eventId !== undefined) event.eventId = eventId
    event.kind = outcome.success ? 'llm_request_completed' : 'llm_request_failed'
    event.timestampMs = this.#startedMs
    event.provider = this.#provider() ?? inferProvider(requestModel)
    event.requestModel = requestModel
    event.operation = target.operation
    event.endpoint = target.endpoint
    event.method = method
    event.stream = this.#streamed
    if (facts.serviceTier !== undefined) event.serviceTier = facts.serviceTier
    if (attempt !== undefined) event.attempt = attempt
    if (requestBytes !== undefined) event.requestBytes = requestBytes
    if (this.#status !== undefined) event.statusCode = this.#status
    event.responseBytes = this.#responseBytes
    if (reading.responseModel !== undefined) event.responseModel = reading.responseModel
    if (reading.finishReason !== undefined) event.finishReason = reading.finishReason
    if (error?.type !== undefined) event.errorType = error.type
    if (error?.code !== undefined) event.errorCode = error.code
    Object.assign(event, outcome, usage?.fields)
    event.usageBasis = usage === undefined ? 'unknown' : 'measured'
    event.durationMs = Math.round(now - this.#started)
    if (this.#firstByte !== undefined) event.ttfbMs = Math.round(this.#firstByte - this.#started)
    return event as UsageEvent
  }

  #provider(): string | undefined {
    const { target } = this.#start
    if (target.provider !== undefined) return parseProvider(target.provider)
    const model = this.#facts.model ?? target.model
    const inferred = model === undefined ? 'unknown' : inferProvider(model)
    return inferred === 'unknown' ? undefined : inferred
  }
}

const STREAMS = /^(?:text\/event-stream|application\/(?:vnd\.amazon\.eventstream|x-ndjson|ndjson|jsonl|stream\+json))/i

/** A stream that stopped before its end was cut off, which neither side may have noticed. */
function outcomeOf(
  status: number | undefined,
  { complete, error }: AnswerReading,
  how: Partial<UsageEvent>,
  mustComplete: boolean,
): Partial<UsageEvent> & { readonly success: boolean } {
  if (how.errorType !== undefined) return { ...how, success: false }
  if (status === undefined || status >= 400 || error !== undefined) return { success: false }
  if (mustComplete && !complete) return { success: false, errorType: 'truncated' }
  return { success: true }
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
