import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JsonBytes } from '../json-bytes.ts'
import { ARBITRARY_TO_MS, arbitraryEvent } from '../testing/arbitrary.ts'
import {
  type DecodedEvent,
  decodeWireEvent,
  encodeWireEvent,
  eventFromWire,
  writeAcceptedEvent,
  writeContent,
} from '../wire.ts'

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes)
const contentJson = (decoded: DecodedEvent): string => textOf(writeContent(new JsonBytes(), decoded).bytes)

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

it('stands in what is written of an accepted event, whose money is the one it has now', () => {
  const property = fc.property(arbitraryEvent({ money: 'sent' }), fc.boolean(), (sent, stamped) => {
    const { timestamp_ms: stamp, ...item } = encodeWireEvent(sent)
    const decoded = decode(stamped ? { ...item, timestamp_ms: stamp } : item)
    const content = writeContent(new JsonBytes(), decoded)
    const gaps = { authMethod: 'key', authenticated: false, clientIp: '203.0.113.0' }
    const observed = Object.fromEntries(
      Object.entries(gaps).filter(([name]) => decoded.event[name as keyof typeof gaps] === undefined),
    )
    const event = { ...decoded.event, ...observed, costNanoUsd: 12, costInputNanoUsd: 12, priceId: 'p' }
    const out = new JsonBytes(1)
    writeAcceptedEvent(out, event, content, { ...decoded, observed })
    const text = textOf(out.bytes.subarray(0, out.length))
    expect(eventFromWire(JSON.parse(text))).toEqual(event)
    // Parsing takes the last of two members of one name; had there been two, the text would be longer.
    expect(text.length).toBe(JSON.stringify(JSON.parse(text)).length)
  })
  fc.assert(property, { seed: 6, numRuns: 300 })
})
