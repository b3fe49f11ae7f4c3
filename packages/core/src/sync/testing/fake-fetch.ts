import type { Fetch, FetchResponse } from '../transport.ts'
import type { ModelAnswer, ServerModel } from './server-model.ts'

/**
 * What becomes of one request.
 *
 * - `ok`: the server's own answer
 * - `lost`, `lost_after`: the connection breaks before or after the server has kept the events
 * - `hang`, `hang_after`: nothing ever comes back
 * - `cut`: half of the answer comes, then the connection breaks
 * - an answer: instead of the server
 */
export type Outcome = 'ok' | 'lost' | 'lost_after' | 'hang' | 'hang_after' | 'cut' | ModelAnswer

const never = new Promise<never>(() => undefined)

/** `fetch` of a server that lives in the same process, with a fault for every request that a test plans one for. */
export function fakeFetch(server: ServerModel, outcomeOf: (request: number) => Outcome = () => 'ok'): Fetch {
  let requests = 0
  return async (url, { headers, body }) => {
    const outcome = outcomeOf(requests++)
    if (outcome === 'lost') throw new TypeError('fetch failed')
    if (outcome === 'hang') return never
    if (typeof outcome === 'object') return responseOf(outcome)
    const answer = server.handle({ path: new URL(url).pathname, headers, body })
    if (outcome === 'lost_after') throw new TypeError('fetch failed')
    if (outcome === 'hang_after') return never
    return responseOf(answer, outcome === 'cut')
  }
}

function responseOf({ status, headers = {}, body }: ModelAnswer, cut = false): FetchResponse {
  const bytes = new TextEncoder().encode(body)
  const chunks = [bytes.subarray(0, bytes.length >> 1), ...(cut ? [] : [bytes.subarray(bytes.length >> 1)])]
  return {
    status,
    headers: new Headers(headers),
    body: {
      getReader: () => ({
        async read() {
          const value = chunks.shift()
          if (value === undefined && cut) throw new TypeError('terminated')
          return { done: value === undefined, value }
        },
      }),
    },
  }
}
