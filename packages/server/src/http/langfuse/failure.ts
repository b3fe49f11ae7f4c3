import { retryAfterSeconds } from '../problem.ts'
import type { FailureShape } from '../route.ts'

/** Errors of a whole request as Langfuse spells them: `{"message","error"}`. `error` is our code. */
export const langfuseFailure: FailureShape = (problem) => {
  const { code, status, detail, instance } = problem
  const wait = retryAfterSeconds(problem)
  return new Response(JSON.stringify({ message: detail, error: code, instance }), {
    status,
    headers: {
      'content-type': 'application/json',
      ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    },
  })
}
