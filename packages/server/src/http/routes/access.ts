import { listAgents, putAgent } from '../handlers/agents.ts'
import { createKey, listKeys, revokeKey } from '../handlers/keys.ts'
import { me } from '../handlers/me.ts'
import { beginOidc, finishOidc } from '../handlers/oidc.ts'
import { endSession, openSession, showSession } from '../handlers/session.ts'
import { listTenants, putTenant } from '../handlers/tenants.ts'
import {
  CREATE_KEY_DOC,
  LIST_AGENTS_DOC,
  LIST_KEYS_DOC,
  LIST_TENANTS_DOC,
  ME_DOC,
  PUT_AGENT_DOC,
  PUT_TENANT_DOC,
  REVOKE_KEY_DOC,
} from '../openapi/identity.ts'
import {
  BEGIN_OIDC_DOC,
  END_SESSION_DOC,
  FINISH_OIDC_DOC,
  OPEN_SESSION_DOC,
  SHOW_SESSION_DOC,
} from '../openapi/login.ts'
import type { Route } from '../route.ts'

/** Who one is: keys, tenants, agents, sessions. */
export const ACCESS_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/v1/me',
    scope: 'known',
    handler: me,
    doc: ME_DOC,
    strict: true,
    summary: 'Tell who asks and what that one may do',
  },
  {
    method: 'GET',
    path: '/api/v1/keys',
    scope: 'admin',
    handler: listKeys,
    doc: LIST_KEYS_DOC,
    strict: true,
    summary: 'List the keys without their secrets',
  },
  {
    method: 'POST',
    path: '/api/v1/keys',
    scope: 'admin',
    handler: createKey,
    doc: CREATE_KEY_DOC,
    strict: true,
    summary: 'Make a key, whose text is shown once',
  },
  {
    method: 'POST',
    path: '/api/v1/keys/:id/revoke',
    scope: 'admin',
    handler: revokeKey,
    doc: REVOKE_KEY_DOC,
    strict: true,
    summary: 'Take a key back at once',
  },
  {
    method: 'GET',
    path: '/api/v1/tenants',
    scope: 'admin',
    handler: listTenants,
    doc: LIST_TENANTS_DOC,
    strict: true,
    summary: 'List the tenants',
  },
  {
    method: 'POST',
    path: '/api/v1/tenants',
    scope: 'admin',
    handler: putTenant,
    doc: PUT_TENANT_DOC,
    strict: true,
    whole: true,
    summary: 'Make or rename a tenant',
  },
  {
    method: 'GET',
    path: '/api/v1/agents',
    scope: 'admin',
    handler: listAgents,
    doc: LIST_AGENTS_DOC,
    strict: true,
    summary: 'List what is known of agents',
  },
  {
    method: 'POST',
    path: '/api/v1/agents',
    scope: 'admin',
    handler: putAgent,
    doc: PUT_AGENT_DOC,
    strict: true,
    summary: 'Make an agent or change what is known of it',
  },
  {
    method: 'GET',
    path: '/api/v1/session',
    scope: 'public',
    handler: showSession,
    doc: SHOW_SESSION_DOC,
    strict: true,
    summary: 'Say who asks and how to log in',
  },
  {
    method: 'POST',
    path: '/api/v1/session',
    scope: 'public',
    handler: openSession,
    doc: OPEN_SESSION_DOC,
    strict: true,
    summary: 'Log in with a key',
  },
  {
    method: 'DELETE',
    path: '/api/v1/session',
    scope: 'public',
    handler: endSession,
    doc: END_SESSION_DOC,
    strict: true,
    summary: 'Log this browser out',
  },
  {
    method: 'GET',
    path: '/auth/oidc/login',
    scope: 'public',
    handler: beginOidc,
    doc: BEGIN_OIDC_DOC,
    summary: 'Go to the OpenID Connect issuer',
  },
  {
    method: 'GET',
    path: '/auth/oidc/callback',
    scope: 'public',
    handler: finishOidc,
    doc: FINISH_OIDC_DOC,
    summary: 'Come back from the issuer',
  },
]
