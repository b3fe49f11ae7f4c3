import { type Problem, problemHeaders } from '../problem.ts'
import type { FailureShape } from '../route.ts'

/**
 * Errors as Routiium spells them: `{"error":{"message"}}`, `type` beside it where credentials are missing.
 *
 * @param failed what stands before the reason when the server is at fault, e.g. `Failed to query events`
 */
export function routiiumFailure(failed: string): FailureShape {
  return (problem) => {
    const headers = new Headers(problemHeaders(problem))
    headers.set('content-type', 'application/json')
    const error = {
      message: messageOf(problem, failed),
      ...(problem.status === 401 ? { type: 'invalid_request_error' } : {}),
    }
    return new Response(JSON.stringify({ error }), { status: problem.status, headers })
  }
}

function messageOf({ code, status, detail }: Problem, failed: string): string {
  if (code === 'store_unavailable') return 'Analytics not enabled'
  return status >= 500 ? `${failed}: ${detail}` : detail
}
