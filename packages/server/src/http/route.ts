import type { Evidence } from '../identity/auth-method.ts'
import type { Principal } from '../identity/principal.ts'
import type { ScopedStore } from '../identity/scoped-store.ts'
import type { AppContext } from './app-context.ts'
import type { RouteDoc } from './openapi/route-doc.ts'
import type { Problem } from './problem.ts'

/** Who may call a route of a closed server: anybody, whoever has said who it is, or a principal with that scope. */
export type Scope = 'public' | 'known' | 'ingest' | 'read' | 'admin'

/** One request on its way through a handler. */
export interface Call {
  readonly request: Request
  readonly url: URL
  /** What stands in the path where the route has `:name`. */
  readonly params: Readonly<Record<string, string>>
  readonly app: AppContext
  /** Who asks. */
  readonly principal: Principal
  /** What may be asked of the store: only what the principal may see is in it. */
  readonly store: ScopedStore
  /** Address of the other end of the connection; undefined where there is no socket. */
  readonly peer: string | undefined
}

export type Handler = (call: Call) => Response | Promise<Response>

/** Spells a problem as a dialect does; some answer in the format they were asked in. */
export type FailureShape = (problem: Problem, request: Request) => Response | Promise<Response>

/** A row of the route table. There is no way to serve a path without one, and no row without a scope and a description. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Exact but for `:name`, which is any one part, or `/*` for everything that no other row takes. */
  readonly path: `/${string}`
  readonly scope: Scope
  /** One sentence for people. */
  readonly summary: string
  /** What the API page says beside that. */
  readonly doc: RouteDoc
  readonly handler: Handler
  /** How the route's errors look, where the dialect it speaks has its own shape; `problem+json` otherwise. */
  readonly failure?: FailureShape
  /** The query string may hold what `doc` lists and nothing else. Absent where the handler sees to it, or nobody minds. */
  readonly strict?: true
  /** Opens a stream: guarded like a request that changes something. */
  readonly stream?: true
  /** Its answer may go on for long: it breaks off when what the principal has shown is taken back or expires. */
  readonly long?: true
  /** About the server as a whole: refused to whoever sees one tenant or some agents only. */
  readonly whole?: true
  /** About a tenant as a whole: refused to whoever sees some agents only. */
  readonly allAgents?: true
  /** About what the owner of the control state decides or alone knows: with several servers it answers, whoever was asked. */
  readonly control?: true
  /**
   * A way to be let in beside those of all routes, which are asked where this one answers undefined. It sees to the scope itself.
   *
   * @throws TallystickError `unauthorized`, `token_expired`, `forbidden`
   */
  readonly admit?: (evidence: Evidence, app: AppContext) => Principal | Promise<Principal> | undefined
}

/** An answer in JSON. */
export function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } })
}
