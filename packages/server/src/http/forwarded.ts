import type { Following } from '../control/following.ts'
import { POSITION_HEADER } from '../control/owner.ts'
import type { Principal } from '../identity/principal.ts'
import { fromOwnPage } from '../identity/same-origin.ts'
import { addressEvidence } from './address/evidence.ts'
import type { AppContext } from './app-context.ts'
import { readBody } from './body.ts'

/**
 * What is passed on of a request. Nothing by which a proxy in front of this server could vouch for somebody: the owner would
 * believe us what we do not believe ourselves.
 */
const REQUEST_HEADERS: ReadonlySet<string> = new Set([
  ...['accept', 'authorization', 'content-encoding', 'content-type', 'cookie', 'idempotency-key', 'user-agent'],
  'x-api-key',
])
const REQUEST_PREFIXES: readonly string[] = ['x-langfuse-', 'x-tallystick-']
/** Of an answer: what is about this connection, or made anew. */
const NOT_RETURNED: readonly string[] = [
  ...['connection', 'content-encoding', 'content-length', 'date', 'keep-alive', 'transfer-encoding'],
  ...['access-control-allow-origin', 'vary', POSITION_HEADER],
]
/** What came of the request is seen here too, unless it takes longer to come over. */
const SEEN_WITHIN_MS = 2_000

export interface ForwardedRequest {
  readonly request: Request
  readonly url: URL
  readonly peer: string | undefined
  /** Who is vouched for, where somebody is; then our own key is shown. */
  readonly as: Principal | undefined
}

/**
 * Lets the owner of the control state answer a request: with the credentials that it bears, so that it decides whom it lets in.
 * When this answers, what the request has changed is in the copy.
 *
 * @throws TallystickError `control_unavailable`; what reading the body throws
 */
export async function forwarded(
  { request, url, peer, as }: ForwardedRequest,
  { owner, copy }: Following,
  app: Pick<AppContext, 'budget' | 'limits' | 'clientAddress' | 'login'>,
): Promise<Response> {
  const { budget, limits } = app
  const body = await readBody(request.body, limits.bodyBytes, budget)
  try {
    const response = await owner.ask(url.pathname + url.search, {
      method: request.method,
      headers: headersOf(request, url, peer, app),
      ...(body.byteLength === 0 ? {} : { body: new Uint8Array(body) }),
      signal: request.signal,
      ...(as === undefined ? {} : { ours: true }),
    })
    const position = response.headers.get(POSITION_HEADER)
    if (position !== null) await copy.reached(position, SEEN_WITHIN_MS)
    const headers = new Headers(response.headers)
    for (const name of NOT_RETURNED) headers.delete(name)
    return new Response(response.body, { status: response.status, headers })
  } finally {
    budget.give(body.byteLength)
  }
}

/** The owner believes them where it counts us among `http.trusted_proxies`. */
function headersOf(
  request: Request,
  url: URL,
  peer: string | undefined,
  { clientAddress, login }: Pick<AppContext, 'clientAddress' | 'login'>,
): Headers {
  const headers = new Headers()
  for (const [name, value] of request.headers)
    if (REQUEST_HEADERS.has(name) || REQUEST_PREFIXES.some((prefix) => name.startsWith(prefix)))
      headers.set(name, value)
  // Where a browser sends it from is known here only, and the owner takes a cookie from no other page.
  if (!fromOwnPage(request.headers, url)) headers.delete('cookie')
  const sender = clientAddress.sender(addressEvidence({ request, peer }))
  if (sender !== undefined) headers.set('x-forwarded-for', sender)
  const https = login.isHttps({ headers: request.headers, url, peer })
  headers.set('x-forwarded-proto', https ? 'https' : 'http')
  return headers
}
