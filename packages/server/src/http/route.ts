import type { AppContext } from './app-context.ts'
import type { ParameterTable } from './parameters.ts'

/** Who may call a route once keys exist: anybody, or a principal with that scope. */
export type Scope = 'public' | 'ingest' | 'read' | 'admin'

/** One request on its way through a handler. */
export interface Call {
  readonly request: Request
  readonly url: URL
  readonly app: AppContext
}

export type Handler = (call: Call) => Response | Promise<Response>

/** A row of the route table. There is no way to serve a path without one, and no row without a scope. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** Exact, or `/*` for everything that no other row takes. */
  readonly path: `/${string}`
  readonly scope: Scope
  /** One sentence for people. */
  readonly summary: string
  readonly handler: Handler
  /** What a query string may hold; absent where the handler sees to it, or where nobody minds (probes, files). */
  readonly parameters?: ParameterTable
  /** Opens a stream: guarded like a request that changes something. */
  readonly stream?: true
}

/** An answer in JSON. */
export function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } })
}
