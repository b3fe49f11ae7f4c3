import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { signedToken } from '../http/protocol012/testing/signed-token.ts'
import type { Agent } from '../state/agent.ts'
import type { ApiKey } from '../state/key.ts'
import { openMemoryState } from '../state/memory.ts'
import { mintKey } from './api-key.ts'
import type { AuthMethod, Evidence } from './auth-method.ts'
import { type Authenticator, assertScope, createAuthenticator } from './authenticator.ts'
import { createJwtMethods } from './jwt-method.ts'
import { createKeyMethod } from './key-method.ts'
import { LOCAL, NOBODY, type Principal, scopesOf, seesAll } from './principal.ts'

const NOW_MS = Date.UTC(2026, 10, 21, 12)
const SECRET = 'a secret of the tests'
const clock = { now: () => Date.now(), monotonic: () => 0 }

const evidence = (authorization?: string): Evidence => ({
  headers: new Headers(authorization === undefined ? {} : { authorization }),
  url: new URL('http://localhost/'),
  peer: undefined,
  nowMs: NOW_MS,
})

const ADA: Principal = { kind: 'user', name: 'user ada', scopes: scopesOf(['read']) }
const knows = (word: string, later = false): AuthMethod => ({
  name: word,
  authenticate: ({ headers }) => {
    const principal = headers.get('authorization') === `Bearer ${word}` ? { ...ADA, name: word } : undefined
    return later ? Promise.resolve(principal) : principal
  },
})
const authenticator = (methods: readonly AuthMethod[], exposed = true): Authenticator =>
  createAuthenticator(methods, { state: openMemoryState(), clock, exposed: () => exposed })

describe('whoever asks', () => {
  it('is who the first method says that finds what it knows, whether it answers at once or later', async () => {
    for (const methods of [
      [knows('a'), knows('b')],
      [knows('a', true), knows('b')],
      [knows('a'), knows('b', true)],
      [knows('a', true), knows('b', true)],
    ]) {
      const { authenticate } = authenticator(methods)
      expect(await authenticate(evidence('Bearer b'))).toMatchObject({ name: 'b' })
      expect(await authenticate(evidence('Bearer a'))).toMatchObject({ name: 'a' })
      await expect((async () => authenticate(evidence('Bearer c')))()).rejects.toMatchObject({ code: 'unauthorized' })
    }
  })

  it('need not say while nothing closes the server, and must once something does', () => {
    expect(authenticator([], false).authenticate(evidence())).toBe(LOCAL)
    expect(() => authenticator([], true).authenticate(evidence())).toThrow('API key')
    const closes = { ...knows('a'), closes: () => true }
    expect(() => authenticator([closes], false).authenticate(evidence())).toThrow('API key')
    expect(authenticator([closes], false).closed()).toBe(true)
    expect(authenticator([knows('a')], false).closed()).toBe(false)
  })

  it('is known by a token that came another way, and by nothing else about the request it came in', async () => {
    const byAddress: AuthMethod = { name: 'proxy', authenticate: ({ peer }) => (peer === undefined ? undefined : ADA) }
    const { authenticateToken } = authenticator([byAddress, knows('a')])
    expect(await authenticateToken('a')).toMatchObject({ name: 'a' })
    expect(await authenticateToken('b')).toBeUndefined()
  })

  it('may do what its scopes say', () => {
    expect(() => assertScope(ADA, 'read')).not.toThrow()
    expect(() => assertScope(ADA, 'admin')).toThrow('scope admin')
    expect(() => assertScope(NOBODY, 'read')).toThrow()
    expect([seesAll(LOCAL), seesAll(NOBODY), seesAll({ ...ADA, tenantId: 't' })]).toEqual([true, false, false])
  })
})

describe('an answer that goes on', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW_MS })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('ends once when the key is revoked, and not when another is', async () => {
    const state = openMemoryState()
    const [own, other] = [mintKey(), mintKey()]
    const rowOf = ({ id, secretHash }: typeof own): ApiKey => ({
      id,
      name: id,
      secretHash,
      scopes: ['read'],
      createdMs: NOW_MS,
    })
    for (const key of [own, other]) await state.write([{ table: 'keys', id: key.id, row: rowOf(key) }])
    const { authenticate, watch } = createAuthenticator([createKeyMethod(state)], {
      state,
      clock,
      exposed: () => false,
    })
    const principal = (await authenticate(evidence(`Bearer ${own.text}`))) as Principal
    const [ended, stopped] = [vi.fn(), vi.fn()]
    watch(principal, ended)
    watch(principal, stopped)()
    await state.write([{ table: 'keys', id: other.id, row: { ...rowOf(other), revokedMs: NOW_MS } }])
    expect(ended).not.toHaveBeenCalled()
    await state.write([{ table: 'keys', id: own.id, row: { ...rowOf(own), revokedMs: NOW_MS } }])
    await state.write([{ table: 'keys', id: own.id, row: undefined }])
    expect(ended).toHaveBeenCalledTimes(1)
    expect(stopped).not.toHaveBeenCalled()
    const late = vi.fn()
    watch(principal, late)
    expect(late).toHaveBeenCalledTimes(1)
  })

  it('ends when what was shown expires, however far that is', () => {
    const { watch } = authenticator([])
    const [soon, late, never] = [vi.fn(), vi.fn(), vi.fn()]
    watch({ ...ADA, untilMs: NOW_MS + 1_000 }, soon)
    watch({ ...ADA, untilMs: NOW_MS + 40 * 86_400_000 }, late)
    watch(ADA, never)
    vi.advanceTimersByTime(999)
    expect(soon).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(soon).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(39 * 86_400_000)
    expect(late).not.toHaveBeenCalled()
    vi.advanceTimersByTime(86_400_000)
    expect(late).toHaveBeenCalledTimes(1)
    expect(never).not.toHaveBeenCalled()
  })
})

