import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DIMENSIONS } from '@tallystick/core/event'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LONG } from '../../core/src/testing/thorough.ts'
import { signedToken } from './http/protocol012/testing/signed-token.ts'
import type { Route } from './http/route.ts'
import { ROUTES } from './http/routes.ts'
import { openTallystick, type Tallystick } from './open.ts'
import type { AlertRule, Firing } from './state/alert.ts'
import type { BillRow } from './state/bill.ts'
import type { Budget } from './state/budget.ts'
import type { Change } from './state/state.ts'

const SECRET = 'a secret of the tests'
const EVENTS = 5
/** Long enough for a tick of the live stream. */
const WATCHED_MS = 1_300

/** Asked of a slower store: the rest is decided before the store is. */
const ENOUGH = ['its administrator', 'the owner of its agent']

/** One after the other puts each question to this one in the short run, so that everybody puts some; all put it to the one in memory. */
const takesTurns = (store: string): boolean => !LONG && store !== 'memory:'

/** A tenant with everything that could give it away named after it. */
interface Side {
  readonly tenant: string
  /** Stands in everything that is its own, and in nothing else. */
  readonly canary: string
  readonly agent: string
  /** Whoever asks for it, with a scope or more; all of them see this tenant only. */
  askers: readonly (readonly [name: string, headers: Record<string, string>])[]
}

const side = (tenant: string, agent: string): Side => ({ tenant, canary: `canary-of-${tenant}`, agent, askers: [] })

function eventsOf({ canary, agent, tenant }: Side): readonly object[] {
  return Array.from({ length: EVENTS }, (_, index) => ({
    event_id: `${canary}-${index}`,
    kind: index === 0 ? 'llm_request_failed' : 'llm_request_completed',
    // The other tenant's name in the body counts for nothing.
    tenant_id: tenant === 'left' ? 'right' : 'left',
    agent_id: agent,
    provider: `${canary}-provider`,
    model: `${canary}-model`,
    user_id: `${canary}-user`,
    session_id: `${canary}-session`,
    backend: `${canary}-backend`,
    endpoint: `/${canary}`,
    error_message: `${canary} failed`,
    tags: { team: `${canary}-team` },
    source_id: `${canary}-source`,
    epoch: 1,
    seq: index + 1,
    input_tokens: 100,
    output_tokens: 10,
    cost_nano_usd: 1_000,
    duration_ms: 5,
    status_code: index === 0 ? 500 : 200,
  }))
}

/** What people have told the server of a tenant, in the tables that nothing here fills otherwise. */
function told({ tenant: tenantId, canary, agent: agentId }: Side): readonly Change[] {
  const nowMs = Date.now()
  const [id, made] = [`${canary}-row`, { createdMs: nowMs, updatedMs: nowMs }]
  const target = { kind: 'webhook', url: `http://127.0.0.1:9/${canary}` } as const
  const rule: AlertRule = { id, name: canary, kind: 'no_data', enabled: false, tenantId, targets: [target], ...made }
  const firing: Firing = {
    id,
    key: [canary],
    ruleId: id,
    kind: 'no_data',
    severity: 'info',
    tenantId,
    title: canary,
    facts: { canary },
    firedMs: nowMs,
  }
  const budget: Budget = {
    id,
    name: canary,
    tenantId,
    subject: { dimension: 'agent_id', value: agentId },
    unit: 'nano_usd',
    amount: '1',
    window: { kind: 'total' },
    mode: 'soft',
    thresholds: [50],
    ...made,
  }
  const bill: BillRow = {
    id,
    tenantId,
    provider: `${canary}-provider`,
    day: new Date(nowMs).toISOString().slice(0, 10),
    model: `${canary}-model`,
    cost: { nanoUsd: '7', lines: 1 },
    updatedMs: nowMs,
  }
  return [
    { table: 'rules', id, row: rule },
    { table: 'firings', id, row: firing },
    { table: 'budgets', id, row: budget },
    { table: 'bills', id, row: bill },
  ]
}

