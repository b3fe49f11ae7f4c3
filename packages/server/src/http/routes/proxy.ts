import { proxied } from '../handlers/proxied.ts'
import { PROXY_DOC } from '../openapi/proxy.ts'
import type { Route } from '../route.ts'

/** The capture proxy, as the checks of every route see it. */
export const PROXY_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/proxy/:upstream/*',
    scope: 'ingest',
    handler: proxied,
    doc: PROXY_DOC,
    summary: 'Carry a request to a provider and record it',
  },
]
