/** Models of Vercel's `ai` recorded where they are called, whatever provider and transport they have. */
import { systemClock, uuidv7Generator } from '../../event/index.ts'
import type { Try } from '../attempts.ts'
import { Exchange, type ExchangeNames, type ExchangeOptions } from '../exchange.ts'
import { watched } from '../observed.ts'
import { namesOfPart, namesOfResult, type Part, providerOfModel, refusalOf } from './reading.ts'

export type { ExchangeNames, ExchangeOptions }

/** How calls of a model are recorded. */
export interface ModelCaptureOptions extends ExchangeOptions {
  /** Who asks, for every call or for each. What it throws counts as nothing said. */
  readonly names?: ExchangeNames | (() => ExchangeNames)
}

/** What is used of a call of a model. */
export interface ModelCall {
  readonly params: { readonly prompt: readonly unknown[]; readonly abortSignal?: AbortSignal | undefined }
  readonly model: { readonly provider: string; readonly modelId: string }
}

/** Middleware as `wrapLanguageModel` of `ai` 6 takes it. */
export interface ModelMiddleware {
  readonly specificationVersion: 'v3'
  wrapGenerate<Result>(call: ModelCall & { doGenerate(): PromiseLike<Result> }): Promise<Result>
  wrapStream<Result extends { stream: ReadableStream<Part> }>(
    call: ModelCall & { doStream(): PromiseLike<Result> },
  ): Promise<Result>
}

/**
 * Middleware that records each call of a model as one event: tokens, outcome, times. It changes nothing of the call, and keeps
 * nothing of what is said. Calls that `ai` makes again after a failure are further attempts of the same operation.
 *
 * For providers that take no `fetch`; where one does, `captureFetch` sees more (status, sizes).
 *
 * @example
 * const model = wrapLanguageModel({ model: provider('some-model'), middleware: captureModel({ sink: store }) })
 */
export function captureModel(options: ModelCaptureOptions): ModelMiddleware {
  const mint = uuidv7Generator(options.clock ?? systemClock)
  /** Tries of one operation are given the very same prompt. */
  const failed = new WeakMap<object, Try>()

  const begin = ({ model, params }: ModelCall, stream: boolean): Exchange => {
    const { modelId, provider } = model
    const before = failed.get(params.prompt)
    const answerer = providerOfModel(provider)
    const tried: ExchangeNames = before === undefined ? {} : { ...before, attempt: before.attempt + 1 }
    const exchange = new Exchange(options, {
      target: {
        ...(answerer === undefined ? {} : { provider: answerer }),
        operation: 'chat',
        endpoint: '',
        speaks: null,
      },
      facts: { model: modelId, stream, messageCount: params.prompt.length },
      ...(options.names === undefined ? {} : { names: options.names }),
    })
    exchange.add(tried)
    exchange.until(params.abortSignal)
    return exchange
  }

  const broke = (exchange: Exchange, { params }: ModelCall, error: unknown): void => {
    const { operationId = mint(), attempt = 0 } = failed.get(params.prompt) ?? {}
    const tried = { operationId, attempt: attempt + 1 }
    failed.set(params.prompt, tried)
    const refusal = refusalOf(error)
    exchange.add({ ...tried, ...refusal.names })
    if (refusal.status === undefined) exchange.failed(error)
    else {
      exchange.answered(refusal.status, NO_HEADERS)
      exchange.ended()
    }
  }

  return {
    specificationVersion: 'v3',
    async wrapGenerate(call) {
      const exchange = begin(call, false)
      try {
        const result = await exchange.within(() => call.doGenerate())
        exchange.answered(200, NO_HEADERS)
        exchange.add(namesOfResult(result))
        exchange.ended()
        return result
      } catch (error) {
        broke(exchange, call, error)
        throw error
      }
    },
    async wrapStream(call) {
      const exchange = begin(call, true)
      try {
        const result = await exchange.within(() => call.doStream())
        exchange.answered(200, NO_HEADERS)
        return { ...result, stream: observedParts(result.stream, exchange) }
      } catch (error) {
        broke(exchange, call, error)
        throw error
      }
    },
  }
}

const NO_HEADERS: Pick<Headers, 'get'> = { get: () => null }

function observedParts(stream: ReadableStream<Part>, exchange: Exchange): ReadableStream<Part> {
  let finished = false
  return watched(stream, {
    data: (part) => {
      if (part.type.endsWith('-delta') || part.type === 'tool-call') exchange.began()
      finished ||= part.type === 'finish'
      exchange.add(namesOfPart(part))
    },
    ended: () => exchange.ended(finished),
    failed: (error) => exchange.failed(error),
    cancelled: (reason) => exchange.aborted(reason),
  })
}
