import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OpenOptions, Tallystick } from '../open.ts'
import { openTallystick } from '../open.ts'
import { signedToken } from './protocol012/testing/signed-token.ts'
import { ROUTES } from './routes.ts'

const SECRET = 'CANARY-jwt-secret-of-the-server'
const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'then',
  'length',
  'a.__proto__.b',
]

type Headers_ = Readonly<Record<string, string>>

let dataDir: string
let tallystick: Tallystick
let log: string[]
let admin: Headers_

async function opened(more: Partial<OpenOptions> = {}): Promise<void> {
  const write = (...parts: unknown[]): void => {
    log.push(
      parts
        .map((part) => JSON.stringify(part, (_, value) => (value instanceof Error ? `${value.stack}` : value)))
        .join(' '),
    )
  }
  tallystick = await openTallystick({
    dataDir,
    store: 'jsonl:',
    logger: { info: write, warn: write, error: write },
    ...more,
  })
  admin = await keyFor({}, { name: 'admin', scopes: ['admin'] })
}

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tallystick-identity-'))
  log = []
})
afterEach(async () => {
  await tallystick.close()
  rmSync(dataDir, { recursive: true })
})

const send = (path: string, headers: Headers_, body?: unknown): Promise<Response> =>
  tallystick.fetch(
    new Request(`http://localhost${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  )
const post = async <T = Record<string, unknown>>(path: string, headers: Headers_, body: unknown): Promise<T> =>
  (await send(path, headers, body)).json() as Promise<T>
async function keyFor(as: Headers_, terms: object): Promise<Headers_> {
  const { key } = await post<{ key: string }>('/api/v1/keys', as, terms)
  return { authorization: `Bearer ${key}` }
}
const requestsOf = async (headers: Headers_, filters: object = {}): Promise<number> => {
  const body = { from: '2020-01-01T00:00:00Z', measures: ['requests'], filters }
  const { rows } = await post<{ rows: { requests: number }[] }>('/api/v1/query?consistency=applied', headers, body)
  return rows[0]?.requests ?? 0
}

describe('I-8: ids that somebody else has sent first', () => {
  it('keep no event of another tenant out, and show as conflicts within one', async () => {
    await opened()
    const victim = await keyFor(admin, { name: 'v', scopes: ['ingest', 'read'], tenant_id: 'victim' })
    const thief = await keyFor(admin, { name: 't', scopes: ['ingest', 'read'], tenant_id: 'thief' })
    const colleague = await keyFor(admin, { name: 'c', scopes: ['ingest', 'read'], tenant_id: 'victim' })
    const ids = ['guess-1', 'guess-2']
    const events = (model: string, more: object = {}): object[] => ids.map((event_id) => ({ event_id, model, ...more }))
    // Whatever tenant it names: the key's counts.
    expect(await post('/api/v1/events', thief, events('a', { tenant_id: 'victim' }))).toMatchObject({ accepted: 2 })
    expect(await post('/api/v1/events', victim, events('b'))).toMatchObject({ accepted: 2, conflict: 0 })
    expect(await post('/api/v1/events', colleague, events('c'))).toMatchObject({ accepted: 0, conflict: 2 })
    expect([await requestsOf(victim), await requestsOf(thief), await requestsOf(victim, { model: ['b'] })]).toEqual([
      2, 2, 2,
    ])
    const ic = events('d').map((event) => ({
      ...event,
      event_type: 'llm_request_completed',
      provider: 'openai',
      timestamp_ms: Date.now(),
      input_tokens: 1,
      output_tokens: 1,
    }))
    expect(await post('/api/v1/analytics/events', thief, ic)).toMatchObject({
      results: [{ status: 'conflict' }, { status: 'conflict' }],
    })
  })

  it('a key that is bound to an agent writes as that agent alone', async () => {
    await opened()
    const bound = await keyFor(admin, { name: 'b', scopes: ['ingest', 'read'], agent_id: '7', tenant_id: 't' })
    await post('/api/v1/events', bound, { model: 'm', agent_id: 'agent_8', tenant_id: 'u' })
    expect(await requestsOf(admin, { agent_id: ['agent_7'], tenant_id: ['t'] })).toBe(1)
    expect(await requestsOf(admin)).toBe(1)
  })

  it('an agent of no tenant cannot write into one', async () => {
    await opened({ protocol012: { jwtSecret: SECRET } })
    const agent = { authorization: `Bearer ${signedToken({ agent_id: 'agent_1', iss: 'iron-control-panel' }, SECRET)}` }
    const event = {
      event_id: 'e',
      event_type: 'llm_request_completed',
      provider: 'openai',
      model: 'm',
      timestamp_ms: Date.now(),
      input_tokens: 1,
      output_tokens: 1,
      tenant_id: 'victim',
    }
    expect((await send('/api/v1/analytics/events', agent, event)).status).toBe(202)
    expect(await post('/api/v1/events', agent, { model: 'm', tenant_id: 'victim' })).toMatchObject({ accepted: 1 })
    expect(await requestsOf(admin, { tenant_id: ['victim'] })).toBe(0)
    expect(await requestsOf(agent)).toBe(2)
  })
})

describe('I-9: the same id with other content', () => {
  it('the first wins, by whichever keys and in whichever order, and each other is a conflict', async () => {
    await opened()
    const keys = [
      await keyFor(admin, { name: 'a', scopes: ['ingest'], tenant_id: 't' }),
      await keyFor(admin, { name: 'b', scopes: ['ingest'], tenant_id: 't' }),
    ]
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ by: fc.nat(1), tokens: fc.nat(3) }), { minLength: 1, maxLength: 6 }),
        async (deliveries) => {
          const id = `id-${run++}`
          let first: number | undefined
          for (const { by, tokens } of deliveries) {
            const answer = await post('/api/v1/events', keys[by] as Headers_, {
              event_id: id,
              model: id,
              input_tokens: tokens,
            })
            const expected = first === undefined ? 'accepted' : first === tokens ? 'duplicate' : 'conflict'
            expect(answer).toMatchObject({ accepted: 0, duplicate: 0, conflict: 0, [expected]: 1 })
            first ??= tokens
          }
          expect(await requestsOf(admin, { model: [id] })).toBe(1)
        },
      ),
      { seed: 9, numRuns: 25 },
    )
  })
})

describe('I-12: a burst from one key', () => {
  it('is held up with Retry-After, and no other key is', async () => {
    await opened({ protocol012: { rateLimits: true } })
    const [loud, quiet] = [
      await keyFor(admin, { name: 'l', scopes: ['ingest'] }),
      await keyFor(admin, { name: 'q', scopes: ['ingest'] }),
    ]
    const batch = (name: string): object[] =>
      Array.from({ length: 1_000 }, (_, at) => ({
        event_id: `${name}-${at}`,
        event_type: 'llm_request_completed',
        provider: 'openai',
        model: 'm',
        timestamp_ms: Date.now(),
        input_tokens: 1,
        output_tokens: 1,
      }))
    expect((await send('/api/v1/analytics/events', loud, batch('l'))).status).toBe(200)
    const held = await send('/api/v1/analytics/events', loud, batch('m'))
    expect(held.status).toBe(429)
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await send('/api/v1/analytics/events', quiet, batch('q'))).status).toBe(200)
  })
})

describe('S-1: secrets', () => {
  it('are in no answer, log, audit entry or file, however they were sent', async () => {
    await opened({ protocol012: { jwtSecret: SECRET } })
    const sender = await keyFor(admin, { name: 'sender', scopes: ['ingest'] })
    const wrong = `tsk_0123456789_${'CANARY'.padEnd(43, 'x')}`
    const jwt = signedToken({ sub: 'CANARYsub', role: 'admin', exp: 1 }, SECRET)
    const texts = [admin, sender].map((headers) => String(headers['authorization']).slice(7))
    const answers: string[] = []
    for (const { method, path } of ROUTES.filter(({ long, path }) => !long && path !== '/analytics/clear')) {
      const url = path === '/*' ? '/x' : path.replaceAll(/:\w+/g, wrong)
      for (const secret of [wrong, jwt, ...texts]) {
        const ways: [string, Headers_, unknown][] = [
          [url, { authorization: `Bearer ${secret}` }, { name: 'n', scopes: ['reed'] }],
          [url, { 'x-api-key': secret }, {}],
          [
            `${url}?key=${secret}&access_token=${secret}`,
            admin,
            { ic_token: secret, key: secret, authorization: secret },
          ],
          [url, { authorization: secret }, `{"ic_token":"${secret}`],
        ]
        for (const [to, headers, body] of ways) {
          const response = await send(to, headers, method === 'GET' ? undefined : body)
          answers.push(await response.text(), ...[...response.headers].flat())
        }
      }
    }
    await tallystick.ingest.applied()
    answers.push(JSON.stringify([...tallystick.state.rows('audit').values()]))
    await tallystick.close()
    const files = readdirSync(dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    const everything = [...log, ...files].join('\n')
    for (const text of texts) {
      const secret = text.slice(-43)
      expect(everything).not.toContain(secret)
      expect(answers.join('\n')).not.toContain(secret)
    }
    for (const canary of ['CANARYxxx', SECRET, jwt.split('.')[2] as string]) expect(everything).not.toContain(canary)
    expect(answers.join('\n')).not.toContain(SECRET)
  })
})