describe('by a JWT of Protocol 012', () => {
  const NOW_S = NOW_MS / 1000
  const who = async (claims: object, agents: readonly Agent[] = [], secret = SECRET): Promise<Principal> => {
    const state = openMemoryState()
    await state.write(agents.map((row) => ({ table: 'agents' as const, id: row.id, row })))
    const { authenticate } = createAuthenticator(createJwtMethods(state, SECRET), { state, clock, exposed: () => true })
    return authenticate(evidence(`Bearer ${signedToken(claims, secret)}`))
  }
  const agent = (id: string, more: Partial<Agent> = {}): Agent => ({ id, createdMs: NOW_MS, ...more })
  const exp = NOW_S + 60

  it('an agent is itself, of the tenant that it is registered in', async () => {
    const token = { agent_id: 7, iss: 'iron-control-panel', exp }
    expect(await who(token)).toMatchObject({ kind: 'agent', agentId: 'agent_7', agentIds: new Set(['agent_7']) })
    expect(await who(token)).not.toHaveProperty('tenantId')
    expect(await who(token, [agent('agent_7', { tenantId: 't' })])).toMatchObject({
      tenantId: 't',
      untilMs: exp * 1000,
    })
  })

  it('a user sees the agents that it owns, an administrator all', async () => {
    const agents = [
      agent('agent_1', { ownerId: 'ada' }),
      agent('agent_2', { ownerId: 'bob' }),
      agent('agent_3', { ownerId: 'ada' }),
    ]
    const user = await who({ sub: 'ada', role: 'user', exp }, agents)
    expect(user).toMatchObject({ scopes: new Set(['read']), agentIds: new Set(['agent_1', 'agent_3']) })
    expect((await who({ sub: 'eve', exp }, agents)).agentIds).toEqual(new Set())
    const admin = await who({ sub: 'ada', role: 'admin', exp }, agents)
    expect(seesAll(admin)).toBe(true)
    expect(admin.scopes).toEqual(scopesOf(['admin']))
  })

  it('a user is of one tenant: the one named, else that of all its agents, else none', async () => {
    const agents = [agent('a', { ownerId: 'ada', tenantId: 't' }), agent('b', { ownerId: 'ada', tenantId: 't' })]
    expect(await who({ sub: 'ada', exp }, agents)).toMatchObject({ tenantId: 't', agentIds: new Set(['a', 'b']) })
    const mixed = [...agents, agent('c', { ownerId: 'ada' }), agent('d', { ownerId: 'ada', tenantId: 'u' })]
    const unnamed = await who({ sub: 'ada', exp }, mixed)
    expect(unnamed.agentIds).toEqual(new Set(['c']))
    expect(unnamed).not.toHaveProperty('tenantId')
    expect(await who({ sub: 'ada', tenant_id: 'u', exp }, mixed)).toMatchObject({
      tenantId: 'u',
      agentIds: new Set(['d']),
    })
    const admin = await who({ sub: 'ada', role: 'admin', tenant_id: 'u', exp }, mixed)
    expect([admin.tenantId, seesAll(admin)]).toEqual(['u', false])
  })

  it.each([
    ['of another secret', { sub: 'ada', exp }, 'other', 'unauthorized'],
    ['without an end', { sub: 'ada' }, SECRET, 'unauthorized'],
    ['past its end', { sub: 'ada', exp: NOW_S - 1 }, SECRET, 'token_expired'],
    ['before its beginning', { sub: 'ada', exp, nbf: NOW_S + 1 }, SECRET, 'unauthorized'],
    ['of nobody', { sub: '', exp }, SECRET, 'unauthorized'],
    ['with a subject that is no text', { sub: 7, exp }, SECRET, 'unauthorized'],
    ['with a tenant that is no text', { sub: 'ada', exp, tenant_id: ['t'] }, SECRET, 'unauthorized'],
    ['without a subject', { role: 'admin', exp }, SECRET, 'unauthorized'],
    ['of an agent of another issuer', { agent_id: 'agent_1', iss: 'x' }, SECRET, 'unauthorized'],
    ['of an agent without a number', { agent_id: 'agent_x', iss: 'iron-control-panel' }, SECRET, 'invalid_token'],
    [
      'of an agent that says it is an administrator',
      { agent_id: 'agent_1', sub: 'a', role: 'admin', exp },
      SECRET,
      'unauthorized',
    ],
  ])('one %s is refused', async (_, claims, secret, code) => {
    await expect(who(claims, [], secret)).rejects.toMatchObject({ code })
  })

  it('S-2: a subject of any name owns what is registered under it and nothing else', async () => {
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'then']) {
      expect((await who({ sub: name, exp })).agentIds).toEqual(new Set())
      const own = [agent(name, { ownerId: name })]
      expect((await who({ sub: name, exp }, own)).agentIds).toEqual(new Set([name]))
    }
  })
})
