import { ERRORS, type ErrorCode, type Issue, isTallystickError } from '@tallystick/core'

const PROBLEM_TYPE = 'application/problem+json'

/** The body of an error answer. @see https://www.rfc-editor.org/rfc/rfc9457 */
export interface Problem {
  /** A stable name of the kind of problem; `docs/errors.md` has a paragraph under the same code. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail: string
  /** Every problem found, not the first only. */
  readonly issues?: readonly Issue[]
  /** Seconds to wait before the same is sent again, where the server knows. */
  readonly retry_after_seconds?: number
  /** Names this one occurrence; the server log has the same id. */
  readonly instance: string
}

/**
 * What a client is told about an error. Anything that is not a `TallystickError` is `internal_error` with a fixed text:
 * messages of libraries and stacks may hold paths, queries or secrets.
 *
 * @example problemOf(new TallystickError('not_found'), 'request-1').status // 404
 */
export function problemOf(error: unknown, requestId: string): Problem {
  const known = isTallystickError(error)
  const code: ErrorCode = known ? error.code : 'internal_error'
  const { status, title, remedy } = ERRORS[code]
  return {
    type: `urn:tallystick:error:${code}`,
    title,
    status,
    code,
    detail: known && error.message !== code ? error.message : remedy,
    ...(known && error.issues.length > 0 ? { issues: error.issues } : {}),
    ...(known && error.retryAfterSeconds !== undefined ? { retry_after_seconds: error.retryAfterSeconds } : {}),
    instance: `urn:uuid:${requestId}`,
  }
}

/** Seconds a client should wait before it sends the same again; undefined when it should not. */
export function retryAfterSeconds(problem: Problem): number | undefined {
  if (problem.retry_after_seconds !== undefined) return problem.retry_after_seconds
  if (!ERRORS[problem.code].retryable) return undefined
  if (problem.status === 507) return 5
  return problem.status === 503 || problem.status === 429 ? 1 : undefined
}

/** Headers of a problem, as pairs. */
export function problemHeaders(problem: Problem): [string, string][] {
  const headers: [string, string][] = [['content-type', PROBLEM_TYPE]]
  const wait = retryAfterSeconds(problem)
  if (wait !== undefined) headers.push(['retry-after', String(wait)])
  if (problem.status === 401) headers.push(['www-authenticate', 'Bearer'])
  return headers
}

export function problemResponse(problem: Problem): Response {
  return new Response(JSON.stringify(problem), { status: problem.status, headers: problemHeaders(problem) })
}
