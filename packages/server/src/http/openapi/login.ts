import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, flag, object, orNull, ref, type Schema, text } from './schema.ts'

/** What the API page says about getting in with a browser. */

const SESSION: Schema = object({
  authenticated: flag('Has whoever asks said who it is, or need not?'),
  kind: { type: 'string', enum: ['local', 'key', 'agent', 'user', 'nobody'] },
  name: orNull(text('As the audit log names it.')),
  scopes: array({ type: 'string', enum: ['ingest', 'read', 'admin'] }),
  tenant_id: orNull(text('Null: the whole server.')),
  session: flag('Is there a session that can be ended?'),
  login: array({ type: 'string', enum: ['key', 'oidc'] }, 'Ways to log in.'),
})
const EXAMPLE = {
  authenticated: true,
  kind: 'user',
  name: 'user ada@example.com',
  scopes: ['read'],
  tenant_id: null,
  session: true,
  login: ['key', 'oidc'],
}
const NOT_CONFIGURED = {
  description: '`not_found`: no issuer is configured.',
  content: { 'application/problem+json': { schema: ref('Problem') } },
}
const SEE_OTHER = (description: string) => ({ 303: { description }, 404: NOT_CONFIGURED })

export const SHOW_SESSION_DOC: RouteDoc = {
  tag: 'Access',
  description: 'Answers without credentials, and with such as are not valid.',
  answers: { 200: jsonAnswer('Who asks, and how to log in', SESSION, EXAMPLE) },
}

export const OPEN_SESSION_DOC: RouteDoc = {
  tag: 'Access',
  description:
    'Sets a cookie that is HttpOnly and SameSite=Strict, behind https also Secure. The session ends with its key. After five wrong keys from one address each further one has to wait longer, up to a minute.',
  body: {
    required: true,
    content: { 'application/json': { schema: object({ key: text('`tsk_...`') }) } },
  },
  answers: { 200: jsonAnswer('The session is open', SESSION, { ...EXAMPLE, kind: 'key', name: 'key k7f3q2m9x1' }) },
  errors: [
    'unauthorized',
    'rate_limit_exceeded',
    'invalid_body',
    'invalid_json',
    'unsupported_media_type',
    'body_too_large',
    'disk_full',
    'journal_unavailable',
  ],
}

export const END_SESSION_DOC: RouteDoc = {
  tag: 'Access',
  description: 'Ends the session of the cookie, and takes the cookie away.',
  answers: {
    200: jsonAnswer('The browser is logged out', object({ ended: flag('Was there a session?') }), { ended: true }),
  },
  errors: ['disk_full', 'journal_unavailable'],
}

export const BEGIN_OIDC_DOC: RouteDoc = {
  tag: 'Access',
  description:
    'For a browser to be led to, not for a script: it goes on to the issuer. A browser that cannot is led to the page.',
  parameters: [
    {
      name: 'return_to',
      in: 'query',
      description: 'Where to go afterwards: a path of this server, else `/`.',
      schema: text(),
    },
  ],
  answers: SEE_OTHER('On to the issuer'),
  errors: ['issuer_unavailable'],
}

export const FINISH_OIDC_DOC: RouteDoc = {
  tag: 'Access',
  description: 'Opens the session and leads to the page. Its parameters are those of the authorization code flow.',
  answers: SEE_OTHER('On to the page'),
  errors: ['login_failed', 'login_refused', 'issuer_unavailable', 'disk_full', 'journal_unavailable'],
}
