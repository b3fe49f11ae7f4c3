import type { ErrorCode } from '@tallystick/core'
import { retryAfterSeconds } from '../problem.ts'
import type { FailureShape } from '../route.ts'

/** Codes of Protocol 012 for those of ours that have one of their own. */
const CODES: ReadonlyMap<ErrorCode, string> = new Map<ErrorCode, string>([
  ['unauthorized', 'UNAUTHORIZED'],
  ['forbidden', 'FORBIDDEN'],
  ['token_expired', 'TOKEN_EXPIRED'],
  ['invalid_token', 'INVALID_TOKEN'],
  ['invalid_period', 'INVALID_PERIOD'],
  ['query_timeout', 'QUERY_TIMEOUT'],
  ['rate_limit_exceeded', 'RATE_LIMIT_EXCEEDED'],
  ['forbidden_origin', 'FORBIDDEN'],
  ['misdirected_host', 'FORBIDDEN'],
  ['disk_full', 'DATABASE_ERROR'],
  ['journal_unavailable', 'DATABASE_ERROR'],
  ['store_unavailable', 'DATABASE_ERROR'],
  ['store_corrupt', 'DATABASE_ERROR'],
])

/**
 * The protocol's code for one of ours.
 *
 * @example protocolCode('out_of_range', 400) // 'VALIDATION_ERROR'
 */
export function protocolCode(code: ErrorCode, status: number): string {
  return CODES.get(code) ?? (status >= 500 ? 'INTERNAL_ERROR' : 'VALIDATION_ERROR')
}

/**
 * Errors as Protocol 012 documents them: `{"error":{"code","message","details"}}`. The status is that of our own table;
 * `details.reason` is our code, finer than the protocol's, and `details.fields` names what is at fault.
 */
export const protocol012Failure: FailureShape = (problem) => {
  const { code, status, detail, issues, instance } = problem
  const fields = issues?.map(({ path, message }) => ({ field: path, message }))
  const body = {
    error: {
      code: protocolCode(code, status),
      message: detail,
      details: { reason: code, ...(fields === undefined ? {} : { fields }), instance },
    },
  }
  const wait = retryAfterSeconds(problem)
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/json',
      ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    },
  })
}
