import { TallystickError } from '@tallystick/core'
import type { Principal } from '../../identity/principal.ts'
import type { SavedView } from '../../state/saved-view.ts'
import type { AppContext } from '../app-context.ts'
import { Members } from '../members.ts'
import { type Call, type Handler, json } from '../route.ts'
import { readJson } from './query.ts'

const NAME_BYTES = 120
const ADDRESS_BYTES = 4_096
const MOST_OF_ONE = 200
const MOST_OF_ALL = 10_000

/**
 * A page of the dashboard and what its address says of it. Neither a scheme nor a host can be said by it, also not as
 * `//host`, and nothing that is not encoded: whoever opens it stays where they are.
 */
const ADDRESS = /^\/(?:[a-z][a-z0-9-]{0,31})?(?:\?[\w.~!$&'()*+,;=:@/?%[\]-]*)?$/

/** `GET /api/v1/views`: the views that may be seen, by name. Whoever sees some agents only sees their own. */
export const listViews: Handler = ({ app, principal }) => {
  const views = [...app.state.rows('views').values()].filter((view) => isVisible(view, principal))
  views.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.createdMs - b.createdMs))
  return json({ views: views.map((view) => shown(view, principal)) })
}

/** `POST /api/v1/views` */
export const createView: Handler = async ({ app, principal, request }) => {
  const { name, address } = await definitionIn(request, app, principal)
  const views = app.state.rows('views')
  const own = [...views.values()].filter((view) => isOwn(view, principal))
  if (own.length >= MOST_OF_ONE || views.size >= MOST_OF_ALL)
    throw new TallystickError(
      'invalid_body',
      `No more than ${own.length >= MOST_OF_ONE ? `${MOST_OF_ONE} views of one person` : `${MOST_OF_ALL} views`} are kept; remove some.`,
    )
  const nowMs = app.clock.now()
  const row: SavedView = {
    id: app.newRequestId(),
    ...(principal.tenantId === undefined ? {} : { tenantId: principal.tenantId }),
    name,
    ...address,
    actor: principal.name,
    ...(principal.keyId === undefined ? {} : { keyId: principal.keyId }),
    createdMs: nowMs,
    updatedMs: nowMs,
  }
  await app.state.write([
    { table: 'views', id: row.id, row },
    ...app.audit.record(principal, 'view.create', row.id, { name, path: row.path }),
  ])
  return json(shown(row, principal), 201)
}

/** `PUT /api/v1/views/:id`: name and address anew. */
export const replaceView: Handler = async (call) => {
  const { app, principal, request } = call
  const before = changeableView(call)
  const { name, address } = await definitionIn(request, app, principal, before)
  const row: SavedView = { ...before, name, ...address, updatedMs: app.clock.now() }
  await app.state.write([
    { table: 'views', id: row.id, row },
    ...app.audit.record(principal, 'view.update', row.id, { name, path: row.path }),
  ])
  return json(shown(row, principal))
}

/** `DELETE /api/v1/views/:id` */
export const removeView: Handler = async (call) => {
  const { app, principal } = call
  const { id, name } = changeableView(call)
  await app.state.write([
    { table: 'views', id, row: undefined },
    ...app.audit.record(principal, 'view.delete', id, { name }),
  ])
  return json({ removed: id })
}

/** @throws TallystickError `view_not_found`, also for what others only are shown; `forbidden` for what somebody else has saved */
function changeableView({ app, principal, params }: Call): SavedView {
  const view = app.state.rows('views').get(params['id'] ?? '')
  if (view === undefined || !isVisible(view, principal))
    throw new TallystickError('view_not_found', 'There is no such saved view.')
  if (!mayChange(view, principal))
    throw new TallystickError('forbidden', 'Somebody else has saved this view; they or an administrator may change it.')
  return view
}

/** A view may name agents, users and models of everybody in the tenant, so who sees some agents only is not shown others'. */
function isVisible(view: SavedView, principal: Principal): boolean {
  if (principal.agentIds !== undefined) return isOwn(view, principal)
  return principal.tenantId === undefined || view.tenantId === principal.tenantId
}

function mayChange(view: SavedView, principal: Principal): boolean {
  return isOwn(view, principal) || principal.scopes.has('admin')
}

const isOwn = (view: SavedView, principal: Principal): boolean => isOf(view, { ...principal, actor: principal.name })

/** By the key where there is one: two keys may bear one name. */
function isOf(view: SavedView, { tenantId, keyId, actor }: Owner): boolean {
  return view.tenantId === tenantId && view.keyId === keyId && (keyId !== undefined || view.actor === actor)
}

type Owner = Partial<Pick<SavedView, 'tenantId' | 'keyId'>> & Pick<SavedView, 'actor'>

/** @throws TallystickError `invalid_body` with everything that is wrong */
async function definitionIn(
  request: Request,
  app: AppContext,
  principal: Principal,
  before?: SavedView,
): Promise<{ readonly name: string; readonly address: Pick<SavedView, 'path' | 'parameters'> }> {
  const members = new Members(await readJson(request, app), ['name', 'address'])
  const name = members.text('name', NAME_BYTES)?.trim()
  const text = members.text('address', ADDRESS_BYTES)
  if (!members.has('name') || name === '') members.wrong('name', 'must be given')
  if (!members.has('address')) members.wrong('address', 'must be given')
  if (text !== undefined && !ADDRESS.test(text))
    members.wrong('address', 'must be a page of the dashboard with its parameters, such as "/explore?range=7d"')
  const owner = before ?? { ...principal, actor: principal.name }
  for (const view of app.state.rows('views').values())
    if (view.name === name && view.id !== before?.id && isOf(view, owner))
      members.wrong('name', 'is that of another view of the same person; change that one, or take another name')
  members.assertRight()
  const [path = '/', query = ''] = splitOnce(text as string)
  return { name: name as string, address: { path, parameters: [...new URLSearchParams(query)] } }
}

function splitOnce(address: string): readonly [path: string, query: string] {
  const at = address.indexOf('?')
  return at === -1 ? [address, ''] : [address.slice(0, at), address.slice(at + 1)]
}

function shown(view: SavedView, principal: Principal): object {
  const { id, tenantId, name, path, parameters, actor, createdMs, updatedMs } = view
  const query = new URLSearchParams(parameters).toString()
  return {
    id,
    name,
    address: query === '' ? path : `${path}?${query}`,
    tenant_id: tenantId ?? null,
    created_by: actor,
    created_ms: createdMs,
    updated_ms: updatedMs,
    may_change: mayChange(view, principal),
  }
}
