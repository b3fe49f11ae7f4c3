import { describe, expect, it } from 'vitest'
import { EventStore, type RecordableEvent } from './index.ts'
import { completed } from './testing/events.ts'

const as = (value: unknown): RecordableEvent => value as RecordableEvent
const throws = (): never => {
  throw new Error('from the caller')
}
const circular: Record<string, unknown> = { a: 1 }
circular['self'] = circular
const thousand = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`member${index}`, index]))
const revoked = Proxy.revocable({}, {})
revoked.revoke()

/** What is no event: each is refused, counted, and felt by nobody. */
const REFUSED: readonly (readonly [name: string, event: unknown])[] = [
  ['nothing', undefined],
  ['null', null],
  ['a number', 7],
  ['a text of 100 MB', 'x'.repeat(100 * 1024 * 1024)],
  ['a function', completed],
  ['a symbol', Symbol('event')],
  ['a bigint', 7n],
  ['an array', [completed()]],
  ['an object without a kind', {}],
  ['an unknown kind', { ...completed(), kind: 'toString' }],
  [
    'a getter that throws',
    {
      ...completed(),
      get model() {
        return throws()
      },
    },
  ],
  [
    'a getter that throws where few look',
    {
      ...completed(),
      get spanId() {
        return throws()
      },
    },
  ],
  ['a proxy that throws', new Proxy(completed(), { get: throws })],
  ['a revoked proxy', revoked.proxy],
  ['a revoked proxy as map', { ...completed(), tags: revoked.proxy }],
  ['an empty model', { ...completed(), model: '' }],
  ['no model', { kind: 'llm_request_failed' }],
  ['a model of 100 MB', { ...completed(), model: 'x'.repeat(100 * 1024 * 1024) }],
  ['a model of too many characters', { ...completed(), model: 'x'.repeat(257) }],
  ['a symbol as model', { ...completed(), model: Symbol('m') }],
  ['negative tokens', { ...completed(), inputTokens: -1 }],
  ['tokens that are no number', { ...completed(), outputTokens: Number.NaN }],
  ['endless tokens', { ...completed(), outputTokens: Number.POSITIVE_INFINITY }],
  ['half a token', { ...completed(), inputTokens: 0.5 }],
  ['digits in quotes', { ...completed(), inputTokens: '7' }],
  ['tokens as bigint', { ...completed(), inputTokens: 7n }],
  ['a negative cost', { ...completed(), costMicros: -1 }],
  ['a cost past 2^53 nano-USD', { ...completed(), costMicros: 2 ** 53 - 1 }],
  ['a circular detail', { ...completed(), detail: circular }],
  ['a detail with a bigint', { ...completed(), detail: { a: 1n } }],
  ['a detail that is too large', { ...completed(), detail: { a: 'x'.repeat(5_000) } }],
  ['a million servers', { ...completed(), mcpServers: new Array(1_000_000).fill('x') }],
  ['an object of a thousand members', { ...completed(), ...thousand }],
  ['an instant that is text', { ...completed(), timestampMs: '2026-11-01' }],
  ['an instant out of time', { ...completed(), timestampMs: 1e300 }],
  ['an id that is no text', { ...completed(), eventId: 7 }],
  ['an id of too many bytes', { ...completed(), eventId: '\u65e5'.repeat(43) }],
  ['a tool without a name', { kind: 'tool_invocation' }],
  ['a router without a port', { kind: 'router_started' }],
  ['a budget without amounts', { kind: 'budget_threshold_reached', thresholdPercent: 80 }],
]

