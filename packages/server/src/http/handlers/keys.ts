import { TallystickError } from '@tallystick/core'
import { normaliseAgentId } from '@tallystick/core/event'
import { mintKey } from '../../identity/api-key.ts'
import { type Principal, seesAll } from '../../identity/principal.ts'
import type { ApiKey, KeyScope } from '../../state/key.ts'
import { Members } from '../members.ts'
import { type Call, type Handler, json } from '../route.ts'
import { readJson } from './query.ts'
import { tenantOf, tenantToo } from './tenants.ts'

const SCOPES: readonly KeyScope[] = ['ingest', 'read', 'admin']
const NAME_BYTES = 128
const MEMBERS = ['name', 'scopes', 'tenant_id', 'agent_id', 'expires_ms', 'expires_in_seconds']

/** `GET /api/v1/keys`: every key that the principal may manage, revoked ones included, without the secrets. */
export const listKeys: Handler = ({ app, principal }) =>
  json({ keys: [...app.state.rows('keys').values()].filter((row) => mayManage(principal, row)).map(shown) })

/** `POST /api/v1/keys`: makes a key. Its text is in this answer and nowhere else, ever. */
export const createKey: Handler = async ({ request, app, principal }) => {
  const members = new Members(await readJson(request, app), MEMBERS)
  const terms = termsOf(members, principal, app.clock.now())
  const { state } = app
  const minted = mintKey()
  const row: ApiKey = { id: minted.id, secretHash: minted.secretHash, ...terms }
  if (state.rows('keys').size === 0 && !isMaster(row))
    throw new TallystickError(
      'invalid_body',
      'The first key closes the server to whoever shows none, so it must be able to make others: give it the scope admin, no tenant and no end.',
      { issues: [{ path: 'scopes', message: 'the first key must have admin' }] },
    )
  await state.write([
    ...tenantToo(app, principal, row.tenantId),
    { table: 'keys', id: row.id, row },
    ...app.audit.record(principal, 'key.create', row.id, factsOf(row)),
  ])
  return json({ ...shown(row), key: minted.text }, 201)
}

/** `POST /api/v1/keys/:id/revoke`: takes a key back, at once; streams that were opened with it break off. */
export const revokeKey: Handler = async ({ params, app, principal }: Call) => {
  const row = app.state.rows('keys').get(params['id'] ?? '')
  if (row === undefined || !mayManage(principal, row))
    throw new TallystickError('key_not_found', 'There is no such key.')
  if (row.revokedMs !== undefined) return json(shown(row))
  const revoked: ApiKey = { ...row, revokedMs: app.clock.now() }
  await app.state.write([
    { table: 'keys', id: row.id, row: revoked },
    ...app.audit.record(principal, 'key.revoke', row.id),
  ])
  return json(shown(revoked))
}

type Terms = Omit<ApiKey, 'id' | 'secretHash'>

/** @throws TallystickError `invalid_body`, `forbidden` */
function termsOf(members: Members, principal: Principal, nowMs: number): Terms {
  const name = members.text('name', NAME_BYTES)
  const scopes = members.some('scopes', SCOPES)
  const agent = members.text('agent_id', NAME_BYTES)
  const seconds = members.integer('expires_in_seconds', 1)
  const expiresMs =
    members.integer('expires_ms', nowMs + 1) ?? (seconds === undefined ? undefined : nowMs + seconds * 1000)
  const tenantId = tenantOf(members, principal)
  if (!members.has('name')) members.wrong('name', 'must be given: it is how people tell keys apart')
  if (!members.has('scopes')) members.wrong('scopes', `must be given: some of ${SCOPES.join(', ')}`)
  if (members.has('expires_ms') && members.has('expires_in_seconds'))
    members.wrong('expires_in_seconds', 'must not stand beside expires_ms')
  if (expiresMs !== undefined && !Number.isSafeInteger(expiresMs))
    members.wrong('expires_in_seconds', 'lies too far ahead')
  if (agent !== undefined && scopes?.includes('admin'))
    members.wrong('scopes', 'must not have admin where the key is bound to an agent')
  members.assertRight()
  return {
    name: name as string,
    scopes: scopes as readonly KeyScope[],
    createdMs: nowMs,
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(agent === undefined ? {} : { agentId: normaliseAgentId(agent) }),
    ...(expiresMs === undefined ? {} : { expiresMs }),
  }
}

const isMaster = ({ scopes, tenantId, expiresMs }: ApiKey): boolean =>
  scopes.includes('admin') && tenantId === undefined && expiresMs === undefined

const mayManage = (principal: Principal, { tenantId }: ApiKey): boolean =>
  seesAll(principal) || (principal.tenantId !== undefined && principal.tenantId === tenantId)

function shown({ id, name, scopes, tenantId, agentId, createdMs, expiresMs, revokedMs }: ApiKey): object {
  return {
    id,
    name,
    scopes,
    tenant_id: tenantId ?? null,
    agent_id: agentId ?? null,
    created_ms: createdMs,
    expires_ms: expiresMs ?? null,
    revoked_ms: revokedMs ?? null,
  }
}

function factsOf({ name, scopes, tenantId, agentId, expiresMs }: ApiKey): Record<string, string | number | null> {
  return {
    name,
    scopes: scopes.join(' '),
    tenant_id: tenantId ?? null,
    agent_id: agentId ?? null,
    expires_ms: expiresMs ?? null,
  }
}
