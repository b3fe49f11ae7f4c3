import { type Clock, systemClock, type UsageCounts, type UsageEvent } from '../event/index.ts'
import { inferProvider } from '../provider/infer.ts'
import { parseProvider } from '../provider/provider.ts'
import { AnswerReader, type AnswerReading } from '../provider/stream/answer-reader.ts'
import type { Prices } from '../recorder/recording.ts'
import { fitted } from './fitted.ts'
import { type RequestFacts, RequestReader } from './request-facts.ts'
import type { Target } from './target.ts'

/** Members of the event that only the application knows, or knows better than bodies and headers tell. */
export type ExchangeNames = Partial<
  Pick<
    UsageEvent,
    | 'eventId'
    | 'tenantId'
    | 'agentId'
    | 'userId'
    | 'sessionId'
    | 'apiKeyId'
    | 'apiKeyLabel'
    | 'authMethod'
    | 'authenticated'
    | 'clientIp'
    | 'userAgent'
    | 'provider'
    | 'providerId'
    | 'requestModel'
    | 'responseModel'
    | 'operation'
    | 'endpoint'
    | 'serviceTier'
    | 'messageCount'
    | 'errorType'
    | 'errorCode'
    | 'finishReason'
    | 'costReportedNanoUsd'
    | 'usageBasis'
    | 'upstreamDurationMs'
    | 'backend'
    | 'upstreamMode'
    | 'mcpEnabled'
    | 'mcpServers'
    | 'systemPromptApplied'
    | 'routingMethod'
    | 'routingConfidence'
    | 'toolName'
    | 'cacheTier'
    | 'cacheHit'
    | 'operationId'
    | 'attempt'
    | 'traceId'
    | 'spanId'
    | 'tags'
  > &
    UsageCounts
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

/** What is known when a request goes out, or comes in. */
export interface ExchangeStart {
  readonly target: Target
  readonly method?: string
  /** Absent where the body is still to be seen, by {@link Exchange.requested} or by `read`. */
  readonly facts?: RequestFacts
  readonly requestBytes?: number
  /** A function is asked when the exchange is over. What it throws counts as nothing said. */
  readonly names?: ExchangeNames | (() => ExchangeNames)
  /** 1 for the first try. */
  readonly attempt?: number
  /** What somebody else has read of the request's body; asked where its bytes told nothing here. */
  readonly read?: () => RequestFacts
  /** The answer is our own server's: its headers name no request of a provider. */
  readonly ours?: boolean
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
  readonly #request: RequestReader | undefined
  #requestBytes: number | undefined
  #added: ExchangeNames = {}
  #reader: AnswerReader | undefined
  #status: number | undefined
  #requestId: string | undefined
  #firstByte: number | undefined
  #responseBytes: number | undefined
  #streamed = false
  #over = false
  #release: (() => void) | undefined

  constructor(options: ExchangeOptions, start: ExchangeStart) {
    this.#options = options
    this.#start = start
    this.#clock = options.clock ?? systemClock
    this.#startedMs = this.#clock.now()
    this.#started = this.#clock.monotonic()
    this.#request = start.facts === undefined ? new RequestReader() : undefined
    this.#requestBytes = start.requestBytes
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
    this.#request?.write(bytes)
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
      this.#reader = new AnswerReader({ provider: speaks, contentType })
      this.#responseBytes = 0
    }
    this.#streamed = STREAMS.test(contentType ?? '') || this.#facts().stream === true
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
    try {
      const event = fitted(this.#event(how))
      const prices = this.#options.prices
      this.#options.sink.record(prices === undefined ? event : { ...event, ...priced(prices, event) })
    } catch {
      // The request goes on whatever becomes of its record; the sink counts what it could not take.
    }
  }

