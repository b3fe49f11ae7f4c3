import crypto, { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { ApiKey } from '../state/key.ts'
import { openMemoryState } from '../state/memory.ts'
import type { ControlState } from '../state/state.ts'
import { mintKey, parseKey } from './api-key.ts'
import type { Evidence } from './auth-method.ts'
import { createKeyMethod } from './key-method.ts'
import type { Principal } from './principal.ts'

const NOW_MS = Date.UTC(2026, 10, 21, 12)

const shown = (headers: Record<string, string>, nowMs = NOW_MS): Evidence => ({
  headers: new Headers(headers),
  url: new URL('http://localhost/'),
  peer: undefined,
  nowMs,
})
const bearer = (text: string, nowMs?: number): Evidence => shown({ authorization: `Bearer ${text}` }, nowMs)

async function withKey(more: Partial<ApiKey> = {}): Promise<{
  state: ControlState
  row: ApiKey
  text: string
  ask: (evidence: Evidence) => Principal | undefined
}> {
  const state = openMemoryState()
  const { id, text, secretHash } = mintKey()
  const row: ApiKey = { id, name: 'k', secretHash, scopes: ['read'], createdMs: NOW_MS, ...more }
  await state.write([{ table: 'keys', id, row }])
  const method = createKeyMethod(state)
  return { state, row, text, ask: (evidence) => method.authenticate(evidence) as Principal | undefined }
}

const codeOf = (act: () => unknown): string => {
  try {
    return `no error but ${JSON.stringify(act())}`
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('a minted key', () => {
  it('is parsed into its parts, of which the secret is kept as a hash only', () => {
    const { id, text, secretHash } = mintKey()
    const parsed = parseKey(text)
    expect(parsed?.id).toBe(id)
    expect(secretHash).toBe(createHash('sha256').update(String(parsed?.secret)).digest('hex'))
    expect(text).toMatch(/^tsk_[0-9a-z]{10}_[0-9A-Za-z]{43}$/)
  })

  it('is like no other', () => {
    const keys = Array.from({ length: 500 }, mintKey)
    expect(new Set(keys.map(({ id }) => id)).size).toBe(500)
    expect(new Set(keys.map(({ text }) => text.split('_')[2])).size).toBe(500)
  })

  it('S-2: no other text is one, whatever it is made of', () => {
    const parts = fc.constantFrom('tsk_', '_', 'tsk', '__proto__', 'constructor', 'a', '0'.repeat(43), ' ', '\0')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(parts).map((list) => list.join('')),
        ),
        (text) => {
          const parsed = parseKey(text)
          if (parsed !== undefined) expect(text).toBe(`tsk_${parsed.id}_${parsed.secret}`)
        },
      ),
      { seed: 4 },
    )
  })
})

