import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROUTES } from '../http/routes.ts'
import { mintKey } from '../identity/api-key.ts'
import { type OpenOptions, openTallystick, type Tallystick } from '../open.ts'
import type { KeyScope } from '../state/key.ts'

let dir: string
const open: Tallystick[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tallystick-control-'))
})
afterEach(async () => {
  for (const server of open.splice(0).reverse()) await server.close()
  await rm(dir, { recursive: true, force: true })
})

async function start(name: string, options: Partial<OpenOptions> = {}): Promise<Tallystick> {
  const server = await openTallystick({ dataDir: join(dir, name), store: 'memory:', ...options })
  open.push(server)
  return server
}

async function stop(server: Tallystick): Promise<void> {
  open.splice(open.indexOf(server), 1)
  await server.close()
}

interface Pair {
  readonly owner: Tallystick
  readonly ownerUrl: string
  readonly follower: Tallystick
  /** Of the owner, with the scope `admin`. */
  readonly key: string
}

async function pair(
  ownerOptions: Partial<OpenOptions> = {},
  control: Partial<NonNullable<OpenOptions['control']>> = {},
  followerOptions: Partial<OpenOptions> = {},
): Promise<Pair> {
  const owner = await start('owner', ownerOptions)
  const key = await keyAt(owner, ['admin'])
  const { url } = await owner.listen()
  const follower = await start('follower', { control: { url, key, ...control }, ...followerOptions })
  return { owner, ownerUrl: url, follower, key }
}

async function keyAt(server: Tallystick, scopes: readonly KeyScope[]): Promise<string> {
  const { id, text, secretHash } = mintKey()
  await server.state.write([{ table: 'keys', id, row: { id, name: id, secretHash, scopes, createdMs: 1 } }])
  return text
}

type Json = Record<string, unknown>
interface Answer {
  readonly status: number
  readonly body: Json
  readonly headers: Headers
}

