import type { RouteDoc } from './route-doc.ts'

export const PROXY_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    "Any method and path: the request goes to the upstream of that name as it is, and its answer comes back as it is, streamed or not. What requests to models used is recorded. The key for this server is `X-Tallystick-Key`; what stands in `Authorization` and the like is the provider's. Errors of the proxy itself look like those of the provider, with a member `tallystick` beside them. See docs/proxy.md.",
  parameters: [
    {
      name: 'upstream',
      in: 'path',
      description: 'A well-known provider, or a name of proxy.upstreams.',
      schema: { type: 'string' },
      required: true,
    },
    {
      name: 'x-tallystick-agent',
      in: 'header',
      description: 'Who asks. Beside it: -User, -Session, -Operation, -Source and -Tags (`team=search,env=prod`).',
      schema: { type: 'string' },
    },
  ],
  answers: { 200: { description: "The upstream's answer, whatever its status" } },
  errors: [
    'unknown_upstream',
    'malformed_request',
    'budget_exceeded',
    'budget_reserved',
    'upstream_unreachable',
    'upstream_refused',
    'upstream_timeout',
    'upgrade_refused',
    'unsupported_encoding',
    'body_too_large',
    'overloaded',
    'not_found',
  ],
}
