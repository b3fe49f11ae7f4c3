import { describe, expect, it } from 'vitest'
import { mintKey } from '../identity/api-key.ts'
import type { ApiKey, KeyScope } from '../state/key.ts'
import { openMemoryState } from '../state/memory.ts'
import type { ControlState } from '../state/state.ts'
import { signedToken } from './protocol012/testing/signed-token.ts'
import type { Route } from './route.ts'
import { ROUTES } from './routes.ts'
import { createTestApp, NOW_MS, type TestApp } from './testing/test-app.ts'

const SECRET = 'a secret of the tests'
const NOW_S = NOW_MS / 1000

/** Somebody who asks: what is shown, and what that should be good for. */
interface Asker {
  readonly name: string
  readonly headers: Record<string, string>
  /** Absent: what is shown is worth nothing. */
  readonly scopes?: readonly KeyScope[]
  /** Sees a part of the server only. */
  readonly part?: true
  /** Sees some agents only. */
  readonly agents?: true
}

async function keyOf(state: ControlState, scopes: readonly KeyScope[], more: Partial<ApiKey> = {}): Promise<string> {
  const { id, text, secretHash } = mintKey()
  const row: ApiKey = { id, name: id, secretHash, scopes, createdMs: NOW_MS, ...more }
  await state.write([{ table: 'keys', id, row }])
  return text
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
const jwt = (claims: object): Record<string, string> => bearer(signedToken(claims as Record<string, unknown>, SECRET))

const ALL: readonly KeyScope[] = ['ingest', 'read', 'admin']

/** Everybody there is. */
async function askersOf(state: ControlState): Promise<readonly Asker[]> {
  const admin = await keyOf(state, ['admin'])
  const altered = `${admin.slice(0, -1)}${admin.endsWith('a') ? 'b' : 'a'}`
  const key = async (scopes: readonly KeyScope[], more?: Partial<ApiKey>): Promise<Record<string, string>> =>
    bearer(await keyOf(state, scopes, more))
  return [
    { name: 'nobody', headers: {} },
    { name: 'a key of an unknown id', headers: bearer(mintKey().text) },
    { name: 'a wrong secret', headers: bearer(altered) },
    { name: 'no key at all', headers: bearer('tsk_') },
    { name: 'another scheme', headers: { authorization: `Basic ${admin}` } },
    { name: 'a wrong X-Api-Key', headers: { 'x-api-key': 'nonsense' } },
    { name: 'a revoked key', headers: await key(ALL, { revokedMs: NOW_MS - 1 }) },
    { name: 'an expired key', headers: await key(ALL, { expiresMs: NOW_MS }) },
    { name: 'a key of `__proto__`', headers: bearer(`tsk_proto_${'0'.repeat(43)}`) },
    {
      name: 'a JWT of another secret',
      headers: bearer(signedToken({ sub: 'a', role: 'admin', exp: NOW_S + 9 }, 'other')),
    },
    { name: 'an expired user', headers: jwt({ sub: 'ada', role: 'admin', exp: NOW_S - 1 }) },
    { name: 'a user for ever', headers: jwt({ sub: 'ada', role: 'admin' }) },
    { name: 'an expired agent', headers: jwt({ agent_id: 'agent_1', iss: 'iron-control-panel', exp: NOW_S - 1 }) },
    { name: 'an agent of another issuer', headers: jwt({ agent_id: 'agent_1', iss: 'x' }) },
    { name: 'an ingest key', headers: await key(['ingest']), scopes: ['ingest'] },
    { name: 'a read key', headers: await key(['read']), scopes: ['read'] },
    { name: 'a key for both', headers: await key(['read', 'ingest']), scopes: ['read', 'ingest'] },
    { name: 'an admin key', headers: bearer(admin), scopes: ALL },
    { name: 'an admin key in X-Api-Key', headers: { 'x-api-key': admin }, scopes: ALL },
    {
      name: "a tenant's ingest key",
      headers: await key(['ingest'], { tenantId: 't' }),
      scopes: ['ingest'],
      part: true,
    },
    { name: "a tenant's read key", headers: await key(['read'], { tenantId: 't' }), scopes: ['read'], part: true },
    { name: "a tenant's admin key", headers: await key(['admin'], { tenantId: 't' }), scopes: ALL, part: true },
    {
      name: "an agent's key",
      headers: await key(['ingest', 'read'], { agentId: 'a' }),
      scopes: ['ingest', 'read'],
      part: true,
      agents: true,
    },
    {
      name: 'an agent',
      headers: jwt({ agent_id: 'agent_1', iss: 'iron-control-panel' }),
      scopes: ['ingest', 'read'],
      part: true,
      agents: true,
    },
    {
      name: 'a user',
      headers: jwt({ sub: 'ada', role: 'user', exp: NOW_S + 60 }),
      scopes: ['read'],
      part: true,
      agents: true,
    },
    { name: 'an administrator', headers: jwt({ sub: 'ada', role: 'admin', exp: NOW_S + 60 }), scopes: ALL },
    {
      name: "a tenant's administrator",
      headers: jwt({ sub: 'ada', role: 'admin', tenant_id: 't', exp: NOW_S + 60 }),
      scopes: ALL,
      part: true,
    },
  ]
}

async function closedApp(): Promise<TestApp & { readonly askers: readonly Asker[] }> {
  const state = openMemoryState()
  const askers = await askersOf(state)
  return { ...(await createTestApp({ state, protocol012: { jwtSecret: SECRET } })), askers }
}

/** 401, 403, or undefined where the route should get to answer. */
function refusal({ scope, whole, allAgents }: Route, { scopes, part, agents }: Asker): 401 | 403 | undefined {
  if (scope === 'public') return undefined
  if (scopes === undefined) return 401
  if (scope !== 'known' && !scopes.includes(scope)) return 403
  return (whole && part) || (allAgents && agents) ? 403 : undefined
}

async function statusOf({ call }: TestApp, route: Route, headers: Record<string, string>): Promise<Response> {
  const path = route.path === '/*' ? '/' : route.path.replaceAll(/:\w+/g, 'x')
  const body = route.method === 'POST' ? { body: '{}' } : {}
  const response = await call(path, {
    method: route.method,
    headers: { 'content-type': 'application/json', ...headers },
    ...body,
  })
  if (response.status < 400) await response.body?.cancel()
  return response
}

describe.each(ROUTES.map((route) => ({ name: `${route.method} ${route.path}`, route })))('I-7: $name', ({ route }) => {
  it('lets in whoever may, and nobody else', async () => {
    const app = await closedApp()
    for (const asker of app.askers) {
      const response = await statusOf(app, route, asker.headers)
      const expected = refusal(route, asker)
      const { status } = response
      if (expected === undefined) expect([401, 403], asker.name).not.toContain(status)
      else expect(status, asker.name).toBe(expected)
      if (expected !== 401) continue
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      const dialect = route.failure === undefined ? 'application/problem+json' : 'application/json'
      expect(response.headers.get('content-type')).toBe(dialect)
    }
  })

  it('refuses all who show nothing where other machines can reach a server without keys', async () => {
    const app = await createTestApp()
    app.app.context.guard.bind('192.0.2.7')
    const { status } = await statusOf(app, route, {})
    if (route.scope === 'public') expect(status).not.toBe(401)
    else expect(status).toBe(401)
  })

  it('says the same of an unknown key, a wrong secret and a revoked key', async () => {
    const app = await closedApp()
    const answers = new Set<string>()
    for (const name of ['a key of an unknown id', 'a wrong secret', 'a revoked key']) {
      const { headers } = app.askers.find((asker) => asker.name === name) as Asker
      const response = await statusOf(app, route, headers)
      if (response.status === 401) answers.add((await response.text()).replaceAll(/urn:uuid:[0-9a-f-]+/g, ''))
    }
    expect(answers.size).toBe(route.scope === 'public' ? 0 : 1)
  })
})

describe('a server on loopback without keys', () => {
  it('is open, also to whoever shows a key', async () => {
    const app = await createTestApp()
    for (const headers of [{}, bearer(mintKey().text), bearer('anything'), { 'x-api-key': 'x' }]) {
      const response = await app.call('/api/v1/me', { headers })
      expect(await response.json()).toMatchObject({ kind: 'local', keys_required: false })
    }
  })

  it('is closed as soon as it has a key, and stays so when that is revoked', async () => {
    const state = openMemoryState()
    const app = await createTestApp({ state })
    expect((await app.call('/api/v1/status')).status).toBe(200)
    const text = await keyOf(state, ['admin'])
    expect((await app.call('/api/v1/status')).status).toBe(401)
    const [row] = state.rows('keys').values()
    await state.write([{ table: 'keys', id: row?.id ?? '', row: { ...(row as ApiKey), revokedMs: NOW_MS } }])
    expect((await app.call('/api/v1/status', { headers: bearer(text) })).status).toBe(401)
    expect((await app.call('/api/v1/status')).status).toBe(401)
  })
})
