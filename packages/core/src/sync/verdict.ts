/**
 * What a status says about the events of its request.
 *
 * - `answered`: they have been dealt with
 * - `later`: nothing; the same is sent again, however long it takes
 * - `unauthorized`: nothing; no request makes sense before there is another token
 * - `no_route`: nothing; this route is not known there
 * - `refused`: one of them at least will never be taken, or all together are too large
 */
export type Verdict = 'answered' | 'later' | 'unauthorized' | 'no_route' | 'refused'

/** Of the statuses 400 to 499: timeout, wrong host, too early, too many requests. They are about the moment or the address. */
const LATER: ReadonlySet<number> = new Set([408, 421, 425, 429])

/**
 * The verdict of a status. Redirects are never followed, since a token must not travel on: they count as a server that is
 * not there yet. 0 is what a browser makes of one.
 *
 * @example verdictOf(503) // 'later'
 */
export function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) return 'answered'
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 404 || status === 405) return 'no_route'
  return status < 400 || status >= 500 || LATER.has(status) ? 'later' : 'refused'
}
