import { describe, expect, it } from 'vitest'
import { openMemoryState } from '../state/memory.ts'
import type { ControlState } from '../state/state.ts'
import type { Principal } from './principal.ts'
import { createSessions, type Sessions, type SessionsOptions } from './sessions.ts'

const KEY = 'k1'
const BY_KEY: Principal = {
  kind: 'key',
  name: 'key k1',
  scopes: new Set(['read']),
  tenantId: 'acme',
  agentId: 'agent_7',
  agentIds: new Set(['agent_7']),
  keyId: KEY,
}
const BY_ISSUER: Principal = {
  kind: 'user',
  name: 'user ada@example.com',
  scopes: new Set(['ingest', 'read', 'admin']),
}

async function setUp(options: Partial<SessionsOptions> = {}): Promise<{ state: ControlState; sessions: Sessions }> {
  const state = openMemoryState()
  await setKey(state, {})
  return { state, sessions: createSessions({ state, idleMs: 1_000, maxMs: 5_000, keyless: true, ...options }) }
}

const setKey = (state: ControlState, more: { revokedMs?: number; expiresMs?: number }): Promise<void> =>
  state.write([
    {
      table: 'keys',
      id: KEY,
      row: { id: KEY, name: 'n', secretHash: '', scopes: ['read'], createdMs: 0, ...more },
    },
  ])

describe('a session', () => {
  it('is the principal that it was opened for, tenant and agents included', async () => {
    const { sessions } = await setUp()
    expect(sessions.principal(await sessions.open(BY_KEY, 0), 1)).toMatchObject(BY_KEY)
    expect(sessions.principal(await sessions.open(BY_ISSUER, 0), 1)).toMatchObject(BY_ISSUER)
    const blind = await sessions.open({ ...BY_KEY, agentIds: new Set() }, 0)
    expect(sessions.principal(blind, 1)?.agentIds).toEqual(new Set())
  })

  it('is known by 256 bits of which only a hash is kept', async () => {
    const { state, sessions } = await setUp()
    const secrets = [await sessions.open(BY_KEY, 0), await sessions.open(BY_KEY, 0)]
    expect(new Set(secrets).size).toBe(2)
    for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
    const kept = JSON.stringify([...state.rows('sessions')])
    for (const secret of secrets) expect(kept).not.toContain(secret)
    for (const id of state.rows('sessions').keys()) expect(sessions.principal(id, 1)).toBeUndefined()
  })

  it('goes on while it is used, and ends after its longest time all the same', async () => {
    const { sessions } = await setUp()
    const secret = await sessions.open(BY_KEY, 0)
    let lastMs = 0
    for (let nowMs = 0; sessions.principal(secret, nowMs) !== undefined; nowMs += 900) lastMs = nowMs
    expect(lastMs).toBe(4_500)
    const idle = await sessions.open(BY_KEY, 0)
    expect(sessions.principal(idle, 999)).toBeDefined()
    const left = await sessions.open(BY_KEY, 0)
    expect(sessions.principal(left, 1_000)).toBeUndefined()
  })

  it('does not write at each request', async () => {
    const { state, sessions } = await setUp()
    const secret = await sessions.open(BY_KEY, 0)
    let writes = 0
    state.onChange(() => writes++)
    for (let nowMs = 0; nowMs <= 300; nowMs++) sessions.principal(secret, nowMs)
    expect(writes).toBeGreaterThan(0)
    expect(writes).toBeLessThan(6)
  })

  it('stays valid where its end cannot be moved on, and says so', async () => {
    const errors: unknown[] = []
    const { state, sessions } = await setUp({ onError: (error) => errors.push(error) })
    const secret = await sessions.open(BY_KEY, 0)
    await state.close()
    expect(sessions.principal(secret, 500)).toBeDefined()
    await Promise.resolve()
    expect(errors).toMatchObject([{ code: 'shutting_down' }])
  })

  it('ends at once when its key is revoked, expires, or is gone', async () => {
    const { state, sessions } = await setUp()
    const secret = await sessions.open(BY_KEY, 0)
    await setKey(state, { expiresMs: 10 })
    expect(sessions.principal(secret, 9)).toBeDefined()
    expect(sessions.principal(secret, 10)).toBeUndefined()
    await setKey(state, { revokedMs: 5 })
    expect(sessions.principal(secret, 9)).toBeUndefined()
    await state.write([{ table: 'keys', id: KEY, row: undefined }])
    expect(sessions.principal(secret, 9)).toBeUndefined()
  })

  it('says that it was taken back, for answers that go on', async () => {
    const { state, sessions } = await setUp()
    const [ended, revoked] = [await sessions.open(BY_KEY, 0), await sessions.open(BY_KEY, 0)]
    const [first, second] = [sessions.principal(ended, 1), sessions.principal(revoked, 1)]
    expect([first?.withdrawn?.(), second?.withdrawn?.()]).toEqual([false, false])
    await sessions.end(ended)
    expect([first?.withdrawn?.(), second?.withdrawn?.()]).toEqual([true, false])
    await setKey(state, { revokedMs: 2 })
    expect(second?.withdrawn?.()).toBe(true)
    expect(first?.untilMs).toBe(5_000)
  })

  it('ends when somebody logs out, and not twice', async () => {
    const { sessions } = await setUp()
    const [one, other] = [await sessions.open(BY_KEY, 0), await sessions.open(BY_KEY, 0)]
    expect(await sessions.end(one)).toBe(true)
    expect(await sessions.end(one)).toBe(false)
    expect(sessions.principal(one, 1)).toBeUndefined()
    expect(sessions.principal(other, 1)).toBeDefined()
  })

  it('opened without a key counts only where there is still another way in', async () => {
    const { state, sessions } = await setUp()
    const secret = await sessions.open(BY_ISSUER, 0)
    expect(createSessions({ state, idleMs: 1_000, maxMs: 5_000 }).principal(secret, 1)).toBeUndefined()
  })

  it('holds to the limits of today, not to those it was opened under', async () => {
    const { state, sessions } = await setUp()
    const secret = await sessions.open(BY_KEY, 0)
    const shorter = createSessions({ state, idleMs: 1_000, maxMs: 300 })
    expect(shorter.principal(secret, 299)).toBeDefined()
    expect(shorter.principal(secret, 300)).toBeUndefined()
  })
})

it('sweeps what has ended when one is opened, and keeps a bounded number', async () => {
  const { state, sessions } = await setUp({ most: 3 })
  for (let index = 0; index < 3; index++) await sessions.open(BY_KEY, 0)
  await sessions.open(BY_KEY, 2_000)
  expect(state.rows('sessions').size).toBe(1)
  const secrets = [await sessions.open(BY_KEY, 2_001), await sessions.open(BY_KEY, 2_002)]
  await sessions.open(BY_ISSUER, 2_003)
  expect(state.rows('sessions').size).toBe(3)
  expect(secrets.map((secret) => sessions.principal(secret, 2_004) !== undefined)).toEqual([true, true])
})

it.each(['', 'x', 'A'.repeat(42), 'A'.repeat(43), 'A'.repeat(44), '__proto__', '\u0000'.repeat(43)])(
  'knows nobody by %j',
  async (text) => {
    const { sessions } = await setUp()
    await sessions.open(BY_KEY, 0)
    expect(sessions.principal(text, 1)).toBeUndefined()
    expect(await sessions.end(text)).toBe(false)
  },
)
