import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UsageEvent } from '../event/index.ts'
import { decodeWireEvent, encodeWireEvent, FIELD_NAMES, FIELDS, type FieldName } from '../event/index.ts'
import { ARBITRARY_TO_MS, arbitraryEvent } from '../event/testing/arbitrary.ts'
import { EventStore, type RecordableEvent } from './index.ts'

const OWN: readonly FieldName[] = ['sourceId', 'epoch', 'seq']
const base = { eventId: 'a', timestampMs: 1_793_491_200_000, kind: 'tool_invocation', toolName: 'ask' } as const

/** What a store gives back of one event; undefined when it refused it. */
function stored(event: object): UsageEvent | undefined {
  const store = new EventStore({ sourceId: 's', epoch: 1 })
  store.record(event as RecordableEvent)
  return store.snapshotEvents()[0]
}

/** A value that the field may just have, and one that it may not. */
function limitsOf(field: FieldName): readonly [within: unknown, beyond: unknown] {
  const spec = FIELDS[field]
  switch (spec.type) {
    case 'string':
    case 'text':
      return ['x'.repeat(spec.max), 'x'.repeat(spec.max + 1)]
    case 'integer':
      return [spec.max, spec.max + 1]
    case 'boolean':
      return [true, 1]
    case 'ratio':
      return [1, 1.5]
    case 'enum':
      return [spec.values.at(-1), 'no such value']
    case 'strings':
      return [['x'.repeat(spec.max)], ['x'.repeat(spec.max + 1)]]
    case 'counts':
      return [{ web_searches: 1 }, { web_searches: -1 }]
    case 'tags':
      return [{ team: 'a' }, { team: 1 }]
    case 'detail':
      return [{ a: 'x'.repeat(4_000) }, { a: 'x'.repeat(5_000) }]
  }
}

describe('the members of an event', () => {
  const fields = FIELD_NAMES.filter((name) => !OWN.includes(name) && name !== 'kind')

  for (const field of fields) {
    it(`are kept up to the limit of the table and refused beyond it: ${field}`, () => {
      const [within, beyond] = limitsOf(field)
      if (field === 'timestampMs') {
        expect(stored({ ...base, [field]: 0 })?.[field]).toBe(0)
        return
      }
      expect(stored({ ...base, [field]: within })?.[field]).toEqual(within)
      const found = stored({ ...base, [field]: beyond })
      // Texts are cut instead.
      if (FIELDS[field].type === 'text') expect(found?.[field]).toBe(within)
      else expect(found).toBeUndefined()
      // The tool's name and the id are needed: the first has no default, the second is minted.
      if (field === 'toolName' || field === 'eventId') return
      for (const nothing of [undefined, null, ...(FIELDS[field].type === 'string' ? [''] : [])]) {
        expect(stored({ ...base, [field]: nothing })).toEqual(stored(base))
      }
    })
  }

  it('come back as they went in, whichever an event has, also in slots that held others before', () => {
    const store = new EventStore({ capacity: 5, sourceId: 's', epoch: 1, deduplicate: 0, overflow: 'drop-oldest' })
    const events = fc.array(arbitraryEvent(), { minLength: 1, maxLength: 20 })
    let seq = 0
    const property = fc.property(events, (batch) => {
      for (const event of batch) {
        expect(store.record(event)).toBe(true)
        expect(store.snapshotEvents().at(-1)).toEqual({ ...event, sourceId: 's', epoch: 1, seq: seq++ })
      }
    })
    fc.assert(property, { seed: 1, numRuns: 300 })
  })

  it('may come in any order, and in more orders than anybody remembers', () => {
    const names = ['agentId', 'userId', 'sessionId', 'tenantId', 'apiKeyId', 'traceId', 'spanId', 'backend'] as const
    const store = new EventStore({ capacity: 10, sourceId: 's', epoch: 1, overflow: 'drop-oldest' })
    const order = fc.shuffledSubarray([...names], { minLength: 6 })
    let seq = 0
    const property = fc.property(order, fc.boolean(), (chosen, first) => {
      const members = Object.fromEntries(chosen.map((name, index) => [name, `${name}-${index}`]))
      const event = first ? { ...base, ...members } : { ...members, ...base }
      const eventId = `id-${seq}`
      store.record({ ...event, eventId })
      expect(store.snapshotEvents().at(-1)).toEqual({ ...event, eventId, sourceId: 's', epoch: 1, seq: seq++ })
    })
    fc.assert(property, { seed: 1, numRuns: 2_000 })
  })

  it('pass the door of a server as they come out', () => {
    const property = fc.property(arbitraryEvent({ money: 'sent' }), (event) => {
      const out = stored(event) as UsageEvent
      const answer = decodeWireEvent(JSON.parse(JSON.stringify(encodeWireEvent(out))), {
        nowMs: ARBITRARY_TO_MS,
        mintId: () => 'minted',
      })
      expect(answer).toMatchObject({ ok: true, event: out })
    })
    fc.assert(property, { seed: 1, numRuns: 300 })
  })
})
