import type { Mutable } from '../../event/event.ts'
import { usageFromAnthropic } from '../anthropic.ts'
import { at, type NormalizedUsage } from '../normalized.ts'
import { type Provider, parseProvider } from '../provider.ts'
import { normalizeUsage } from '../usage.ts'
import { AwsFrameReader } from './aws-frames.ts'
import { codeOf } from './code.ts'
import { type Dialect, dialectOf, ENDED, type Members, type ProviderError } from './dialect.ts'
import { EitherReader, type Framing } from './either.ts'
import { LineReader } from './lines.ts'
import { Pruner } from './prune.ts'
import { SseReader } from './sse.ts'

/** What an answer said of itself. */
export interface AnswerReading {
  /** Undefined where the answer told no figures: usage is unknown, not zero. */
  readonly usage?: NormalizedUsage
  /** The provider's id of the answer, by which one exchange that was seen twice is known. */
  readonly responseId?: string
  readonly responseModel?: string
  readonly finishReason?: string
  /** An error within the answer; a stream may fail after it began with status 200. */
  readonly error?: ProviderError
  /** Of a response that is made in the background, after whoever asked for it has been answered. */
  readonly background?: BackgroundReading
  /** Did it come to the end that its protocol has? */
  readonly complete: boolean
  /** Part of it could not be read: it is broken, or a figure's place held more than any figure takes. */
  readonly damaged: boolean
}

/** How far a response that is made in the background has come. Times are ms since 1970 UTC, whole seconds. */
export interface BackgroundReading {
  readonly over: boolean
  readonly createdMs?: number
  readonly completedMs?: number
}

/** Who answers, and how the answer is wrapped. */
export interface AnswerKind {
  readonly provider: Provider | undefined
  /** The `content-type` of the answer. */
  readonly contentType: string | undefined
  /** Bedrock counts there where a model's own words tell nothing, and names its errors there. */
  readonly headers?: Pick<Headers, 'get'>
}

/**
 * Reads usage, model, id, outcome and errors out of an answer while it passes by, stream or not, in pieces of any size. It holds
 * a few kilobytes whatever the length, never the text of the answer, and never throws.
 *
 * Server-sent events, JSON lines, AWS event streams, and JSON (also Gemini's array of pieces) are told apart by the content type.
 *
 * @example
 * const reader = new AnswerReader({ provider: 'openai', contentType: 'text/event-stream' })
 * reader.write(new TextEncoder().encode('data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}}\n\n'))
 * reader.end().usage.fields.outputTokens // 3
 */
export class AnswerReader {
  readonly #provider: Provider | undefined
  readonly #dialect: Dialect
  readonly #answer: Members = Object.create(null)
  readonly #framing: Framing
  #pruner: Pruner
  #error: ProviderError | undefined
  #complete = false
  #damaged = false

  constructor({ provider, contentType = '', headers }: AnswerKind) {
    this.#provider = provider === undefined ? undefined : parseProvider(provider)
    this.#dialect = dialectOf(this.#provider)
    if (headers !== undefined) this.#error = this.#dialect.begin?.(this.#answer, headers)
    const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
    this.#pruner = this.#prunerOf(false)
    this.#framing = this.#framingOf(type)
  }

  write(bytes: Uint8Array): void {
    this.#framing.write(bytes)
  }

