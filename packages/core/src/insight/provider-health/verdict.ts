import type { UsageEvent } from '../../event/index.ts'

/**
 * What a request tells of the provider it went to. `answered`: it works. `fault`: it failed, and not for what it was asked.
 * `overload`: it refused for load, so it is there and has too much to do.
 */
export type ProviderVerdict = 'answered' | 'fault' | 'overload'

/** Refusals for load that are no 429: Anthropic's own status (https://docs.anthropic.com/en/api/errors). */
const OVERLOADED_STATUS = 529
const TOO_MANY_REQUESTS = 429
const REQUEST_TIMEOUT = 408

/** Words of error types and codes in lower case without anything but letters, as providers, SDKs and gateways spell them. */
const UNREACHED = /connect|econn|enotfound|eaiagain|socket|network|timeout|timedout/
const UNPAID = /quota|billing|credit|budget/
const CALLER =
  /auth|permission|forbidden|invalidrequest|invalidapi|invalidargument|badrequest|notfound|unsupported|unprocessable|contextlength|contextwindow|toolong|toolarge|contentpolicy|contentfilter|validation|clientabort|aborterror|cancel/
const OVERLOAD = /ratelimit|overload|throttl|toomanyrequests|resourceexhausted|capacity/

/**
 * Whose fault was it? Undefined where a request tells nothing of its provider: it never got there (a cache had the answer,
 * the caller gave up, a budget refused it), or it was refused for what it asked (400, 401, 404 and the like, unpaid bills).
 * A failure that nothing is known of counts against the provider.
 *
 * @example providerVerdict({ kind: 'llm_request_failed', success: false, statusCode: 401 }) // undefined
 * @example providerVerdict({ kind: 'llm_request_failed', success: false, errorType: 'APIConnectionError' }) // 'fault'
 */
export function providerVerdict(
  event: Pick<UsageEvent, 'kind' | 'success' | 'statusCode' | 'errorType' | 'errorCode' | 'aborted' | 'cacheHit'>,
): ProviderVerdict | undefined {
  if (event.kind !== 'llm_request_completed' && event.kind !== 'llm_request_failed') return undefined
  if (event.cacheHit === true) return undefined
  if (event.success === true) return 'answered'
  const said = `${plain(event.errorType)} ${plain(event.errorCode)}`
  // Giving up after a while is what a provider that does not answer looks like.
  if (event.aborted === true && !UNREACHED.test(said)) return undefined
  const { statusCode = 0 } = event
  if (statusCode >= 400) return ofStatus(statusCode, said)
  if (UNREACHED.test(said)) return 'fault'
  if (OVERLOAD.test(said)) return UNPAID.test(said) ? undefined : 'overload'
  return CALLER.test(said) || UNPAID.test(said) ? undefined : 'fault'
}

function ofStatus(status: number, said: string): ProviderVerdict | undefined {
  if (status === TOO_MANY_REQUESTS) return UNPAID.test(said) ? undefined : 'overload'
  if (status === OVERLOADED_STATUS) return 'overload'
  if (status >= 500) return OVERLOAD.test(said) ? 'overload' : 'fault'
  return status === REQUEST_TIMEOUT ? 'fault' : undefined
}

const plain = (text = ''): string => text.toLowerCase().replace(/[^a-z]/g, '')
