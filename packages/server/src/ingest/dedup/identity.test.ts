import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contentHash, type Identified, idempotentId, identityKey, identityText } from './identity.ts'

const keyOf = (event: Identified, salt = 'salt'): string => {
  const key = new Uint32Array(4)
  identityKey(salt, event, key)
  return key.join()
}

describe('identity', () => {
  test('parts that would join to the same text stay apart', () => {
    const a = { tenantId: 'a-b', agentId: 'x', eventId: 'c' }
    const b = { tenantId: 'a', agentId: 'x', eventId: 'b-c' }
    const c = { tenantId: 'a', agentId: 'b-x', eventId: 'c' }
    expect(new Set([a, b, c].map(identityText)).size).toBe(3)
    expect(new Set([a, b, c].map((event) => keyOf(event))).size).toBe(3)
  })

  test('an agent is not a source of the same name, and neither is nobody', () => {
    const events = [
      { agentId: 'x', eventId: '1' },
      { sourceId: 'x', eventId: '1' },
      { eventId: '1' },
      { eventId: 'a1:x1' },
    ]
    expect(new Set(events.map((event) => keyOf(event))).size).toBe(4)
  })

  test('the source counts only where there is no agent, so a gateway may change its name between retries', () => {
    expect(identityText({ agentId: 'x', sourceId: 'one', eventId: '1' })).toBe(
      identityText({ agentId: 'x', sourceId: 'two', eventId: '1' }),
    )
  })

  test('two identities have one text only if they are equal', () => {
    const part = fc.stringMatching(/^[at\-:s0-3é]{0,4}$/)
    const identity = fc.record(
      { tenantId: part, agentId: part, sourceId: part, eventId: part },
      { requiredKeys: ['eventId'] },
    )
    const canonical = ({ tenantId, agentId, sourceId, eventId }: Identified): string =>
      JSON.stringify([tenantId ?? null, agentId ?? null, agentId === undefined ? (sourceId ?? null) : null, eventId])
    const property = fc.property(identity, identity, (a, b) => {
      expect(identityText(a) === identityText(b)).toBe(canonical(a) === canonical(b))
    })
    fc.assert(property, { seed: 1, numRuns: 5000 })
  })

  test('another salt gives another key', () => {
    expect(keyOf({ eventId: '1' }, 'one')).not.toBe(keyOf({ eventId: '1' }, 'two'))
  })

  test('a content hash is 16 hex digits and stays what it is: the journal holds it', () => {
    expect(contentHash(Buffer.from('{"kind":"llm_request_completed"}'))).toBe('30ae7df80765b2d8')
  })

  test('an idempotent id is a UUIDv8 of key and position', () => {
    expect(idempotentId('k', 0)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(idempotentId('k', 0)).toBe(idempotentId('k', 0))
    expect(
      new Set([
        idempotentId('k', 0),
        idempotentId('k', 1),
        idempotentId('1:k', 1),
        idempotentId('k', 11),
        idempotentId('1:k', 0),
      ]).size,
    ).toBe(5)
  })
})