  /** The answer has ended, or will not go on. To be called once. */
  end(): AnswerReading {
    this.#framing.end()
    const answer = this.#answer
    const usage = this.#wholeUsage()
    const responseId = text(answer['id'])
    const responseModel = usage?.fields.responseModel ?? text(answer['model']) ?? text(answer['modelVersion'])
    const finishReason = usage?.fields.finishReason ?? this.#finish()
    // Built by assignment: one is made for each request, by proxies too.
    const reading: Mutable<AnswerReading> = {
      complete: this.#complete && this.#error === undefined,
      damaged: this.#damaged || this.#pruner.truncated,
    }
    if (usage !== undefined) reading.usage = usage
    if (responseId !== undefined) reading.responseId = responseId
    if (responseModel !== undefined) reading.responseModel = responseModel
    if (finishReason !== undefined) reading.finishReason = finishReason
    if (this.#error !== undefined) reading.error = this.#error
    if (answer['background'] === true) reading.background = backgroundOf(answer)
    return reading
  }

  /** Where a member was longer than what is kept, it may have been one with figures. */
  #wholeUsage(): NormalizedUsage | undefined {
    const usage = this.#usage()
    if (usage === undefined || !this.#pruner.truncated) return usage
    return { ...usage, anomalies: [...usage.anomalies, 'a member is longer than what is kept of one'] }
  }

  #usage(): NormalizedUsage | undefined {
    // Models of others answer through Bedrock and Vertex in their own words.
    if (this.#provider === 'aws.bedrock' || this.#provider === 'gcp.vertex_ai') {
      if (at(this.#answer, 'usage', 'input_tokens') !== undefined) return usageFromAnthropic(this.#answer)
      if (at(this.#answer, 'usage', 'prompt_tokens') !== undefined) return normalizeUsage('openai', this.#answer)
    }
    return normalizeUsage(this.#provider, this.#answer)
  }

  #finish(): string | undefined {
    const {
      choices,
      candidates,
      stop_reason: stop,
      stopReason,
      finish_reason: finish,
      done_reason: done,
    } = this.#answer
    const reasons = [
      at(choices, '0', 'finish_reason'),
      at(candidates, '0', 'finishReason'),
      stop,
      stopReason,
      finish,
      done,
    ]
    return reasons.map(codeOf).find((reason) => reason !== undefined)
  }

  #take(piece: Members): void {
    const error = this.#dialect.error(piece)
    if (error !== undefined) this.#error = error
    this.#dialect.fold(this.#answer, piece)
    if (this.#dialect.ends(piece)) this.#complete = true
  }

  /** A piece of the stream ends: what could not be read of it is given up, the next is another. */
  #endPiece(): void {
    if (!this.#pruner.end()) this.#damaged = true
    this.#pruner.reset()
  }

  #prunerOf(elements: boolean): Pruner {
    return new Pruner(this.#dialect.wanted, (piece) => this.#take(piece), elements)
  }

  #framingOf(type: string): Framing {
    const data = (bytes: Uint8Array, from: number, to: number): void => {
      this.#pruner.write(bytes, from, to)
    }
    if (type === 'application/vnd.amazon.eventstream') return this.#frames(data)
    if (LINES.has(type)) return new LineReader(data, () => this.#endPiece())
    // Servers in between say one and send the other: errors of gateways come as JSON where events were promised.
    return new EitherReader(type === 'text/event-stream', (events) => (events ? this.#sse(data) : this.#document(data)))
  }

  /** One document, or Gemini's array of pieces. */
  #document(data: (bytes: Uint8Array, from: number, to: number) => void): Framing {
    this.#pruner = this.#prunerOf(true)
    return {
      write: (bytes) => data(bytes, 0, bytes.length),
      end: () => this.#endPiece(),
    }
  }

  #sse(data: (bytes: Uint8Array, from: number, to: number) => void): SseReader {
    /** How much of `[DONE]` the event's data is. */
    let matched = 0
    return new SseReader({
      data: (bytes, from, to) => {
        for (let at = from; at < to && matched >= 0; at++) matched = bytes[at] === DONE[matched] ? matched + 1 : -1
        data(bytes, from, to)
      },
      event: () => {
        if (matched === DONE.length) {
          this.#complete = true
          this.#pruner.reset()
        } else this.#endPiece()
        matched = 0
      },
    })
  }

  #frames(data: (bytes: Uint8Array, from: number, to: number) => void): Framing {
    // A chunk of InvokeModel holds a piece of the model's own provider in base64.
    const chunk = new Pruner({ bytes: true }, ({ bytes }) => this.#unwrapped(bytes))
    let inChunk = false
    const reader = new AwsFrameReader({
      begin: (headers) => {
        inChunk = headers.get(':event-type') === 'chunk'
        if (headers.get(':message-type') === 'event') return
        const type = codeOf(headers.get(':exception-type')) ?? codeOf(headers.get(':error-code'))
        this.#error = type === undefined ? {} : { type }
      },
      data: (bytes, from, to) => {
        if (inChunk) chunk.write(bytes, from, to)
        else data(bytes, from, to)
      },
      end: () => {
        if (!inChunk) return this.#endPiece()
        if (!chunk.end()) this.#damaged = true
        chunk.reset()
      },
    })
    return {
      write: (bytes) => reader.write(bytes),
      end: () => {
        if (reader.broken) this.#damaged = true
      },
    }
  }

  #unwrapped(bytes: unknown): void {
    if (typeof bytes !== 'string') return
    try {
      this.#pruner.write(Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0)))
      this.#endPiece()
    } catch {
      this.#damaged = true
    }
  }
}

const LINES: ReadonlySet<string> = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/stream+json',
])
const DONE = new TextEncoder().encode('[DONE]')

function backgroundOf({ status, created_at: created, completed_at: completed }: Members): BackgroundReading {
  const createdMs = msOf(created)
  const completedMs = msOf(completed)
  return {
    over: ENDED.has(status),
    ...(createdMs === undefined ? {} : { createdMs }),
    ...(completedMs === undefined ? {} : { completedMs }),
  }
}

function msOf(seconds: unknown): number | undefined {
  const ms = typeof seconds === 'number' && seconds > 0 ? Math.round(seconds * 1000) : undefined
  return Number.isSafeInteger(ms) ? ms : undefined
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= 256 ? value : undefined
