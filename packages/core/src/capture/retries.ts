import type { ExchangeNames } from './exchange.ts'

/** Which try it is, from 1: the SDKs of OpenAI and Anthropic number their retries from 0. Undefined where nobody says. */
export function attemptOf(headers: Pick<Headers, 'get'>): number | undefined {
  const count = headers.get('x-stainless-retry-count')
  return count !== null && /^\d{1,6}$/.test(count) ? Number(count) + 1 : undefined
}

/** Tries of one operation share the key by which a provider would know a repeat. */
export function operationOf(headers: Pick<Headers, 'get'>): Pick<ExchangeNames, 'operationId'> {
  const key = headers.get('idempotency-key')
  return key === null || key === '' || key.length > 128 ? {} : { operationId: key }
}