  #event(how: Partial<UsageEvent>): UsageEvent {
    const { target, method, attempt } = this.#start
    const now = this.#clock.monotonic()
    // Without a reader there is nothing that could be missing.
    const reading: AnswerReading = this.#reader?.end() ?? { complete: true, damaged: false }
    const { usage, error } = reading
    const facts = this.#facts()
    const names = this.#names()
    const outcome = outcomeOf(this.#status, reading, how, this.#streamed, names.errorType !== undefined)
    const requestModel = facts.model ?? target.model ?? reading.responseModel ?? 'unknown'
    // An answer that a gateway gives again has the id of the first, and is a request of its own.
    const ids = names.cacheHit === true ? [] : [reading.responseId, this.#requestId]
    const eventId = ids.find((id) => id !== undefined && id.length <= MAX_ID_CHARS)
    return {
      ...(eventId === undefined ? {} : { eventId }),
      kind: outcome.success ? 'llm_request_completed' : 'llm_request_failed',
      timestampMs: this.#startedMs,
      provider: this.#provider(reading.responseModel) ?? inferProvider(requestModel),
      requestModel,
      operation: target.operation,
      ...(target.endpoint === '' ? {} : { endpoint: target.endpoint }),
      ...(method === undefined ? {} : { method }),
      stream: this.#streamed,
      ...(facts.serviceTier === undefined ? {} : { serviceTier: facts.serviceTier }),
      ...(facts.messageCount === undefined ? {} : { messageCount: facts.messageCount }),
      ...(attempt === undefined ? {} : { attempt }),
      ...(this.#requestBytes === undefined ? {} : { requestBytes: this.#requestBytes }),
      ...(this.#status === undefined ? {} : { statusCode: this.#status }),
      ...(this.#responseBytes === undefined ? {} : { responseBytes: this.#responseBytes }),
      ...(reading.responseModel === undefined ? {} : { responseModel: reading.responseModel }),
      ...(reading.finishReason === undefined ? {} : { finishReason: reading.finishReason }),
      ...(error?.type === undefined ? {} : { errorType: error.type }),
      ...(error?.code === undefined ? {} : { errorCode: error.code }),
      ...outcome,
      ...usage?.fields,
      usageBasis: basisOf(reading, this.#streamed, names),
      durationMs: Math.round(now - this.#started),
      ...(this.#firstByte === undefined ? {} : { ttfbMs: Math.round(this.#firstByte - this.#started) }),
      ...names,
    } as UsageEvent
  }

  /** What was said of the request: the later over the earlier. */
  #names(): ExchangeNames {
    const { names } = this.#start
    const said = typeof names === 'function' ? answerOf(names) : names
    const tags = { ...said?.tags, ...this.#added.tags }
    return { ...said, ...this.#added, ...(Object.keys(tags).length === 0 ? {} : { tags }) }
  }

  #facts(): RequestFacts {
    const { facts, read } = this.#start
    return facts ?? this.#request?.facts ?? (read === undefined ? undefined : answerOf(read)) ?? {}
  }

  #provider(responseModel?: string): string | undefined {
    const { target } = this.#start
    if (target.provider !== undefined) return parseProvider(target.provider)
    for (const model of [this.#facts().model, target.model, responseModel]) {
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

/** Figures that were told before a stream broke off are those of a part of it. */
function basisOf(
  { usage, complete }: AnswerReading,
  streamed: boolean,
  names: ExchangeNames,
): UsageEvent['usageBasis'] {
  if (names.inputTokens !== undefined || names.outputTokens !== undefined) return 'measured'
  if (usage === undefined) return 'unknown'
  return streamed && !complete ? 'estimated' : 'measured'
}

const STREAMS = /^(?:text\/event-stream|application\/(?:vnd\.amazon\.eventstream|x-ndjson|ndjson|jsonl|stream\+json))/i

/** A stream that stopped before its end was cut off, which neither side may have noticed. */
function outcomeOf(
  status: number | undefined,
  { complete, error }: AnswerReading,
  how: Partial<UsageEvent>,
  streamed: boolean,
  /** The application says that it failed. */
  told: boolean,
): Partial<UsageEvent> & { readonly success: boolean } {
  if (how.errorType !== undefined) return { ...how, success: false }
  if (status === undefined || status >= 400 || error !== undefined || told) return { success: false }
  if (streamed && !complete) return { success: false, errorType: 'truncated' }
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
