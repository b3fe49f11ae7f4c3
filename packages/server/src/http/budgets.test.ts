import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mintKey } from '../identity/api-key.ts'
import { NOON, testClock } from '../ingest/testing/harness.ts'
import { openTallystick, type Tallystick } from '../open.ts'
import type { ApiKey } from '../state/key.ts'

let tallystick: Tallystick
let clock: ReturnType<typeof testClock>
beforeEach(async () => {
  clock = testClock()
  tallystick = await openTallystick({ dataDir: 'never-made', store: 'memory:', clock })
})
afterEach(() => tallystick.close())

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown> & { readonly id?: string }
  readonly headers: Headers
}

async function ask(method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
  const response = await tallystick.fetch(
    new Request(`http://localhost${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  )
  return { status: response.status, body: (await response.json()) as Answer['body'], headers: response.headers }
}

const AGENT = { dimension: 'agent_id', value: 'agent_1' }
const BUDGET = { id: 'b', name: 'Agent 1', amount: 1_000_000, subject: AGENT, window: { kind: 'day' } }
const USAGE = { provider: 'openai', model: 'gpt-4o', input_tokens: 10, output_tokens: 5, cost_nano_usd: 400_000 }

describe('a budget over HTTP', () => {
  it('is made, shown with what was spent, changed, reset and removed', async () => {
    await tallystick.ingest.submit({ items: [{ ...USAGE, agent_id: '1' }], door: 'test' })
    const made = await ask('POST', '/api/v1/budgets', BUDGET)
    expect(made).toMatchObject({
      status: 201,
      body: { id: 'b', revision: 1, amount: '1000000', spent: '400000', remaining: '600000', used_basis_points: 4_000 },
    })
    expect((await ask('GET', '/api/v1/budgets')).body).toEqual({ budgets: [made.body] })
    const { id: _, ...definition } = BUDGET
    const changed = await ask('PUT', '/api/v1/budgets/b', { ...definition, amount: '500000', revision: 1 })
    expect(changed).toMatchObject({ status: 200, body: { revision: 2, risk_level: 'high', status: 'active' } })
    clock.set(NOON + 1)
    expect(await ask('POST', '/api/v1/budgets/b/reset')).toMatchObject({
      status: 200,
      body: { revision: 3, spent: '0', counted_from_ms: NOON + 1 },
    })
    expect(await ask('DELETE', '/api/v1/budgets/b?revision=2')).toMatchObject({ status: 409 })
    expect(await ask('DELETE', '/api/v1/budgets/b')).toMatchObject({ status: 200, body: { deleted: 'b' } })
    expect((await ask('GET', '/api/v1/budgets/b')).body).toMatchObject({ code: 'budget_not_found' })
    const actions = [...tallystick.state.rows('audit').values()].map(({ action, target }) => [action, target])
    // One that was refused is none.
    expect(actions).toEqual(['create', 'update', 'reset', 'delete'].map((action) => [`budget.${action}`, 'b']))
  })

  it('is not changed from a revision that somebody else has changed', async () => {
    await ask('POST', '/api/v1/budgets', BUDGET)
    const { id: _, ...definition } = BUDGET
    const both = await Promise.all(
      ['one', 'two'].map((name) => ask('PUT', '/api/v1/budgets/b', { ...definition, name, revision: 1 })),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(both.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'revision_conflict' })
    expect(await ask('POST', '/api/v1/budgets', BUDGET)).toMatchObject({ status: 409, body: { code: 'budget_exists' } })
  })

  it.each([
    ['{', 'invalid_json'],
    ['[]', 'not_an_object'],
    ['{"name":"x","amount":-1}', 'out_of_range'],
    ['{"name":"x","amount":1e400}', 'not_an_integer'],
    ['{"name":"x","amount":1,"window":{"kind":"day","time_zone":"../etc/passwd"}}', 'unknown_value'],
    ['{"name":"x","amount":1,"subject":{"dimension":"tags.","value":"x"}}', 'unknown_value'],
    ['{"__proto__":{"admin":true},"name":"x","amount":1}', 'unknown_value'],
  ])('is refused as %s', async (body, code) => {
    const response = await tallystick.fetch(
      new Request('http://localhost/api/v1/budgets', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      }),
    )
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code })
  })

  it('is there for its own tenant only, and its leases too', async () => {
    const key = async (row: Partial<ApiKey>): Promise<string> => {
      const { id, text, secretHash } = mintKey()
      const made: ApiKey = { id, name: 'test', secretHash, scopes: [], createdMs: NOON, ...row }
      await tallystick.state.write([{ table: 'keys', id, row: made }])
      return text
    }
    const acme = await key({ tenantId: 'acme', scopes: ['admin'] })
    const other = await key({ tenantId: 'other', scopes: ['admin'] })
    const agent = await key({ tenantId: 'acme', agentId: 'agent_1', scopes: ['ingest', 'read'] })
    const reader = await key({ tenantId: 'acme', scopes: ['read'] })
    expect((await ask('POST', '/api/v1/budgets', { ...BUDGET, tenant_id: 'other' }, acme)).body).toMatchObject({
      tenant_id: 'acme',
    })
    await ask(
      'POST',
      '/api/v1/budgets',
      { ...BUDGET, id: 'team', subject: { dimension: 'tags.team', value: 'a' } },
      acme,
    )
    expect((await ask('POST', '/api/v1/budgets', BUDGET, reader)).status).toBe(403)
    expect((await ask('POST', '/api/v1/leases', { request_id: 'a', nano_usd: 1 }, reader)).status).toBe(403)
    const ids = async (as: string): Promise<unknown[]> =>
      ((await ask('GET', '/api/v1/budgets', undefined, as)).body['budgets'] as { id: string }[]).map(({ id }) => id)
    expect(await ids(acme)).toEqual(['b', 'team'])
    expect(await ids(other)).toEqual([])
    expect(await ids(agent)).toEqual(['b'])
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PUT', '', BUDGET],
      ['POST', '/reset', {}],
      ['DELETE', '', undefined],
    ] as const)
      expect((await ask(method, `/api/v1/budgets/b${path}`, body, other)).body).toMatchObject({
        code: 'budget_not_found',
      })

    // The tenant of a lease is that of the key, and so is its agent.
    const lease = await ask(
      'POST',
      '/api/v1/leases',
      { request_id: 'r', tenant_id: 'other', agent_id: '9', nano_usd: 5 },
      agent,
    )
    expect(lease).toMatchObject({ status: 201, body: { tenant_id: 'acme', agent_id: 'agent_1', budgets: ['b'] } })
    const path = `/api/v1/leases/${lease.body.id}`
    expect((await ask('GET', path, undefined, other)).status).toBe(404)
    expect((await ask('POST', `${path}/settle`, { event: USAGE }, other)).status).toBe(404)
    expect((await ask('POST', `${path}/return`, undefined, other)).status).toBe(404)
    expect((await ask('POST', `${path}/settle`, { event: { ...USAGE, tenant_id: 'other' } }, agent)).status).toBe(200)
    expect((await ask('GET', '/api/v1/budgets/b', undefined, acme)).body).toMatchObject({
      spent: '400000',
      reserved: '0',
    })
  })
})

describe('a lease over HTTP', () => {
  it('goes from reservation to figures', async () => {
    await ask('POST', '/api/v1/budgets', BUDGET)
    const lease = await ask('POST', '/api/v1/leases', { request_id: 'r1', agent_id: 1, nano_usd: 700_000 })
    expect(lease).toMatchObject({ status: 201, body: { state: 'open', granted_nano_usd: '700000', takes_room: true } })
    const refused = await ask('POST', '/api/v1/leases', { request_id: 'r2', agent_id: 1, nano_usd: 300_001 })
    expect(refused).toMatchObject({
      status: 402,
      body: {
        code: 'budget_exceeded',
        budget: { id: 'b', remaining: '300000', reserved: '700000', resets_ms: NOON + 43_200_000 },
        retry_after_seconds: 43_200,
      },
    })
    const settled = await ask('POST', `/api/v1/leases/${lease.body.id}/settle`, { event: USAGE })
    expect(settled).toMatchObject({
      status: 200,
      body: {
        state: 'settled',
        takes_room: false,
        settled_nano_usd: '400000',
        event: { event_id: 'r1', status: 'accepted' },
      },
    })
    expect((await ask('GET', '/api/v1/budgets/b')).body).toMatchObject({ spent: '400000', reserved: '0', requests: 1 })
    const [event] = ((await ask('GET', '/api/v1/events')).body['events'] ?? []) as object[]
    expect(event).toMatchObject({ event_id: 'r1', agent_id: 'agent_1', timestamp_ms: NOON })
  })

  it.each([
    [{}, 'missing_field'],
    [{ nano_usd: -1 }, 'out_of_range'],
    [{ event: 7 }, 'invalid_type'],
    [{ event: { ...USAGE, event_id: 'other' } }, 'unknown_value'],
    [{ event: { ...USAGE, input_tokens: -1 } }, 'out_of_range'],
    [{ event: USAGE, nano_usd: 1 }, 'unknown_value'],
  ])('is not settled by %j', async (body, code) => {
    const { body: lease } = await ask('POST', '/api/v1/leases', { request_id: 'r1', nano_usd: 1 })
    expect((await ask('POST', `/api/v1/leases/${lease.id}/settle`, body)).body).toMatchObject({ code })
    expect((await ask('GET', `/api/v1/leases/${lease.id}`)).body).toMatchObject({ state: 'open' })
  })
})

describe('Protocol 005', () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const IC_TOKEN = `${part({ alg: 'HS256' })}.${part({ agent_id: 'agent_1' })}.x`
  const USD = 1_000_000_000

  it.each(['/api/v1/budget', '/api/budget'])('leads from handshake to return at %s', async (base) => {
    await ask('POST', '/api/v1/budgets', { ...BUDGET, amount: 12 * USD })
    const granted = await ask('POST', `${base}/handshake`, { ic_token: IC_TOKEN, provider: 'openai' })
    expect(granted).toMatchObject({
      status: 200,
      body: {
        budget_granted: 10_000_000,
        budget_granted_usd: 10,
        budget_remaining: 2_000_000,
        budget_remaining_usd: 2,
      },
    })
    const lease = granted.body['lease_id']
    expect(granted.body['ip_token']).toBe(`ip_${lease}`)
    // What is left, where less is left than was asked for.
    const more = await ask('POST', `${base}/refresh`, {
      ic_token: IC_TOKEN,
      current_lease_id: lease,
      requested_budget: 5_000_000,
    })
    expect(more.body).toMatchObject({ status: 'approved', budget_granted: 2_000_000, budget_remaining: 0 })
    const none = await ask('POST', `${base}/refresh`, { ic_token: IC_TOKEN, current_lease_id: lease })
    expect(none).toMatchObject({ status: 200, body: { status: 'denied', budget_granted: 0 } })
    expect(await ask('POST', `${base}/handshake`, { ic_token: IC_TOKEN, provider: 'openai' })).toMatchObject({
      status: 402,
      body: { error: { details: { reason: 'budget_exceeded' } } },
    })

    const used = {
      lease_id: lease,
      request_id: 'q1',
      tokens: 100,
      cost_microdollars: 2_500_000,
      model: 'gpt-4o',
      provider: 'openai',
    }
    for (let time = 0; time < 3; time++)
      expect((await ask('POST', `${base}/report`, used)).body).toMatchObject({
        success: true,
        lease_remaining: 7_500_000,
      })
    expect((await ask('POST', `${base}/report`, { ...used, tokens: 1 })).status).toBe(409)
    const documented = {
      lease_id: lease,
      request_id: 'q2',
      tokens: 50,
      cost_usd: 0.5,
      model: 'gpt-4o',
      provider: 'openai',
    }
    expect((await ask('POST', `${base}/report`, documented)).body).toMatchObject({ lease_remaining_usd: 7 })
    // A dollar more than was reported: it was spent all the same.
    const back = { lease_id: lease, final_spent_usd: 4 }
    for (let time = 0; time < 2; time++)
      expect((await ask('POST', `${base}/return`, back)).body).toEqual({
        success: true,
        returned: 6_000_000,
        returned_usd: 6,
      })
    expect((await ask('GET', '/api/v1/budgets/b')).body).toMatchObject({
      spent: String(4 * USD),
      reserved: String(2 * USD),
      requests: 3,
    })
  })

  it('grants what is asked for where no budget is about the agent', async () => {
    const granted = await ask('POST', '/api/v1/budget/handshake', {
      ic_token: IC_TOKEN,
      provider: 'openai',
      requested_budget_usd: 1.5,
    })
    expect(granted.body).toMatchObject({ budget_granted: 1_500_000, budget_remaining: null })
  })

  it.each([
    ['handshake', { ic_token: 'x' }, 400, 'missing_field'],
    ['handshake', { provider: 'openai' }, 401, 'unauthorized'],
    ['handshake', { ic_token: 'x', provider: 'openai', requested_budget: 0 }, 400, 'out_of_range'],
    ['handshake', { ic_token: 'x', provider: 'openai', requested_budget: 100_000_001 }, 400, 'out_of_range'],
    ['handshake', { ic_token: 'x', provider: 'openai', requested_budget_usd: -1 }, 400, 'invalid_type'],
    [
      'report',
      { lease_id: 'lease_x', request_id: 'a', tokens: 0, cost_microdollars: 0, model: 'm' },
      400,
      'out_of_range',
    ],
    [
      'report',
      { lease_id: 'lease_x', request_id: 'a', tokens: 1, cost_microdollars: -1, model: 'm' },
      400,
      'out_of_range',
    ],
    [
      'report',
      { lease_id: 'lease_x', request_id: 'a', tokens: 1, cost_microdollars: 1, model: 'm' },
      404,
      'lease_not_found',
    ],
    ['return', { lease_id: 'other' }, 404, 'lease_not_found'],
    ['refresh', { ic_token: 'x', current_lease_id: 'lease_x' }, 404, 'lease_not_found'],
  ])('answers a bad %s %j with %i and %s', async (what, body, status, reason) => {
    expect(await ask('POST', `/api/v1/budget/${what}`, body)).toMatchObject({
      status,
      body: { error: { details: { reason } } },
    })
  })

  it('opens no lease that a native client has made, whose id can be seen', async () => {
    const { body } = await ask('POST', '/api/v1/leases', { request_id: 'r1', nano_usd: 5 })
    expect((await ask('POST', '/api/v1/budget/return', { lease_id: body.id })).status).toBe(404)
  })
})
