import { describe, expect, it } from 'vitest'
import { attemptOf, operationOf } from './retries.ts'

describe('what SDKs say of their tries', () => {
  it.each([
    [{}, undefined],
    [{ 'x-stainless-retry-count': '0' }, 1],
    [{ 'x-stainless-retry-count': '2' }, 3],
    [{ 'x-stainless-retry-count': 'many' }, undefined],
    [{ 'amz-sdk-request': 'attempt=1; max=3' }, 1],
    [{ 'amz-sdk-request': 'ttl=20261122T221416Z; attempt=2; max=3' }, 2],
    [{ 'amz-sdk-request': 'max=3' }, undefined],
    [{ 'amz-sdk-request': 'attempt=0; max=3' }, undefined],
    [{ 'amz-sdk-request': 'attempt=1x' }, undefined],
  ])('%o is try %s', (headers, attempt) => {
    expect(attemptOf(new Headers(headers as Record<string, string>))).toBe(attempt)
  })

  it('tries of one operation share a key or an invocation', () => {
    expect(operationOf(new Headers({ 'idempotency-key': 'k', 'amz-sdk-invocation-id': 'i' }))).toEqual({
      operationId: 'k',
    })
    expect(operationOf(new Headers({ 'amz-sdk-invocation-id': 'i' }))).toEqual({ operationId: 'i' })
    expect(operationOf(new Headers({ 'amz-sdk-invocation-id': 'i'.repeat(129) }))).toEqual({})
    expect(operationOf(new Headers())).toEqual({})
  })
})
