import { TallystickError } from '../errors.ts'
import { defaultMetrics } from './default.ts'
import { negotiateFormat } from './exposition/negotiate.ts'
import { CONTENT_TYPES, writeExposition } from './exposition/write.ts'
import type { MetricRegistry, SnapshotOptions } from './registry.ts'
import type { FamilySamples } from './samples.ts'

/** What a handler answers with. */
export interface MetricsHandlerOptions extends SnapshotOptions {
  /** The registry of the process by default. */
  readonly metrics?: MetricRegistry
  /** Families of your own, asked for at each scrape, after those of the registry. None of its names. */
  readonly collect?: () => Iterable<FamilySamples> | Promise<Iterable<FamilySamples>>
  /** Told of what {@link collect} fails with; the scraper reads no more than the code. */
  readonly onError?: (error: TallystickError) => void
}

/** What is used of Node's `IncomingMessage`. */
export interface MetricsRequest {
  readonly method?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What is used of Node's `ServerResponse`. */
export interface MetricsResponse {
  writeHead(status: number, headers: Record<string, string | number>): unknown
  end(body?: Uint8Array): unknown
}

/** Answers scrapes: of Node's servers and Express as `(request, response)`, of everything else as `Request` to `Response`. */
export interface MetricsHandler {
  (request: MetricsRequest, response: MetricsResponse): void
  (request: Request): Promise<Response>
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/**
 * A handler for a path that Prometheus scrapes. It chooses text or OpenMetrics by `Accept`, and answers GET and HEAD of
 * whatever path it is asked at.
 *
 * The examples are for `node:http`, Express, and servers of the Fetch API. It asks for no credentials: what it shows is for whoever reaches it.
 *
 * @throws TallystickError `invalid_config` for names that the registry has no figures for
 * @example
 * createServer(metricsHandler()).listen(9090)
 * app.get('/metrics', metricsHandler())
 * export const GET = metricsHandler({ names: 'standard' })
 */
export function metricsHandler(options: MetricsHandlerOptions = {}): MetricsHandler {
  const metrics = options.metrics ?? defaultMetrics()
  metrics.snapshot(options)
  const answer = (method: string, accept: string | null): Promise<Answer> => answerOf(metrics, options, method, accept)
  function handle(request: MetricsRequest, response: MetricsResponse): void
  function handle(request: Request): Promise<Response>
  function handle(request: MetricsRequest | Request, response?: MetricsResponse): Promise<Response> | undefined {
    const method = request.method ?? 'GET'
    // Frameworks of the Fetch API hand a second argument as well, which is no response.
    if (typeof response?.writeHead !== 'function') {
      return answer(method, acceptOf(request)).then(
        ({ status, headers, body }) => new Response(method === 'HEAD' ? null : body, { status, headers }),
      )
    }
    answer(method, acceptOf(request))
      .then(({ status, headers, body }) => {
        const bytes = new TextEncoder().encode(body)
        response.writeHead(status, { ...headers, 'content-length': bytes.length })
        response.end(method === 'HEAD' ? undefined : bytes)
      })
      // Somebody else has answered meanwhile; a server must not fall over that.
      .catch(() => undefined)
    return undefined
  }
  return handle
}

async function answerOf(
  metrics: MetricRegistry,
  options: MetricsHandlerOptions,
  method: string,
  accept: string | null,
): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, headers: { allow: 'GET, HEAD', ...PLAIN }, body: 'method_not_allowed\n' }
  }
  try {
    const format = negotiateFormat(accept)
    const families = metrics.snapshot(options)
    if (options.collect !== undefined) families.push(...(await options.collect()))
    const body = writeExposition(families, format)
    return { status: 200, headers: { 'content-type': CONTENT_TYPES[format], ...UNCACHED }, body }
  } catch (cause) {
    const error = new TallystickError('metrics_export', 'The figures of `collect` cannot be had', { cause })
    try {
      options.onError?.(error)
    } catch {}
    return { status: 500, headers: { ...PLAIN, ...UNCACHED }, body: `${error.code}\n` }
  }
}

const PLAIN = { 'content-type': 'text/plain; charset=utf-8' }
/** Two formats under one address. */
const UNCACHED = { 'cache-control': 'no-store', vary: 'accept' }

function acceptOf({ headers }: MetricsRequest | Request): string | null {
  if (typeof headers.get === 'function') return (headers as Headers).get('accept')
  const { accept } = headers as MetricsRequest['headers']
  return accept === undefined ? null : String(accept)
}
