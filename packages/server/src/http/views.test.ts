import { describe, expect, it } from 'vitest'
import { mintKey } from '../identity/api-key.ts'
import type { ApiKey } from '../state/key.ts'
import { openMemoryState } from '../state/memory.ts'
import type { ControlState } from '../state/state.ts'
import { createTestApp, NOW_MS, type TestApp } from './testing/test-app.ts'

interface View {
  readonly id: string
  readonly name: string
  readonly address: string
  readonly created_by: string
  readonly may_change: boolean
}

const PATH = '/api/v1/views'
type Headers = Record<string, string>

const send = async (
  app: TestApp,
  method: string,
  path: string,
  body: unknown,
  headers: Headers = {},
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await app.call(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const listed = async (app: TestApp, headers: Headers = {}): Promise<readonly View[]> =>
  ((await (await app.call(PATH, { headers })).json()) as { views: View[] }).views

async function keyOf(state: ControlState, more: Partial<ApiKey>): Promise<Headers> {
  const { id, secretHash, text } = mintKey()
  const row: ApiKey = { id, name: 'one name', secretHash, scopes: ['read'], createdMs: NOW_MS, ...more }
  await state.write([{ table: 'keys', id, row }])
  return { authorization: `Bearer ${text}` }
}

describe('saved views', () => {
  it('are saved, listed by name, changed and removed, and all of it is written down', async () => {
    const app = await createTestApp()
    const address = '/explore?range=7d&is.agent_id=coder+%26+co&compare=1'
    const made = await send(app, 'POST', PATH, { name: 'Spend', address })
    expect(made).toMatchObject({ status: 201, body: { name: 'Spend', address, created_by: 'local', may_change: true } })
    await send(app, 'POST', PATH, { name: 'Alerts', address: '/alerts' })
    expect((await listed(app)).map(({ name, address: at }) => [name, at])).toEqual([
      ['Alerts', '/alerts'],
      ['Spend', address],
    ])
    const one = `${PATH}/${made.body['id']}`
    expect(await send(app, 'PUT', one, { name: 'Overview', address: '/' })).toMatchObject({
      status: 200,
      body: { id: made.body['id'], name: 'Overview', address: '/' },
    })
    expect((await send(app, 'DELETE', one, undefined)).body).toEqual({ removed: made.body['id'] })
    expect(await send(app, 'DELETE', one, undefined)).toMatchObject({ status: 404, body: { code: 'view_not_found' } })
    expect((await listed(app)).map(({ name }) => name)).toEqual(['Alerts'])
    const { entries } = (await (await app.call('/api/v1/audit')).json()) as { entries: { action: string }[] }
    expect(entries.map(({ action }) => action)).toEqual(['view.delete', 'view.update', 'view.create', 'view.create'])
  })

  it.each([
    ['nothing', {}],
    ['no name', { address: '/' }],
    ['a blank name', { name: '   ', address: '/' }],
    ['a long name', { name: 'x'.repeat(121), address: '/' }],
    ['a name of two lines', { name: 'a\nb', address: '/' }],
    ['a long address', { name: 'x', address: `/?is.model=${'x'.repeat(4_096)}` }],
    ['another host', { name: 'x', address: '//elsewhere.example/explore' }],
    ['another host, turned round', { name: 'x', address: '/\\elsewhere.example' }],
    ['a scheme', { name: 'x', address: 'javascript:alert(1)' }],
    ['a whole address', { name: 'x', address: 'https://elsewhere.example/' }],
    ['a way up', { name: 'x', address: '/../auth' }],
    ['a route of the API', { name: 'x', address: '/api/v1/session' }],
    ['a fragment', { name: 'x', address: '/#top' }],
    ['what is not encoded', { name: 'x', address: '/?is.model=a b' }],
    ['more', { name: 'x', address: '/', tenant_id: 'other' }],
  ])('are refused with %s', async (_, body) => {
    const app = await createTestApp()
    expect(await send(app, 'POST', PATH, body)).toMatchObject({ status: 400, body: { code: 'invalid_body' } })
    expect(await listed(app)).toEqual([])
  })

  it('have names of their own for whoever saves them, and an end', async () => {
    const app = await createTestApp()
    const body = { name: 'One', address: '/' }
    const { body: first } = await send(app, 'POST', PATH, body)
    expect((await send(app, 'POST', PATH, body)).status).toBe(400)
    expect((await send(app, 'PUT', `${PATH}/${first['id']}`, { ...body, address: '/explore' })).status).toBe(200)
    for (let count = 1; count < 200; count++)
      expect((await send(app, 'POST', PATH, { ...body, name: `View ${count}` })).status).toBe(201)
    expect(await send(app, 'POST', PATH, { ...body, name: 'One more' })).toMatchObject({ status: 400 })
  })

  it('of a tenant are shown to the tenant, changed by whoever saved them or an administrator, and never known to others', async () => {
    const state = openMemoryState()
    const [ada, bob, admin, agent, other, server] = [
      await keyOf(state, { tenantId: 'left' }),
      await keyOf(state, { tenantId: 'left' }),
      await keyOf(state, { tenantId: 'left', scopes: ['admin'] }),
      await keyOf(state, { tenantId: 'left', agentId: 'coder' }),
      await keyOf(state, { tenantId: 'right', scopes: ['admin'] }),
      await keyOf(state, { scopes: ['admin'] }),
    ]
    const app = await createTestApp({ state })
    const body = { name: 'Ours', address: '/explore' }
    const { body: made } = await send(app, 'POST', PATH, body, ada)
    const one = `${PATH}/${made['id']}`
    expect((await listed(app, bob)).map(({ may_change: may }) => may)).toEqual([false])
    expect(await send(app, 'PUT', one, body, bob)).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    for (const stranger of [agent, other]) {
      expect(await listed(app, stranger)).toEqual([])
      expect((await send(app, 'DELETE', one, undefined, stranger)).status).toBe(404)
    }
    // The same name, of somebody else: both stay.
    expect((await send(app, 'POST', PATH, body, agent)).status).toBe(201)
    expect(await listed(app, agent)).toHaveLength(1)
    expect((await listed(app, server)).map(({ may_change: may }) => may)).toEqual([true, true])
    expect((await send(app, 'PUT', one, { ...body, name: 'Ours, renamed' }, ada)).status).toBe(200)
    expect((await send(app, 'DELETE', one, undefined, admin)).status).toBe(200)
  })
})
