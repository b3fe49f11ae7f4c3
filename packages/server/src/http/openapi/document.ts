import { ERRORS, type ErrorCode } from '@tallystick/core'
import type { Route } from '../route.ts'
import { COMPONENTS } from './components.ts'
import type { AnswerDoc, RouteDoc } from './route-doc.ts'
import { ref } from './schema.ts'

const TAGS: readonly { readonly name: RouteDoc['tag']; readonly description: string }[] = [
  { name: 'Events', description: 'Sending events, and reading them back one by one.' },
  { name: 'OpenTelemetry', description: 'OTLP/HTTP: what exporters of traces, logs and metrics send.' },
  { name: 'Receivers', description: "What other people's clients send to: LiteLLM's callback and Langfuse's." },
  { name: 'Figures', description: 'Asking for sums, series and quantiles, once or live.' },
  { name: 'Access', description: 'Keys, tenants and agents, and getting in with a browser.' },
  { name: 'Alerts', description: 'Being told when something is wrong, and what was told.' },
  { name: 'Operations', description: 'How the server does.' },
  { name: 'Budgets', description: 'How much may be spent, and room for requests under way.' },
  { name: 'Routiium', description: 'The analytics API of Routiium, as its clients know it.' },
  { name: 'Protocol 005', description: 'The budget API of Protocol 005, as its clients know it.' },
  { name: 'Protocol 012', description: 'The analytics API of Protocol 012, as its clients know it.' },
]

/** What any route may answer: a wrong Host or Origin, a process that stops, a fault. */
const ALWAYS: readonly ErrorCode[] = ['misdirected_host', 'forbidden_origin', 'shutting_down', 'internal_error']
/** What any route may answer that looks at who asks. */
const GUARDED: readonly ErrorCode[] = ['unauthorized', 'token_expired', 'forbidden', 'control_unavailable']

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key `tsk_<id>_<secret>`, or a JWT of Protocol 012.' },
  api_key: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'An API key.' },
}

/**
 * The OpenAPI 3.1 document of a route table. Nothing is written twice: paths, scopes and summaries are the table's own,
 * events, questions and error codes those of their tables.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 * @example openApiDocument(ROUTES, '1.0.0').openapi // '3.1.1'
 */
export function openApiDocument(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = Object.create(null)
  const used = new Set<string>()
  for (const route of routes) {
    used.add(route.doc.tag)
    const path = route.path.replace(/\*$/, '{path}').replace(/:(\w+)/g, '{$1}')
    paths[path] ??= Object.create(null) as Record<string, unknown>
    ;(paths[path] as Record<string, unknown>)[route.method.toLowerCase()] = operation(route)
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tallystick',
      version,
      summary: 'Usage and cost analytics for LLM traffic.',
      description:
        'Bodies are JSON, names snake_case, instants integer ms since 1970 UTC, money integer nano-USD (1e-9 USD). Integers past 2^53 - 1 are strings of digits. Errors are `application/problem+json` (RFC 9457) unless the dialect has its own shape.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: TAGS.filter(({ name }) => used.has(name)),
    paths,
    components: { schemas: COMPONENTS, securitySchemes: SECURITY_SCHEMES },
  }
}

function operation({ method, path, scope, summary, doc }: Route): Record<string, unknown> {
  const { tag, description, parameters = [], body } = doc
  const all = path.endsWith('*')
    ? [
        ...parameters,
        { name: 'path', in: 'path', required: true, description: 'Any other path.', schema: { type: 'string' } },
      ]
    : parameters
  return {
    tags: [tag],
    operationId: operationId(method, path),
    summary,
    ...(description === undefined ? {} : { description }),
    ...(all.length > 0 ? { parameters: all } : {}),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: { ...doc.answers, ...refusals(doc, scope === 'public' ? ALWAYS : [...GUARDED, ...ALWAYS]) },
    // A server on loopback without keys asks for none, hence the empty one.
    security: scope === 'public' ? [] : [{ bearer: [] }, { api_key: [] }, {}],
    'x-scope': scope,
  }
}

/** `get_api_v1_events` for GET /api/v1/events. */
function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  return [method.toLowerCase(), ...(words.length > 0 ? words : ['page'])].join('_')
}

/** One answer a status, naming the codes that come with it. */
function refusals(doc: RouteDoc, usual: readonly ErrorCode[]): Record<string, AnswerDoc> {
  const { type, schema } = doc.errorContent ?? { type: 'application/problem+json', schema: ref('Problem') }
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of new Set([...(doc.errors ?? []), ...usual])) {
    const { status } = ERRORS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => doc.answers[status] === undefined)
      .map(([status, codes]) => [
        String(status),
        {
          description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
          content: { [type]: { schema } },
        },
      ]),
  )
}
