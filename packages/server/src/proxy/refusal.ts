import type { IncomingMessage, ServerResponse } from 'node:http'
import { ERRORS, type ErrorCode, isTallystickError } from '@tallystick/core'
import type { Provider } from '@tallystick/core/provider'
import { BudgetExceeded, type Refusal } from '../budget/refusal.ts'

/** A request that the proxy answers by itself, because it may not or cannot go on. */
export interface ProxyRefusal {
  readonly status: number
  readonly code: ErrorCode
  readonly body: Buffer
  readonly retryAfterSeconds: number | undefined
}

/** Whoever was refused may go on sending for so long, and reads the answer meanwhile. */
const DISCARD_MS = 1_000
const TOO_SOON_SECONDS = 1

/**
 * What a client is told, in the shape in which its SDK expects errors of the provider, with our code beside it: a program tells by
 * the member `tallystick` (and the header `x-tallystick-error`) who refused. What is no error of ours is `internal_error`, without
 * its message.
 */
export function refusalOf(error: unknown, provider: Provider | undefined): ProxyRefusal {
  const code: ErrorCode = isTallystickError(error) ? error.code : 'internal_error'
  const { status, remedy, retryable } = ERRORS[code]
  const message = isTallystickError(error) && error.message !== code ? error.message : remedy
  const told = isTallystickError(error) ? error.retryAfterSeconds : undefined
  const budget = error instanceof BudgetExceeded ? budgetOf(error.refusal) : undefined
  const own = { code, ...(budget === undefined ? {} : { budget }) }
  const retryAfterSeconds = told ?? (retryable && (status === 429 || status === 503) ? TOO_SOON_SECONDS : undefined)
  return {
    status,
    code,
    body: Buffer.from(JSON.stringify({ ...shaped(provider, status, code, message), tallystick: own })),
    retryAfterSeconds,
  }
}

/** Sends it, unless nobody is there any more. */
export function sendRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  { status, code, body, retryAfterSeconds }: ProxyRefusal,
): void {
  if (response.destroyed || response.headersSent) return
  if (!request.complete) discardRest(request, response)
  response.writeHead(status, [
    ...['content-type', 'application/json', 'content-length', String(body.byteLength)],
    ...['x-tallystick-error', code, 'cache-control', 'no-store', 'x-content-type-options', 'nosniff'],
    ...(retryAfterSeconds === undefined ? [] : ['retry-after', String(retryAfterSeconds)]),
    ...(status === 401 ? ['www-authenticate', 'Bearer'] : []),
  ])
  response.end(body)
}

/** Takes what a client still sends, for a while: cutting it at once would reset the connection, and it would never see why. */
export function discardRest(request: IncomingMessage, response: ServerResponse): void {
  request.removeAllListeners('data')
  request.resume()
  response.once('finish', () => {
    setTimeout(() => request.complete || request.destroy(), DISCARD_MS).unref()
  })
}

function shaped(provider: Provider | undefined, status: number, code: ErrorCode, message: string): object {
  if (provider === 'anthropic') return { type: 'error', error: { type: ANTHROPIC.get(status) ?? 'api_error', message } }
  if (provider === 'gcp.gemini' || provider === 'gcp.vertex_ai')
    return { error: { code: status, message, status: GOOGLE.get(status) ?? 'INTERNAL' } }
  return { error: { message, type: OPENAI.get(status) ?? 'server_error', param: null, code } }
}

/** @source https://docs.anthropic.com/en/api/errors */
const ANTHROPIC: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [503, 'overloaded_error'],
  [504, 'timeout_error'],
])
/** @source https://cloud.google.com/apis/design/errors */
const GOOGLE: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [402, 'RESOURCE_EXHAUSTED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [429, 'RESOURCE_EXHAUSTED'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
])
const OPENAI: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'insufficient_quota'],
  [403, 'permission_error'],
  [404, 'invalid_request_error'],
  [413, 'invalid_request_error'],
  [415, 'invalid_request_error'],
  [421, 'invalid_request_error'],
  [429, 'rate_limit_error'],
])

function budgetOf({ budgetId, name, unit, amount, spent, reserved, remaining, resetsMs }: Refusal): object {
  return {
    id: budgetId,
    name,
    unit,
    amount: String(amount),
    spent: String(spent),
    reserved: String(reserved),
    remaining: String(remaining),
    resets_ms: resetsMs ?? null,
  }
}