describe('by an API key', () => {
  it('somebody is who the key says, as a bearer or in X-Api-Key', async () => {
    const { row, text, ask } = await withKey({ tenantId: 't', agentId: 'agent_1' })
    for (const evidence of [bearer(text), shown({ authorization: `bEARER  ${text}` }), shown({ 'x-api-key': text })])
      expect(ask(evidence)).toMatchObject({
        kind: 'key',
        name: `key ${row.id}`,
        scopes: new Set(['read']),
        tenantId: 't',
        agentId: 'agent_1',
        agentIds: new Set(['agent_1']),
        keyId: row.id,
        method: 'api_key',
      })
  })

  it('admin comes with the other scopes', async () => {
    const { text, ask } = await withKey({ scopes: ['admin'] })
    expect(ask(bearer(text))?.scopes).toEqual(new Set(['ingest', 'read', 'admin']))
  })

  it('other tokens are left to other methods', async () => {
    const { ask } = await withKey()
    for (const evidence of [shown({}), bearer('a.b.c'), shown({ authorization: 'Basic eDp5' })])
      expect(ask(evidence)).toBeUndefined()
  })

  it('an unknown id, a wrong secret, a revoked key and nonsense are refused alike', async () => {
    const { state, row, text, ask } = await withKey()
    const wrong = `${text.slice(0, -1)}${text.endsWith('x') ? 'y' : 'x'}`
    for (const bad of [
      mintKey().text,
      wrong,
      'tsk_',
      `tsk_${row.id}_`,
      `${text}x`,
      `tsk_constructor_${'0'.repeat(43)}`,
    ])
      expect(codeOf(() => ask(bearer(bad)))).toBe('unauthorized')
    expect(ask(bearer(text))).toBeDefined()
    await state.write([{ table: 'keys', id: row.id, row: { ...row, revokedMs: NOW_MS } }])
    expect(codeOf(() => ask(bearer(text)))).toBe('unauthorized')
  })

  it('a key counts up to its end, also when it is remembered', async () => {
    const { text, ask } = await withKey({ expiresMs: NOW_MS + 10 })
    expect(ask(bearer(text, NOW_MS + 9))).toBeDefined()
    expect(codeOf(() => ask(bearer(text, NOW_MS + 10)))).toBe('token_expired')
  })

  it('what a change of the key takes away is gone at the next request', async () => {
    const { state, row, text, ask } = await withKey()
    const before = ask(bearer(text))
    await state.write([{ table: 'keys', id: row.id, row: { ...row, scopes: ['ingest'] } }])
    expect(ask(bearer(text))?.scopes).toEqual(new Set(['ingest']))
    expect(before?.withdrawn?.()).toBe(false)
    await state.write([{ table: 'keys', id: row.id, row: undefined }])
    expect(before?.withdrawn?.()).toBe(true)
    expect(ask(bearer(text))).toBeUndefined()
  })

  it('thousands of keys in use are all known, however few are remembered', async () => {
    const { state, ask } = await withKey()
    const keys = Array.from({ length: 2_500 }, mintKey)
    await state.write(
      keys.map(({ id, secretHash }) => ({
        table: 'keys' as const,
        id,
        row: { id, name: id, secretHash, scopes: ['read' as const], createdMs: NOW_MS },
      })),
    )
    for (const { id, text } of [...keys, ...keys.slice(0, 10)]) expect(ask(bearer(text))?.keyId).toBe(id)
  })
})

describe('S-4: the time that a refusal takes', () => {
  it('tells nothing: the same work whether the id is known or not, and no comparison of secrets by ===', async () => {
    const source = readFileSync(join(import.meta.dirname, 'key-method.ts'), 'utf8')
    expect(source).toContain('timingSafeEqual')
    for (const [line] of source.matchAll(/^.*[=!]==.*$/gm)) expect(line).not.toMatch(/secret|hash(?!\.byteLength)/i)
  })

  it('is that of one hash and one comparison, whatever is wrong', async () => {
    const { state, row, text, ask } = await withKey()
    const revoked = mintKey()
    await state.write([{ table: 'keys', id: revoked.id, row: { ...row, ...revoked, revokedMs: NOW_MS } }])
    const right = text.split('_')[2] as string
    const wrong = [
      `tsk_${row.id}_${'0'.repeat(43)}`,
      `tsk_${row.id}_${right.slice(0, 42)}${right.endsWith('x') ? 'y' : 'x'}`,
      mintKey().text,
      revoked.text,
      'tsk_nonsense',
    ]
    const [hashes, comparisons] = [vi.spyOn(crypto, 'hash'), vi.spyOn(crypto, 'timingSafeEqual')]
    syncBuiltinESMExports()
    try {
      const work = wrong.map((key) => {
        vi.clearAllMocks()
        expect(codeOf(() => ask(bearer(key)))).toBe('unauthorized')
        return [hashes.mock.calls.length, comparisons.mock.calls.length]
      })
      expect(work).toEqual(wrong.map(() => [1, 1]))
    } finally {
      vi.restoreAllMocks()
      syncBuiltinESMExports()
    }
  })
})
