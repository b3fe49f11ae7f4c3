import type { ExchangeNames } from './exchange.ts'

const MAX_ID_CHARS = 128

/** The SDKs of OpenAI and Anthropic number their retries from 0. */
export function attemptOf(headers: Pick<Headers, 'get'>): number | undefined {
  const count = headers.get('x-stainless-retry-count')
  return count !== null && /^\d{1,5}$/.test(count) ? Number(count) + 1 : undefined
}

/** Tries of one operation share the key by which a provider would know a repeat. */
export function operationOf(headers: Pick<Headers, 'get'>): ExchangeNames {
  const key = headers.get('idempotency-key')
  return key === null || key === '' || key.length > MAX_ID_CHARS ? {} : { operationId: key }
}
