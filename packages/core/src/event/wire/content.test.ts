import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ARBITRARY_TO_MS, arbitraryEvent } from '../testing/arbitrary.ts'
import { contentJson, type DecodedEvent, decodeWireEvent, encodeWireEvent } from '../wire.ts'

const decode = (item: unknown, nowMs = ARBITRARY_TO_MS): DecodedEvent => {
  const decoded = decodeWireEvent(item, { nowMs, mintId: () => 'minted' })
  if (!decoded.ok) throw new Error(decoded.message)
  return decoded
}

/** The same JSON value with the members of every object in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  )
}

it('is the same for two sends of one event, whatever the order of their members', () => {
  fc.assert(
    fc.property(arbitraryEvent({ money: 'sent' }), (event) => {
      const item = encodeWireEvent(event)
      expect(contentJson(decode(reversed(item)))).toBe(contentJson(decode(item)))
    }),
    { seed: 5, numRuns: 1000 },
  )
})

it('is JSON, without the id, a minted instant and the number of the delivery', () => {
  const first = decode({ event_id: 'a', model: 'm', epoch: 1, seq: 2, source_id: 's' }, ARBITRARY_TO_MS)
  const again = decode({ event_id: 'b', model: 'm', epoch: 2, seq: 9, source_id: 's' }, ARBITRARY_TO_MS + 5000)
  expect(contentJson(first)).toBe(contentJson(again))
  expect(JSON.parse(contentJson(first))).toEqual({
    kind: 'llm_request_completed',
    source_id: 's',
    request_model: 'm',
    success: true,
    usage_basis: 'unknown',
  })
})

it.each([
  [{ input_tokens: 4 }],
  [{ model: 'n' }],
  [{ timestamp_ms: ARBITRARY_TO_MS - 1 }],
  [{ source_id: 't' }],
  [{ tags: { team: 'b' } }],
  [{ cost_nano_usd: 1 }],
])('differs when %j differs', (change) => {
  const item = { model: 'm', timestamp_ms: ARBITRARY_TO_MS, input_tokens: 3, tags: { team: 'a' }, source_id: 's' }
  expect(contentJson(decode({ ...item, ...change }))).not.toBe(contentJson(decode(item)))
})

it('tells apart texts that joining would confuse', () => {
  const one = decode({ model: 'm', tags: { a: 'b","c":"d' } })
  const two = decode({ model: 'm', tags: { a: 'b', c: 'd' } })
  expect(contentJson(one)).not.toBe(contentJson(two))
})
