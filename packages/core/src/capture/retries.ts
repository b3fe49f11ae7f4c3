import type { ExchangeNames } from './exchange.ts'

/** Which try it is, from 1: the SDKs of OpenAI and Anthropic number their retries from 0, those of AWS their tries from 1. */
export function attemptOf(headers: Pick<Headers, 'get'>): number | undefined {
  const count = headers.get('x-stainless-retry-count')
  if (count !== null) return /^\d{1,6}$/.test(count) ? Number(count) + 1 : undefined
  const tried = headers.get('amz-sdk-request')
  const attempt = tried === null ? undefined : /(?:^|[;\s])attempt=([1-9]\d{0,5})(?:$|[;\s])/.exec(tried)?.[1]
  return attempt === undefined ? undefined : Number(attempt)
}

/** Tries of one operation share the key by which a provider would know a repeat, and what AWS's SDKs call an invocation. */
export function operationOf(headers: Pick<Headers, 'get'>): Pick<ExchangeNames, 'operationId'> {
  const key = headers.get('idempotency-key') ?? headers.get('amz-sdk-invocation-id')
  return key === null || key === '' || key.length > 128 ? {} : { operationId: key }
}
