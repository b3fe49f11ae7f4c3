import { TallystickError } from '@tallystick/core'
import { normaliseAgentId } from '@tallystick/core/event'
import { mayKnow, visibleAgents } from '../../identity/visible-agents.ts'
import type { Agent } from '../../state/agent.ts'
import { Members } from '../members.ts'
import { type Handler, json } from '../route.ts'
import { readJson } from './query.ts'
import { tenantOf, tenantToo } from './tenants.ts'

const NAME_BYTES = 128
const MEMBERS = ['id', 'name', 'tenant_id', 'owner_id']

/** `GET /api/v1/agents`: what is known of agents beside their events. */
export const listAgents: Handler = ({ app, principal }) =>
  json({ agents: visibleAgents(app.state, principal).map(shown) })

/**
 * `POST /api/v1/agents`: makes an agent, or changes what is known of the one of that id. Members that are left out stay as
 * they are.
 */
export const putAgent: Handler = async ({ request, app, principal }) => {
  const members = new Members(await readJson(request, app), MEMBERS)
  const given = members.text('id', NAME_BYTES)
  const name = members.text('name', NAME_BYTES)
  const ownerId = members.text('owner_id', NAME_BYTES)
  const tenantId = tenantOf(members, principal)
  if (!members.has('id')) members.wrong('id', 'must be given')
  members.assertRight()
  const id = normaliseAgentId(given as string)
  const known = app.state.rows('agents').get(id)
  if (known !== undefined && !mayKnow(principal, known))
    throw new TallystickError('forbidden', 'The agent of this id is not yours to change.')
  const row: Agent = {
    createdMs: app.clock.now(),
    ...known,
    id,
    ...(name === undefined ? {} : { name }),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(ownerId === undefined ? {} : { ownerId }),
  }
  await app.state.write([
    ...tenantToo(app, principal, row.tenantId),
    { table: 'agents', id, row },
    ...app.audit.record(principal, known === undefined ? 'agent.create' : 'agent.update', id, {
      name: row.name ?? null,
      tenant_id: row.tenantId ?? null,
      owner_id: row.ownerId ?? null,
    }),
  ])
  return json(shown(row), known === undefined ? 201 : 200)
}

function shown({ id, name, tenantId, ownerId, createdMs }: Agent): object {
  return {
    id,
    name: name ?? null,
    tenant_id: tenantId ?? null,
    owner_id: ownerId ?? null,
    created_ms: createdMs,
  }
}