async function ask(server: Tallystick, path: string, key?: string, body?: unknown, method?: string): Promise<Answer> {
  const response = await server.fetch(
    new Request(`http://localhost${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  )
  const text = await response.text()
  return {
    status: response.status,
    body: text.startsWith('{') ? (JSON.parse(text) as Json) : {},
    headers: response.headers,
  }
}

const EVENT = { provider: 'openai', model: 'gpt-4o', input_tokens: 1_000, output_tokens: 100 }

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('a server that follows the owner of the control state', () => {
  it('lets in by the keys of the owner, and no longer once they are revoked there', async () => {
    const { owner, follower, key } = await pair()
    const sender = await keyAt(owner, ['ingest'])
    await until(async () => (await ask(follower, '/api/v1/events', sender, EVENT)).status === 200)
    const id = /^tsk_([^_]+)_/.exec(sender)?.[1] as string
    expect((await ask(owner, `/api/v1/keys/${id}/revoke`, key, {})).status).toBe(200)
    await until(async () => (await ask(follower, '/api/v1/events', sender, EVENT)).status === 401)
    expect(follower.state.rows('keys').get(id)?.revokedMs).toBeDefined()
  })

  it('has what is decided about control state decided by the owner, and knows of it with the answer', async () => {
    const { owner, follower, key } = await pair()
    const made = await ask(follower, '/api/v1/keys', key, { name: 'gateway', scopes: ['ingest'] })
    expect(made.status).toBe(201)
    expect((await ask(follower, '/api/v1/events', made.body['key'] as string, EVENT)).status).toBe(200)
    const budget = { id: 'team', name: 'Team', amount_usd: '25.00' }
    expect((await ask(follower, '/api/v1/budgets', key, budget)).status).toBe(201)
    const listed = await ask(follower, '/api/v1/budgets', key)
    expect((listed.body['budgets'] as Json[]).map(({ id }) => id)).toEqual(['team'])
    expect(owner.state.rows('budgets').get('team')?.amount).toBe('25000000000')
    // Refusals are the owner's too.
    expect((await ask(follower, '/api/v1/budgets', key, budget)).body['code']).toBe('budget_exists')
    expect((await ask(follower, '/api/v1/keys', made.body['key'] as string, {})).status).toBe(403)
    expect((await ask(follower, '/api/v1/audit', key)).body['entries']).toMatchObject([
      { action: 'budget.create' },
      { action: 'key.create' },
    ])
  })

  it('has no rows of its own to change', async () => {
    const { ownerUrl, follower } = await pair()
    await expect(
      follower.state.write([{ table: 'tenants', id: 't', row: { id: 't', name: 'T', createdMs: 1 } }]),
    ).rejects.toMatchObject({ code: 'control_elsewhere', message: expect.stringContaining(ownerUrl) })
  })

  it('cannot be followed', async () => {
    const { follower, key, ownerUrl } = await pair()
    const { url } = await follower.listen()
    const refused = await ask(follower, '/api/v1/control/changes', key)
    expect(refused).toMatchObject({ status: 421, body: { code: 'control_elsewhere' } })
    expect(refused.body['detail']).toContain(ownerUrl)
    const third = await start('third', { control: { url, key } })
    expect((await ask(third, '/api/v1/events', key, EVENT)).body['detail']).toContain('421 control_elsewhere')
  })

  it('opens a session by the owner, and notes there that it is used', async () => {
    const login = { session: { idleMs: 60_000, maxMs: 3_600_000 } }
    let nowMs = Date.UTC(2026, 10, 22)
    const clock = { now: () => nowMs, monotonic: () => performance.now() }
    const { owner, follower, key } = await pair({ login, clock }, {}, { login, clock })
    const opened = await ask(follower, '/api/v1/session', undefined, { key })
    expect(opened.status).toBe(200)
    const cookie = (opened.headers.get('set-cookie') as string).split(';')[0] as string
    const [before] = [...owner.state.rows('sessions').values()]
    nowMs += 30_000
    const answer = await follower.fetch(new Request('http://localhost/api/v1/me', { headers: { cookie } }))
    expect(answer.status).toBe(200)
    await until(() => [...owner.state.rows('sessions').values()][0]?.expiresMs === nowMs + 60_000)
    expect(before?.expiresMs).toBe(nowMs - 30_000 + 60_000)
    // A page of another site has the cookie sent along; the owner is not shown it.
    const ended = await follower.fetch(
      new Request('http://localhost/api/v1/session', { method: 'DELETE', headers: { cookie } }),
    )
    expect(ended.status).toBe(200)
    expect(owner.state.rows('sessions').size).toBe(0)
    const after = await follower.fetch(new Request('http://localhost/api/v1/me', { headers: { cookie } }))
    expect(after.status).toBe(401)
  })

  it('notes in the audit log of the owner that something is taken away', async () => {
    const { owner, follower, key } = await pair()
    expect((await ask(follower, '/api/v1/export', key)).status).toBe(200)
    await until(() => [...owner.state.rows('audit').values()].some(({ action }) => action.includes('export')))
  })

  it('passes on nothing by which a proxy could vouch for somebody', async () => {
    const { follower } = await pair({
      login: { proxy: { header: 'x-forwarded-user', groups: ['root=admin'], groupsHeader: 'x-groups' } },
      clientAddress: { policy: 'off', trustedProxies: ['127.0.0.1'] },
    })
    const answer = await follower.fetch(
      new Request('http://localhost/api/v1/tenants', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-user': 'eve', 'x-groups': 'root' },
        body: JSON.stringify({ id: 't', name: 'T' }),
      }),
    )
    expect(answer.status).toBe(401)
  })

  it('says in its status whom it follows', async () => {
    const { owner, ownerUrl, follower, key } = await pair()
    expect((await ask(owner, '/api/v1/status', key)).body['control']).toBeNull()
    expect((await ask(follower, '/api/v1/status', key)).body['control']).toMatchObject({
      owner: ownerUrl,
      state: 'following',
      notes_waiting: 0,
    })
  })
})

describe('while the owner is away', () => {
  it('keys that are known go on for as long as is configured, events are taken, and changes say why they cannot be', async () => {
    let ms = 1_000_000
    const clock = { now: () => Date.now(), monotonic: () => ms }
    const { owner, ownerUrl, follower, key } = await pair({}, { staleMs: 60_000 }, { clock })
    await stop(owner)
    await until(async () => ((await ask(follower, '/api/v1/status', key)).body['control'] as Json)['state'] === 'away')
    expect((await ask(follower, '/api/v1/events', key, EVENT)).body).toMatchObject({ accepted: 1 })
    const refused = await ask(follower, '/api/v1/budgets', key, { name: 'Team', amount_usd: '25.00' })
    expect(refused).toMatchObject({ status: 503, body: { code: 'control_unavailable' } })
    expect(refused.body['detail']).toContain(ownerUrl)
    expect((await ask(follower, '/readyz')).status).toBe(200)
    ms += 60_000
    const stale = await ask(follower, '/api/v1/events', key, EVENT)
    expect(stale).toMatchObject({ status: 503, body: { code: 'control_unavailable' } })
    expect(stale.body['detail']).toContain('control.stale_seconds')
    expect((await ask(follower, '/readyz')).status).toBe(503)
  })

  it('a restart goes on with what was known, and takes everything from the owner when it is back', async () => {
    const owner = await start('owner', { store: 'jsonl:' })
    const key = await keyAt(owner, ['admin'])
    const { url, port } = await owner.listen()
    const control = { url, key }
    const first = await start('follower', { store: 'jsonl:', control })
    expect((await ask(first, '/api/v1/events', key, EVENT)).status).toBe(200)
    await stop(first)
    await stop(owner)
    const second = await start('follower', { store: 'jsonl:', control })
    expect((await ask(second, '/api/v1/events', key, EVENT)).status).toBe(200)
    const kept = await readFile(join(dir, 'follower', 'control-copy.ndjson'), 'utf8')
    expect(kept).not.toContain(key.split('_')[2])
    const again = await start('owner', { store: 'jsonl:' })
    const id = key.split('_')[1] as string
    const row = again.state.rows('keys').get(id)
    const other = await keyAt(again, ['admin'])
    await again.state.write([{ table: 'keys', id: 'gone', row: { ...row, id: 'gone' } as never }])
    await again.listen({ port })
    await until(() => second.state.rows('keys').size === 3)
    expect((await ask(second, '/api/v1/me', other)).status).toBe(200)
  }, 20_000)

  it('nobody is let in by a server that has never heard of the owner', async () => {
    const follower = await start('follower', { control: { url: 'http://127.0.0.1:9', key: 'tsk_a_b' } })
    expect(await ask(follower, '/api/v1/events', undefined, EVENT)).toMatchObject({
      status: 503,
      body: { code: 'control_unavailable' },
    })
    expect((await ask(follower, '/readyz')).status).toBe(503)
    expect((await ask(follower, '/healthz')).status).toBe(200)
  })

  it('an owner without any key does not open a server that has known one', async () => {
    const { owner, follower } = await pair()
    for (const id of owner.state.rows('keys').keys()) await owner.state.write([{ table: 'keys', id, row: undefined }])
    await until(() => follower.state.rows('keys').size === 0)
    expect((await ask(follower, '/api/v1/events', undefined, EVENT)).status).toBe(401)
  })
})

describe('leases of a server that follows', () => {
  const terms = (requestId: string, nanoUsd = 6_000_000_000n) => ({ requestId, nanoUsd, tokens: 10n, ttlMs: 60_000 })
  const budget = { id: 'team', name: 'Team', amount_usd: '10.00', mode: 'hard', window: { kind: 'month' } }

  it('take room at the owner, whoever asks', async () => {
    const { owner, follower, key } = await pair()
    expect((await ask(follower, '/api/v1/budgets', key, budget)).status).toBe(201)
    const lease = await follower.budgets.leases.reserve(terms('r1'))
    expect(owner.state.rows('leases').get(lease.id)).toMatchObject({ state: 'open', budgetIds: ['team'] })
    // Whose key it is was not said: the one that the server shows is not it.
    expect(lease.apiKeyId).toBeUndefined()
    await expect(owner.budgets.leases.reserve(terms('r2'))).rejects.toMatchObject({ code: 'budget_exceeded' })
    await expect(follower.budgets.leases.reserve(terms('r3'))).rejects.toMatchObject({
      code: 'budget_exceeded',
      refusal: { budgetId: 'team', reserved: 6_000_000_000n, remaining: 4_000_000_000n },
    })
    await follower.budgets.leases.giveBack(lease)
    expect(owner.state.rows('leases').get(lease.id)?.state).toBe('returned')
    expect((await follower.budgets.leases.reserve(terms('r3'))).requestId).toBe('r3')
  })

  it('are settled at the owner by an event that comes to another server', async () => {
    const { owner, follower, key } = await pair()
    await ask(follower, '/api/v1/budgets', key, budget)
    const made = await ask(follower, '/api/v1/leases', key, { request_id: 'r1', nano_usd: '6000000000', tokens: '10' })
    expect(made.status).toBe(201)
    expect((await ask(follower, '/api/v1/events', key, { ...EVENT, event_id: 'r1' })).body).toMatchObject({
      accepted: 1,
    })
    const id = made.body['id'] as string
    await until(() => owner.state.rows('leases').get(id)?.state === 'settled')
    // $2.50 and $10 a million tokens. It takes as much room until the owner has its event from the store.
    expect(owner.state.rows('leases').get(id)).toMatchObject({ settledNanoUsd: '3500000', settledTokens: '1100' })
    expect(owner.state.rows('leases').get(id)?.counted).toBeUndefined()
  })

  it.each(['refuse', 'pass'] as const)(
    'are, while the owner is away, as is configured: %s',
    async (budgetsWhenAway) => {
      const { owner, follower, key } = await pair({}, { budgetsWhenAway })
      const other = { ...budget, id: 'other', tenant_id: 'acme' }
      for (const one of [budget, other]) expect((await ask(follower, '/api/v1/budgets', key, one)).status).toBe(201)
      expect((await ask(owner, '/api/v1/budgets/team', key, undefined, 'DELETE')).status).toBe(200)
      await until(() => follower.state.rows('budgets').size === 1)
      await stop(owner)
      // It counts in no hard budget.
      const free = await follower.budgets.leases.reserve(terms('r1'))
      const settled = await follower.budgets.leases.settle(free, { event: EVENT })
      expect(settled.event).toEqual({ eventId: 'r1', status: 'accepted' })
      const asked = follower.budgets.leases.reserve({ ...terms('r2'), tenantId: 'acme' })
      if (budgetsWhenAway === 'refuse') await expect(asked).rejects.toMatchObject({ code: 'control_unavailable' })
      else expect(await follower.budgets.leases.giveBack(await asked)).toMatchObject({ requestId: 'r2' })
    },
  )
})

describe('the route table', () => {
  it('leaves every change by an administrator to the owner', () => {
    const own = ROUTES.filter(({ method, scope, control }) => method !== 'GET' && scope === 'admin' && !control)
    expect(own.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /api/v1/control/notes'])
  })
})