describe('S-2: names from outside', () => {
  it('are ordinary names of tenants, agents and keys, and what is theirs is counted exactly', async () => {
    await opened()
    const before = Object.getOwnPropertyNames(Object.prototype)
    for (const name of NAMES) {
      expect(
        (await send('/api/v1/tenants', admin, `{"id":${JSON.stringify(name)},"name":${JSON.stringify(name)}}`)).status,
      ).toBe(201)
      const key = await keyFor(admin, { name, scopes: ['ingest', 'read'], tenant_id: name, agent_id: name })
      expect(
        await post('/api/v1/agents', admin, { id: `of ${name}`, name, tenant_id: name, owner_id: name }),
      ).toMatchObject({ tenant_id: name, owner_id: name })
      expect(await post('/api/v1/events', key, [{ model: name }, { model: 'm' }])).toMatchObject({ accepted: 2 })
      expect(await requestsOf(key)).toBe(2)
    }
    expect(await requestsOf(admin)).toBe(2 * NAMES.length)
    expect(
      await post('/api/v1/keys', admin, '{"name":"x","scopes":["read"],"__proto__":{"admin":true}}'),
    ).toMatchObject({ code: 'invalid_body' })
    for (const id of NAMES)
      expect((await send(`/api/v1/keys/${encodeURIComponent(id)}/revoke`, admin, {})).status).toBe(404)
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
  })
})