describe('what is handed to record()', () => {
  for (const [name, event] of REFUSED) {
    it(`is refused and counted, never thrown: ${name}`, () => {
      const store = new EventStore()
      expect(store.record(as(event))).toBe(false)
      expect(store.recordEvent(as(event))).toBe(false)
      expect([...store.dropped]).toEqual([['invalid', 2]])
      expect([store.length, store.stats().totalRequests, store.droppedCount]).toEqual([0, 0, 2])
      expect(store.ledgers()).toMatchObject([{ recorded: 2, pending: 0 }])
      expect(store.recordEvent(completed())).toBe(true)
      expect(store.snapshotEvents()).toHaveLength(1)
    })
  }

  it('may be written in any script', () => {
    const store = new EventStore()
    for (const model of ['\u65e5\u672c\u8a9e', 'gpt\u00e9', '\ud83d\ude42', '\u212a', '__proto__', 'a\ud800b']) {
      expect(store.recordEvent(completed(model))).toBe(true)
      expect(store.recordLlmFailed(model)).toBe(true)
    }
    expect(store.stats().totalRequests).toBe(12)
    expect(store.snapshotEvents().at(-1)?.requestModel).toBe('a\ufffdb')
    expect(store.droppedCount).toBe(0)
  })

  it('has names cut that are short enough in characters and too long in bytes', () => {
    const store = new EventStore()
    store.recordEvent(completed('\u65e5'.repeat(86)))
    expect(store.snapshotEvents()[0]?.requestModel).toBe('\u65e5'.repeat(85))
  })

  it('has long texts cut and a text of 100 MB replaced by its length', () => {
    const store = new EventStore()
    store.recordLlmFailed('gpt-4', { errorMessage: `${'\u65e5'.repeat(400)}` })
    store.recordLlmFailed('gpt-4', { errorMessage: 'x'.repeat(100 * 1024 * 1024) })
    expect(store.snapshotEvents().map((event) => event.errorMessage)).toEqual([
      '\u65e5'.repeat(341),
      '(text of 104857600 characters)',
    ])
  })

  it('can be changed by the caller afterwards without changing what was recorded', () => {
    const store = new EventStore()
    const tags = { team: 'a' }
    const event = { eventId: 'a', ...completed(), model: 'gpt-4', tags, detail: { nested: { list: [1] } } }
    store.record(event)
    const before = structuredClone(store.snapshotEvents())
    event.model = 'other'
    tags.team = 'b'
    event.detail.nested.list.push(2)
    expect(store.snapshotEvents()).toEqual(before)
  })

  it('comes out the same for everybody: whoever has a snapshot cannot change the next one', () => {
    const store = new EventStore()
    store.record({ eventId: 'a', ...completed(), tags: { team: 'a' }, detail: { nested: { list: [1] } } })
    const [event] = store.snapshotEvents()
    const before = structuredClone(event)
    expect(() => Object.assign(event?.tags as object, { team: 'b' })).toThrow(TypeError)
    Object.assign(event as object, { requestModel: 'other' })
    expect(store.snapshotEvents()).toEqual([before])
  })

  it('is read once: a getter that changes its mind cannot be counted one way and kept another', () => {
    const store = new EventStore()
    let reads = 0
    const event = {
      ...completed(),
      get inputTokens() {
        return ++reads
      },
    }
    store.record(event)
    expect(reads).toBe(1)
    expect(store.stats().totalInputTokens).toBe(store.snapshotEvents()[0]?.inputTokens)
  })

  it('may record something itself while it is read', () => {
    const store = new EventStore()
    const event = {
      eventId: 'outer',
      kind: 'llm_request_completed' as const,
      provider: 'openai',
      get model() {
        store.record({ eventId: 'inner', ...completed('inner', 7, 8) })
        return 'outer'
      },
      inputTokens: 1,
      outputTokens: 2,
    }
    expect(store.record(event)).toBe(true)
    expect(store.snapshotEvents()).toMatchObject([
      { eventId: 'inner', requestModel: 'inner', inputTokens: 7, outputTokens: 8 },
      { eventId: 'outer', requestModel: 'outer', inputTokens: 1, outputTokens: 2, seq: 1 },
    ])
  })

  it('leaves out what an event has no member for', () => {
    const store = new EventStore()
    store.record(as({ ...completed(), prompt: 'a secret', messages: [{ content: 'a secret' }] }))
    expect(JSON.stringify(store.snapshotEvents())).not.toContain('secret')
  })

  it('may come from a clock that is wrong', () => {
    const broken = new EventStore({ epoch: 1, sourceId: 's', clock: { now: throws, monotonic: throws } })
    expect(broken.recordEvent(completed())).toBe(false)
    expect([...broken.dropped]).toEqual([['invalid', 1]])
    const early = new EventStore({ clock: { now: () => -5, monotonic: () => 0 } })
    early.recordEvent(completed())
    expect(early.snapshotEvents()[0]?.timestampMs).toBe(0)
  })
})
