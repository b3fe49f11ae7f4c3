import { TallystickError } from '@tallystick/core'
import { type Principal, seesAll } from '../../identity/principal.ts'
import type { Tenant } from '../../state/agent.ts'
import type { Change } from '../../state/state.ts'
import type { AppContext } from '../app-context.ts'
import { Members } from '../members.ts'
import { type Handler, json } from '../route.ts'
import { readJson } from './query.ts'

const NAME_BYTES = 128

/** `GET /api/v1/tenants`: every tenant, or the principal's own. */
export const listTenants: Handler = ({ app, principal }) => {
  const rows = [...app.state.rows('tenants').values()]
  return json({ tenants: rows.filter(({ id }) => seesAll(principal) || id === principal.tenantId).map(shown) })
}

/** `POST /api/v1/tenants`: makes a tenant, or gives the one of that id another name. */
export const putTenant: Handler = async ({ request, app, principal }) => {
  const members = new Members(await readJson(request, app), ['id', 'name'])
  const id = members.text('id', NAME_BYTES)
  const name = members.text('name', NAME_BYTES)
  if (!members.has('id')) members.wrong('id', 'must be given')
  members.assertRight()
  const known = app.state.rows('tenants').get(id as string)
  const row: Tenant = {
    id: id as string,
    name: name ?? known?.name ?? (id as string),
    createdMs: known?.createdMs ?? app.clock.now(),
  }
  await app.state.write([
    { table: 'tenants', id: row.id, row },
    ...app.audit.record(principal, known === undefined ? 'tenant.create' : 'tenant.update', row.id, { name: row.name }),
  ])
  return json(shown(row), known === undefined ? 201 : 200)
}

/**
 * The tenant that a body names, which for a principal of one is its own and needs no naming.
 *
 * @throws TallystickError `forbidden` when it names another
 */
export function tenantOf(members: Members, principal: Principal): string | undefined {
  const named = members.text('tenant_id', NAME_BYTES)
  if (principal.tenantId === undefined) return named
  if (named === undefined || named === principal.tenantId) return principal.tenantId
  throw new TallystickError('forbidden', 'These credentials are of one tenant, and manage that alone.')
}

/** What makes a tenant that is named for the first time. */
export function tenantToo(app: AppContext, principal: Principal, id: string | undefined): readonly Change[] {
  if (id === undefined || app.state.rows('tenants').has(id)) return []
  return [
    { table: 'tenants', id, row: { id, name: id, createdMs: app.clock.now() } },
    ...app.audit.record(principal, 'tenant.create', id),
  ]
}

const shown = ({ id, name, createdMs }: Tenant): object => ({ id, name, created_ms: createdMs })