describe.each(['memory:', 'duckdb:'])('I-7: two tenants of one server (%s)', (store) => {
  const left = side('left', 'agent_1')
  const right = side('right', 'agent_2')
  let dataDir: string
  let tallystick: Tallystick
  let master: Record<string, string>

  const ask = (path: string, headers: Record<string, string>, body?: unknown, method = 'POST'): Promise<Response> =>
    tallystick.fetch(
      new Request(`http://localhost${path}`, {
        method: body === undefined ? 'GET' : method,
        headers: { ...headers, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
  const keyFor = async (as: Record<string, string>, terms: object): Promise<Record<string, string>> => {
    const response = await ask('/api/v1/keys', as, terms)
    expect(response.status).toBe(201)
    return { authorization: `Bearer ${((await response.json()) as { key: string }).key}` }
  }

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tallystick-isolation-'))
    tallystick = await openTallystick({ dataDir, store, protocol012: { jwtSecret: SECRET } })
    master = await keyFor({}, { name: 'master', scopes: ['admin'] })
    for (const own of [left, right]) {
      const { tenant, agent, canary } = own
      await ask('/api/v1/tenants', master, { id: tenant, name: `${canary} Ltd` })
      const admin = await keyFor(master, { name: `${canary} admin`, scopes: ['admin'], tenant_id: tenant })
      // Its administrator makes the rest: what it makes is of its tenant without being told.
      const read = await keyFor(admin, { name: `${canary} read`, scopes: ['read'] })
      const ingest = await keyFor(admin, { name: `${canary} ingest`, scopes: ['ingest'] })
      const bound = await keyFor(admin, { name: `${canary} agent`, scopes: ['ingest', 'read'], agent_id: agent })
      const made = await ask('/api/v1/agents', admin, { id: agent, name: `${canary} bot`, owner_id: `${canary}-owner` })
      expect(made.status).toBe(201)
      const jwt = (claims: Record<string, unknown>): Record<string, string> => ({
        authorization: `Bearer ${signedToken(claims, SECRET)}`,
      })
      const exp = Math.floor(Date.now() / 1000) + 3_600
      own.askers = [
        ['its administrator', admin],
        ['its reader', read],
        ['its sender', ingest],
        ['the key of its agent', bound],
        ['its agent', jwt({ agent_id: agent, iss: 'iron-control-panel' })],
        ['the owner of its agent', jwt({ sub: `${canary}-owner`, role: 'user', exp })],
        ['its administrator by JWT', jwt({ sub: `${canary}-boss`, role: 'admin', tenant_id: tenant, exp })],
      ]
      const sent = await ask('/api/v1/events', ingest, { events: eventsOf(own) })
      expect(await sent.json()).toMatchObject({ accepted: EVENTS })
      await tallystick.state.write(told(own))
      // A conflict, and something that will never come.
      await ask('/api/v1/events', ingest, {
        events: [{ ...eventsOf(own)[1], input_tokens: 7 }],
        ledgers: [{ source_id: `${canary}-source`, epoch: 1, recorded: 99, dropped: { [`${canary}-reason`]: 3 } }],
      })
      await ask('/api/v1/analytics/events', ingest, [
        {
          ...eventsOf(own)[2],
          event_id: `${canary}-p`,
          timestamp_ms: Date.now(),
          event_type: 'llm_request_completed',
          cost_micros: 1,
        },
      ])
    }
    await tallystick.ingest.applied()
  }, 60_000)
  afterAll(async () => {
    await tallystick.close()
    await rm(dataDir, { recursive: true })
  })

  /** All of an answer that ends, and a while of one that does not. */
  const textOf = async (response: Response, while_: () => Promise<unknown>): Promise<string> => {
    const reader = response.body?.getReader()
    if (reader === undefined) return ''
    const decoder = new TextDecoder()
    let text = ''
    const endless = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    const late = endless
      ? while_().then(() => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), WATCHED_MS)))
      : new Promise<undefined>(() => undefined)
    for (;;) {
      const piece = await Promise.race([reader.read(), late])
      if (piece === undefined || piece.done) break
      text += decoder.decode(piece.value, { stream: true })
    }
    await reader.cancel()
    return text
  }

  const cases = ROUTES.filter(({ path, method }) =>
    method === 'GET' || method === 'POST' ? path !== '/analytics/clear' : false,
  )
  it.each(cases.map((route) => ({ name: `${route.method} ${route.path}`, route })))(
    'never see each other at $name',
    async ({ route }) => {
      const lookers = (
        [
          [left, right],
          [right, left],
        ] as const
      ).flatMap(([own, other]) =>
        own.askers
          .filter(([who]) => store === 'memory:' || ENOUGH.includes(who))
          .map(([who, headers]) => ({ own, other, who, headers })),
      )
      const turns = takesTurns(store) ? lookers.length : 1
      const looks = lookers.flatMap(({ own, other, who, headers }, looker) =>
        requestsOf(route, other)
          // A route with few questions is asked all of them by everybody.
          .filter((_, question, all) => all.length < turns || (looker + question) % turns === 0)
          .map(async (request) => {
            const response = await ask(request.path, headers, request.body)
            const text = await textOf(response, () =>
              ask('/api/v1/events', master, { model: `${other.canary}-live`, tenant_id: other.tenant }),
            )
            expect(text, `${who} of ${own.tenant} at ${request.path}`).not.toContain(other.canary)
          }),
      )
      // Side by side, because each stream is watched for a while.
      await Promise.all(looks)
    },
    30_000,
  )

  it('see their own, all of it', async () => {
    for (const { askers, canary } of [left, right]) {
      const headersOf = (name: string): Record<string, string> => askers.find(([who]) => who === name)?.[1] ?? {}
      for (const [, headers] of askers.filter(([who]) => who !== 'its sender')) {
        const { rows } = (await (
          await ask('/api/v1/query', headers, {
            from: '2020-01-01T00:00:00Z',
            measures: ['requests'],
            filters: { model: [`${canary}-model`] },
          })
        ).json()) as { rows: { requests: number }[] }
        expect(rows[0]?.requests).toBe(EVENTS + 1)
        const exported = await (await ask('/api/v1/export', headers)).text()
        expect(exported.split('\n').filter((line) => line.includes(`${canary}-model`))).toHaveLength(EVENTS + 1)
      }
      const status = (await (await ask('/api/v1/status', headersOf('its reader'))).json()) as {
        store: { events: number; bytes: unknown }
        journal: unknown
      }
      expect(status.store).toMatchObject({ bytes: null })
      expect(status.journal).toBeNull()
      const whole = (await (await ask('/api/v1/status', master)).json()) as { store: { events: number } }
      expect(status.store.events).toBeLessThan(whole.store.events)
    }
  })

  it('cannot write into each other, nor manage what is of the other', async () => {
    const [[, admin]] = left.askers as [[string, Record<string, string>]]
    const lists = async (): Promise<string> => {
      const texts = ['keys', 'agents', 'tenants'].map(async (name) => (await ask(`/api/v1/${name}`, master)).text())
      return (await Promise.all(texts)).join()
    }
    const before = await lists()
    for (const body of [
      { name: 'x', scopes: ['read'], tenant_id: 'right' },
      { name: 'x', scopes: ['admin'], tenant_id: 'right' },
    ])
      expect((await ask('/api/v1/keys', admin, body)).status).toBe(403)
    expect((await ask('/api/v1/agents', admin, { id: right.agent, owner_id: 'me' })).status).toBe(403)
    expect((await ask('/api/v1/agents', admin, { id: 'mine', tenant_id: 'right' })).status).toBe(403)
    expect((await ask('/api/v1/tenants', admin, { id: 'right', name: 'mine now' })).status).toBe(403)
    expect((await ask('/analytics/clear', admin, {})).status).toBe(403)
    const { keys } = (await (await ask('/api/v1/keys', master)).json()) as {
      keys: { id: string; tenant_id: string | null }[]
    }
    for (const { id } of keys.filter(({ tenant_id }) => tenant_id !== 'left'))
      expect((await ask(`/api/v1/keys/${id}/revoke`, admin, {})).status).toBe(404)
    expect(await lists()).toBe(before)
  })
})

