import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { TallystickError } from '@tallystick/core'
import type { AppContext } from './app-context.ts'
import { bind, type Listening } from './bind.ts'
import { createGuard, type GuardOptions } from './guard.ts'
import { RAW_API_HEADERS } from './headers.ts'
import { namesManyHosts } from './listen.ts'
import { METRICS_DOC } from './openapi/metrics.ts'
import { checkParameters, documentedParameters } from './parameters.ts'
import { problemHeaders, problemOf } from './problem.ts'
import { type ScrapeAnswer, scrapeAnswer } from './scrape.ts'

/** Where the metrics have an address of their own. */
export interface MetricsServerOptions extends GuardOptions {
  readonly host: string
  readonly port: number
}

const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 120_000 }
const MAX_HEADER_BYTES = 16 * 1024
const PATH = '/metrics'
const PARAMETERS = documentedParameters(METRICS_DOC)
const WELCOME = 'Tallystick. The metrics are at /metrics.\n'

/**
 * Serves `/metrics` and nothing else. Asks nobody who they are, so it shows what is of no tenant, and how the server does. It
 * has a guard of its own: to be reached by others here does not open the main address to them.
 *
 * @throws TallystickError `invalid_config` when the address cannot be bound
 */
export async function listenMetrics(
  app: Pick<AppContext, 'metrics' | 'requests' | 'newRequestId' | 'onError'>,
  { host, port, ...guarded }: MetricsServerOptions,
): Promise<Listening> {
  const guard = createGuard(guarded)
  guard.bind(host)
  const server = createServer({ ...TIMEOUTS, maxHeaderSize: MAX_HEADER_BYTES, noDelay: true })
  let closing = false

  const answer = async ({ headers, rawHeaders, method, url = '' }: IncomingMessage): Promise<ScrapeAnswer> => {
    if (namesManyHosts(rawHeaders))
      throw new TallystickError('malformed_request', 'The request has more than one Host header.')
    const { host: named, origin, 'sec-fetch-site': fetchSite } = headers
    const refused = guard.refusal({ host: named, origin, fetchSite: fetchSite as string | undefined, guarded: true })
    if (refused !== undefined) throw refused
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    if (pathname !== PATH && pathname !== '/')
      throw new TallystickError('not_found', 'Here are the metrics and nothing else: /metrics')
    if (method !== 'GET' && method !== 'HEAD')
      throw new TallystickError('method_not_allowed', `${pathname} takes GET and HEAD.`)
    checkParameters(searchParams, PARAMETERS)
    if (pathname === '/') return { type: 'text/plain; charset=utf-8', body: WELCOME }
    return scrapeAnswer(app.metrics, { share: null, operation: true }, searchParams, headers.accept)
  }
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (closing) response.shouldKeepAlive = false
    const send = (status: number, body: string, headers: readonly string[]): void => {
      app.requests.count(PATH, status)
      response.writeHead(status, [...RAW_API_HEADERS, ...headers, 'content-length', String(Buffer.byteLength(body))])
      response.end(request.method === 'HEAD' ? undefined : body)
    }
    request.resume()
    answer(request).then(
      ({ type, body }) => send(200, body, ['content-type', type]),
      (error: unknown) => {
        const requestId = app.newRequestId()
        const problem = problemOf(error, requestId)
        if (problem.code === 'internal_error') app.onError(error, requestId)
        const allowed = problem.code === 'method_not_allowed' ? ['allow', 'GET, HEAD'] : []
        send(problem.status, JSON.stringify(problem), [...problemHeaders(problem).flat(), ...allowed])
      },
    )
  })
  return bind(
    server,
    { host, port, configKey: 'metrics.listen', onError: (error) => app.onError(error, app.newRequestId()) },
    () => {
      closing = true
    },
  )
}