describe('what makes a key', () => {
  const terms = { name: 'x', scopes: ['read'] }
  it.each([
    ['is no object', '[]'],
    ['has no name', { scopes: ['read'] }],
    ['has no scopes', { name: 'x' }],
    ['has an empty list of scopes', { ...terms, scopes: [] }],
    ['has an unknown scope', { ...terms, scopes: ['read', 'root'] }],
    ['has a scope that is no list', { ...terms, scopes: 'admin' }],
    ['has an end in the past', { ...terms, expires_ms: 1 }],
    ['has two ends', { ...terms, expires_ms: Date.now() + 1e9, expires_in_seconds: 1 }],
    ['has an end beyond time', { ...terms, expires_in_seconds: Number.MAX_SAFE_INTEGER }],
    ['has a name that is too long', { ...terms, name: 'x'.repeat(129) }],
    ['has a name with a line break', { ...terms, name: 'x\ny' }],
    ['has a name that is a number', { ...terms, name: 7 }],
    ['has a mistyped member', { ...terms, tenant: 't' }],
    ['is bound to an agent that may do everything', { ...terms, scopes: ['admin'], agent_id: 'a' }],
  ])('is refused when it %s', async (_, body) => {
    await opened()
    expect(await post('/api/v1/keys', admin, body)).toMatchObject({ status: 400, code: 'invalid_body' })
    expect(tallystick.state.rows('keys').size).toBe(1)
  })

  it('must not shut everybody out', async () => {
    tallystick = await openTallystick({ dataDir, store: 'memory:' })
    for (const body of [
      terms,
      { name: 'x', scopes: ['admin'], tenant_id: 't' },
      { name: 'x', scopes: ['admin'], expires_in_seconds: 60 },
    ])
      expect(await post('/api/v1/keys', {}, body)).toMatchObject({ code: 'invalid_body' })
    expect((await send('/api/v1/status', {})).status).toBe(200)
  })

  it('is written down with who did it', async () => {
    await opened()
    const made = await post<{ id: string; key: string }>('/api/v1/keys', admin, { ...terms, tenant_id: 't' })
    await send(`/api/v1/keys/${made.id}/revoke`, admin, {})
    const entries = [...tallystick.state.rows('audit').values()].map(({ actor, action, target }) => [
      actor.split(' ')[0],
      action,
      target,
    ])
    expect(entries.slice(-3)).toEqual([
      ['key', 'tenant.create', 't'],
      ['key', 'key.create', made.id],
      ['key', 'key.revoke', made.id],
    ])
    const listed = await (await send('/api/v1/keys', admin)).text()
    expect(listed).toContain(made.id)
    expect(listed).not.toContain(made.key)
  })
})