/** Ways to ask a route for as much as it will tell, and for the other tenant by name. */
function requestsOf(route: Route, { tenant, agent }: Side): readonly { path: string; body?: unknown }[] {
  const path = route.path === '/*' ? '/' : route.path.replaceAll(/:\w+/g, 'x')
  const period = 'start=0&end=4000000000'
  if (route.method === 'GET') {
    const searches = [
      '',
      '?format=csv',
      '?consistency=applied',
      `?${period}`,
      `?${period}&format=csv`,
      `?period=all-time&per_page=100`,
    ]
    searches.push(
      `?tenant_id=${tenant}`,
      `?agent_id=${agent}`,
      `?agent_id=${agent}&period=all-time&per_page=100`,
      '?audit=1',
    )
    return searches.map((search) => ({ path: `${path}${search}` }))
  }
  if (path === '/api/v1/query')
    return [
      ...DIMENSIONS.map(({ name }) => ({ group_by: [name] })),
      { group_by: ['tags.team'] },
      { filters: { tenant_id: [tenant] }, group_by: ['model'] },
      { filters: { tenant_id: { not: ['nobody'] } }, group_by: ['model'] },
    ].map((more) => ({
      path,
      body: { from: '2020-01-01T00:00:00Z', measures: ['requests'], limit: 1000, ...more },
    }))
  const doc = route.doc.body?.content['application/json']?.examples ?? {}
  return [{ path, body: '{}' }, ...Object.values(doc).map(({ value }) => ({ path, body: value }))]
}
