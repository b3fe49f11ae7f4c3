/** Requests to providers recorded where they are made. Runs wherever there is `fetch`. */
export { type Address, Attempts, mayBeTriedAgain, type Sent, type Try } from './attempts.ts'
export { type ConfigurableClient, captureClient } from './client.ts'
export {
  Exchange,
  type ExchangeNames,
  type ExchangeOptions,
  type ExchangeSink,
  type ExchangeStart,
} from './exchange.ts'
export { type CaptureOptions, captureFetch } from './fetch.ts'
export { KeptBody } from './kept-body.ts'
export { pathSpellings } from './path-spellings.ts'
export { type RequestFacts, RequestReader } from './request-facts.ts'
export { attemptOf, operationOf } from './retries.ts'
export { askedAt } from './retrieval.ts'
export { type Target, targetOf } from './target.ts'
export { type Trace, traceOf } from './trace-context.ts'
export type { ExchangeSpan, SpanStart, Tracing } from './tracing.ts'
