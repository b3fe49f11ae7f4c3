import { jsonAnswer, type ParameterDoc, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about keys, tenants, agents, and who asks. */

const SCOPES: Schema = array({ type: 'string', enum: ['ingest', 'read', 'admin'] }, '`admin` comes with the other two.')
const TENANT = orNull(text('Null: of the whole server.'))
const INSTANT = integer('ms since 1970 UTC.')

const KEY_MEMBERS = {
  id: text('The part of the key that is no secret.'),
  name: text(),
  scopes: SCOPES,
  tenant_id: TENANT,
  agent_id: orNull(text('Events sent with it are this agent’s, and only those are seen.')),
  created_ms: INSTANT,
  expires_ms: orNull(INSTANT),
  revoked_ms: orNull(INSTANT),
}
const KEY = object(KEY_MEMBERS)
const KEY_EXAMPLE = {
  id: '7k3fq0mz1d',
  name: 'gateway',
  scopes: ['ingest'],
  tenant_id: 'acme',
  agent_id: null,
  created_ms: 1_795_262_400_000,
  expires_ms: null,
  revoked_ms: null,
}
const TENANT_ROW = object({ id: text(), name: text(), created_ms: INSTANT })
const AGENT_ROW = object({
  id: text('As events name it; `42` is `agent_42`.'),
  name: orNull(text('What people call it.')),
  tenant_id: TENANT,
  owner_id: orNull(text('The `sub` of the user whose it is.')),
  created_ms: INSTANT,
})

export const LIST_KEYS_DOC: RouteDoc = {
  tag: 'Access',
  description:
    'Revoked and expired ones too. Secrets are not known to the server. Whoever is of a tenant sees its keys only.',
  answers: { 200: jsonAnswer('The keys', object({ keys: array(KEY) }), { keys: [KEY_EXAMPLE] }) },
}

export const CREATE_KEY_DOC: RouteDoc = {
  tag: 'Access',
  description:
    'The answer has the text of the key, `tsk_<id>_<secret>`; it is shown this once. The first key of a server must have `admin` and no tenant: from then on every request must show who sends it.',
  body: {
    required: true,
    content: {
      'application/json': {
        schema: object(
          {
            name: text('How people tell it from others.'),
            scopes: SCOPES,
            tenant_id: TENANT,
            agent_id: orNull(text()),
            expires_ms: orNull(INSTANT),
            expires_in_seconds: orNull(integer('Instead of expires_ms.')),
          },
          { optional: ['tenant_id', 'agent_id', 'expires_ms', 'expires_in_seconds'] },
        ),
        examples: { key: { summary: 'An administrator', value: { name: 'ada', scopes: ['admin'] } } },
      },
    },
  },
  answers: {
    201: jsonAnswer('The key', object({ ...KEY_MEMBERS, key: text('Keep it; it cannot be shown again.') })),
  },
  errors: ['invalid_json', 'invalid_body', 'disk_full', 'journal_unavailable'],
}

const ID: ParameterDoc = { name: 'id', in: 'path', required: true, description: 'The id of the key.', schema: text() }

export const REVOKE_KEY_DOC: RouteDoc = {
  tag: 'Access',
  description: 'It counts from the next request on, and open streams break off. A revoked key stays in the list.',
  parameters: [ID],
  answers: { 200: jsonAnswer('The key', KEY, { ...KEY_EXAMPLE, revoked_ms: 1_795_262_500_000 }) },
  errors: ['key_not_found', 'disk_full', 'journal_unavailable'],
}

export const LIST_TENANTS_DOC: RouteDoc = {
  tag: 'Access',
  answers: { 200: jsonAnswer('The tenants', object({ tenants: array(TENANT_ROW) })) },
}

export const PUT_TENANT_DOC: RouteDoc = {
  tag: 'Access',
  description: 'An id that is known gets the new name.',
  body: {
    required: true,
    content: {
      'application/json': {
        schema: object({ id: text(), name: orNull(text()) }, { optional: ['name'] }),
        examples: { tenant: { summary: 'A tenant', value: { id: 'acme', name: 'Acme Ltd' } } },
      },
    },
  },
  answers: {
    200: jsonAnswer('The tenant, changed', TENANT_ROW),
    201: jsonAnswer('The tenant', TENANT_ROW, { id: 'acme', name: 'Acme Ltd', created_ms: 1_795_262_400_000 }),
  },
  errors: ['invalid_json', 'invalid_body', 'disk_full', 'journal_unavailable'],
}

export const LIST_AGENTS_DOC: RouteDoc = {
  tag: 'Access',
  answers: { 200: jsonAnswer('The agents', object({ agents: array(AGENT_ROW) })) },
}

export const PUT_AGENT_DOC: RouteDoc = {
  tag: 'Access',
  description:
    'An id that is known is changed; members left out stay as they are. An id is that of one agent on the whole server.',
  body: {
    required: true,
    content: {
      'application/json': {
        schema: object(
          { id: text(), name: orNull(text()), tenant_id: TENANT, owner_id: orNull(text()) },
          { optional: ['name', 'tenant_id', 'owner_id'] },
        ),
        examples: {
          agent: { summary: 'An agent', value: { id: 'agent_42', name: 'Support bot', owner_id: 'ada' } },
        },
      },
    },
  },
  answers: {
    200: jsonAnswer('The agent, changed', AGENT_ROW),
    201: jsonAnswer('The agent', AGENT_ROW, {
      id: 'agent_42',
      name: 'Support bot',
      tenant_id: null,
      owner_id: 'ada',
      created_ms: 1_795_262_400_000,
    }),
  },
  errors: ['invalid_json', 'invalid_body', 'disk_full', 'journal_unavailable'],
}

export const ME_DOC: RouteDoc = {
  tag: 'Access',
  answers: {
    200: jsonAnswer(
      'Who asks',
      object({
        kind: { type: 'string', enum: ['local', 'key', 'agent', 'user'] },
        name: text('As the audit log names the sender.'),
        scopes: SCOPES,
        tenant_id: TENANT,
        agent_ids: orNull(array(text(), 'Whose events are seen; null: of all agents.')),
        key_id: orNull(text()),
        auth_method: orNull(text('How the sender said who it is; null: it did not have to.')),
        expires_ms: orNull(INSTANT),
        keys_required: flag('Must every request show who sends it?'),
      }),
    ),
  },
}
