import { TallystickError } from '@tallystick/core'
import type { UsageEvent } from '@tallystick/core/event'
import { createPriceBook } from '@tallystick/core/pricing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Ingest } from '../ingest/ingest.ts'
import { openIngest } from '../ingest/open-ingest.ts'
import { openMemoryState } from '../state/memory.ts'
import type { ControlState } from '../state/state.ts'
import { openMemoryStore } from '../store/memory.ts'
import { createGenerations, type Generations, type GenerationsOptions } from './generations.ts'
import { SETTLE_MS, UNFINISHED_MS } from './overdue.ts'
import { CANARY, create, END, ended, part, SDK_BATCH, START, update } from './testing/batches.ts'

const NOW_MS = Date.parse(END) + 1000

interface Desk {
  readonly generations: Generations
  readonly state: ControlState
  readonly ingest: Ingest
  readonly events: UsageEvent[]
  readonly errors: unknown[]
  /** The same after a restart. */
  restarted(): Promise<Desk>
  wait(ms: number): Promise<void>
}

async function openDesk(options: Partial<GenerationsOptions> = {}): Promise<Desk> {
  let nowMs = NOW_MS
  const clock = { now: () => nowMs, monotonic: () => nowMs }
  const state = options.state ?? openMemoryState()
  const ingest = await openIngest({ store: openMemoryStore({ clock }), prices: createPriceBook(), clock })
  const events: UsageEvent[] = []
  ingest.onAccepted((accepted) => events.push(...accepted.map(({ event }) => event)))
  return deskOver({ state, ingest, clock, ...options }, events, (ms) => {
    nowMs += ms
  })
}

function deskOver(parts: Omit<GenerationsOptions, 'onError'>, events: UsageEvent[], move: (ms: number) => void): Desk {
  const errors: unknown[] = []
  const generations = createGenerations({ ...parts, onError: (error) => errors.push(error) })
  return {
    generations,
    state: parts.state,
    ingest: parts.ingest as Ingest,
    events,
    errors,
    restarted: async () => deskOver(parts, events, move),
    async wait(ms) {
      move(ms)
      await generations.tend()
    },
  }
}

const held = ({ state }: Desk): number => state.rows('generations').size
const ok = (outcomes: readonly { ok: boolean }[]): boolean => outcomes.every((outcome) => outcome.ok)

describe('a generation', () => {
  it('is one event once its create and its end are there, in one batch or in two', async () => {
    const together = await openDesk()
    expect(ok(await together.generations.receive([create(), ended()], {}))).toBe(true)
    const apart = await openDesk()
    await apart.generations.receive([create()], {})
    expect(apart.events).toEqual([])
    expect(held(apart)).toBe(1)
    await apart.generations.receive([ended()], {})
    expect(apart.events).toEqual(together.events)
    expect(apart.events).toEqual([
      expect.objectContaining({
        eventId: 'g',
        kind: 'llm_request_completed',
        timestampMs: Date.parse(START),
        durationMs: 1500,
        requestModel: 'gpt-4o',
        provider: 'openai',
        inputTokens: 12,
        outputTokens: 8,
        costNanoUsd: 110_000,
      }),
    ])
    expect(held(apart)).toBe(0)
  })

  it('is the same event however its parts are cut into batches, in whatever order those come', async () => {
    const parts = [
      part('trace-create', { id: 't', userId: 'ada', sessionId: 's' }),
      create(),
      update({ completionStartTime: '2026-11-21T12:00:00.400Z' }),
      update({ model: 'gpt-4o-mini', version: '2' }),
      ended(),
    ]
    const whole = await openDesk()
    await whole.generations.receive(parts, {})
    const withoutTrace = (events: readonly UsageEvent[]): unknown =>
      events.map(({ userId: _, sessionId: __, ...event }) => event)
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
        async (order, cuts) => {
          const desk = await openDesk()
          const places = [0, ...cuts.sort(), 5]
          for (let at = 1; at < places.length; at++) {
            const batch = order.slice(places[at - 1], places[at]).map((index) => parts[index])
            await desk.generations.receive(batch, {})
          }
          await desk.wait(UNFINISHED_MS)
          expect(desk.events.length).toBe(1)
          expect(desk.events[0]).toMatchObject({ eventId: 'g', inputTokens: 12, outputTokens: 8 })
          expect(held(desk)).toBe(0)
          expect(desk.errors).toEqual([])
          if (places.length === 2) expect(withoutTrace(desk.events)).toEqual(withoutTrace(whole.events))
        },
      ),
      { seed: 17, numRuns: 60 },
    )
  })

  it('takes user, session and tags from its trace', async () => {
    const desk = await openDesk()
    await desk.generations.receive([...SDK_BATCH], {})
    expect(desk.events.map(({ eventId }) => eventId).sort()).toEqual(['at-once', 'refused', 'streamed'])
    for (const event of desk.events)
      expect(event).toMatchObject({
        userId: 'u-1',
        sessionId: 's-1',
        traceId: 'trace-1',
        tags: { web: 'true', team: 'search', trace: 'checkout' },
      })
    const { restarted } = desk
    const later = await restarted()
    await later.generations.receive(
      [create({ id: 'x', traceId: 'trace-1' }), ended({ id: 'x', traceId: 'trace-1' })],
      {},
    )
    expect(desk.events.at(-1)).toMatchObject({ eventId: 'x', userId: 'u-1' })
  })

  it('of level ERROR is a failed request with its figures', async () => {
    const desk = await openDesk()
    await desk.generations.receive([create(), ended({ level: 'ERROR', statusMessage: CANARY })], {})
    expect(desk.events).toMatchObject([
      { kind: 'llm_request_failed', success: false, errorType: 'error', inputTokens: 12 },
    ])
  })

  it('of another type counts where it has usage, and other observations do not', async () => {
    const desk = await openDesk()
    const answer = await desk.generations.receive(
      [
        part('observation-create', {
          id: 'a',
          type: 'GENERATION',
          model: 'm',
          startTime: START,
          endTime: END,
          usage: { input: 1, output: 1 },
        }),
        part('agent-create', {
          id: 'b',
          startTime: START,
          endTime: END,
          model: 'm',
          usageDetails: { input: 2, output: 1 },
        }),
        part('embedding-create', { id: 'c', startTime: START, endTime: END, model: 'm', usageDetails: { input: 3 } }),
        part('span-create', { id: 'd', startTime: START, endTime: END }),
        part('score-create', { id: 'e', value: 1 }),
        part('sdk-log', { log: CANARY }),
      ],
      {},
    )
    expect(ok(answer)).toBe(true)
    expect(desk.events.map(({ eventId, operation }) => [eventId, operation])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', 'embeddings'],
    ])
    expect(held(desk)).toBe(0)
  })
})

describe('a generation that is not whole', () => {
  it('becomes an event of unknown usage a minute after its end', async () => {
    const desk = await openDesk()
    await desk.generations.receive([create(), update({ endTime: END })], {})
    await desk.wait(SETTLE_MS - 1)
    expect(desk.events).toEqual([])
    await desk.wait(1)
    expect(desk.events).toMatchObject([{ eventId: 'g', usageBasis: 'unknown', durationMs: 1500, success: true }])
    expect(desk.events[0]).not.toHaveProperty('inputTokens')
  })

  it('and has figures but no end becomes one too, and so does one whose create was lost', async () => {
    const desk = await openDesk()
    await desk.generations.receive([create({ usage: { input: 3, output: 4 } }), ended({ id: 'orphan' })], {})
    expect(desk.events).toEqual([])
    await desk.wait(SETTLE_MS)
    expect(desk.events).toMatchObject([
      { eventId: 'g', inputTokens: 3, success: true },
      { eventId: 'orphan', requestModel: 'unknown', inputTokens: 12, costBasis: 'unpriced' },
    ])
  })

  it('and is never heard of again becomes a failed request a day later', async () => {
    const desk = await openDesk()
    await desk.generations.receive([create(), update({ id: 'fragment', name: 'x' })], {})
    await desk.wait(UNFINISHED_MS - 1)
    expect(desk.events).toEqual([])
    await desk.wait(1)
    expect(desk.events).toMatchObject([
      { eventId: 'g', kind: 'llm_request_failed', errorType: 'unfinished', usageBasis: 'unknown' },
    ])
    expect(held(desk)).toBe(0)
  })

  it('is still there after a restart, and its sender has time to go on', async () => {
    const desk = await openDesk()
    const sender = { principal: { tenantId: 'acme', agentId: 'agent_7' }, observed: { apiKeyId: 'k1' } }
    await desk.generations.receive([create(), create({ id: 'h' }), update({ id: 'h', endTime: END })], sender)
    await desk.wait(SETTLE_MS / 2)
    const later = await desk.restarted()
    await later.wait(SETTLE_MS / 2)
    expect(later.events).toEqual([])
    await later.generations.receive([ended()], sender)
    await later.wait(SETTLE_MS)
    expect(later.events).toMatchObject([
      { eventId: 'g', tenantId: 'acme', agentId: 'agent_7', apiKeyId: 'k1', inputTokens: 12 },
      { eventId: 'h', tenantId: 'acme', agentId: 'agent_7', apiKeyId: 'k1', usageBasis: 'unknown' },
    ])
  })

  it('is nobody else’s: another tenant’s update does not end it', async () => {
    const desk = await openDesk()
    await desk.generations.receive([create()], { principal: { tenantId: 'a' } })
    await desk.generations.receive([ended()], { principal: { tenantId: 'b' } })
    expect(desk.events).toEqual([])
    expect(held(desk)).toBe(2)
  })

  it('makes room for newer ones of its tenant when there are too many, and for nobody else', async () => {
    const desk = await openDesk({ maxHeld: 10 })
    const other = { principal: { tenantId: 'other' } }
    await desk.generations.receive([create({ id: 'first' }), part('trace-create', { id: 't', userId: 'u' })], other)
    const ids = Array.from({ length: 25 }, (_, at) => `g${at}`)
    for (const id of ids)
      await desk.generations.receive([create({ id, traceId: id }), part('trace-create', { id, userId: 'u' })], {})
    await desk.generations.tend()
    expect(held(desk)).toBe(11)
    expect(desk.state.rows('traces').size).toBe(11)
    expect(desk.events.map(({ eventId }) => eventId)).toEqual(ids.slice(0, 15))
    await desk.generations.receive([ended({ id: 'first' })], other)
    expect(desk.events.at(-1)).toMatchObject({ eventId: 'first', inputTokens: 12, userId: 'u' })
  })

  it('is looked after as soon as there are many more, without a timer', async () => {
    const desk = await openDesk({ maxHeld: 10 })
    for (let at = 0; at < 3; at++)
      await desk.generations.receive(
        Array.from({ length: 600 }, (_, n) => create({ id: `g${at}-${n}` })),
        {},
      )
    await desk.generations.tend()
    expect(held(desk)).toBe(10)
    expect(desk.events.length).toBe(1790)
  })
})

describe('what comes after a generation was counted', () => {
  it('is acknowledged where it says nothing new of its figures, and counts nothing', async () => {
    const desk = await openDesk()
    const batch = [create(), ended()]
    await desk.generations.receive(batch, {})
    for (const late of [batch, [update({ name: 'renamed' })], [ended()], [create({ model: 'gpt-5' })]])
      expect(ok(await desk.generations.receive(late, {}))).toBe(true)
    await desk.wait(UNFINISHED_MS)
    expect(desk.events.length).toBe(1)
    expect(desk.ingest.counts()).toMatchObject({ accepted: 1, conflict: 0 })
  })

  it('is refused where it has other figures: they are not acknowledged and lost', async () => {
    const desk = await openDesk()
    await desk.generations.receive([create(), ended()], {})
    const [outcome] = await desk.generations.receive([ended({ usage: { input: 13, output: 8 } })], {})
    expect(outcome).toMatchObject({ ok: false, code: 'conflict' })
    expect(desk.events).toMatchObject([{ inputTokens: 12 }])
  })

  it('is a duplicate also when a restart has forgotten that it was counted', async () => {
    const desk = await openDesk()
    const batch = [part('trace-create', { id: 't', userId: 'ada' }), create(), ended()]
    await desk.generations.receive(batch, {})
    const later = await desk.restarted()
    expect(ok(await later.generations.receive(batch, {}))).toBe(true)
    expect(later.events.length).toBe(1)
    expect(later.ingest.counts()).toMatchObject({ accepted: 1, duplicate: 1, conflict: 0 })
  })
})

describe('failure', () => {
  it('of the pipeline or the state is that of the whole batch, which sent again is counted once', async () => {
    const desk = await openDesk()
    let failing = true
    const broken = new TallystickError('disk_full')
    const flaky = createGenerations({
      state: desk.state,
      clock: { now: () => NOW_MS, monotonic: () => 0 },
      onError: () => undefined,
      ingest: { submit: (request) => (failing ? Promise.reject(broken) : desk.ingest.submit(request)) },
    })
    const batch = [create(), ended(), create({ id: 'open' })]
    await expect(flaky.receive(batch, {})).rejects.toBe(broken)
    failing = false
    expect(ok(await flaky.receive(batch, {}))).toBe(true)
    expect(desk.events.length).toBe(1)
  })

  it('of a batch under way is that of the same batch sent beside it: neither is acknowledged', async () => {
    const desk = await openDesk()
    const broken = new TallystickError('journal_unavailable')
    let fail: (error: Error) => void = () => undefined
    const flaky = createGenerations({
      state: desk.state,
      clock: { now: () => NOW_MS, monotonic: () => 0 },
      onError: () => undefined,
      ingest: {
        submit: () =>
          new Promise((_, reject) => {
            fail = reject
          }),
      },
    })
    const both = [flaky.receive([create(), ended()], {}), flaky.receive([create(), ended()], {})]
    fail(broken)
    expect(await Promise.allSettled(both)).toEqual([
      { status: 'rejected', reason: broken },
      { status: 'rejected', reason: broken },
    ])
  })

  it('of a trace under way is that of the same trace told beside it', async () => {
    const state = openMemoryState()
    const waiting: ((error: Error) => void)[] = []
    const desk = await openDesk({
      state: {
        ...state,
        write(changes) {
          void state.write(changes)
          return new Promise((_, reject) => waiting.push(reject))
        },
      },
    })
    const trace = part('trace-create', { id: 't', userId: 'ada' })
    const both = [desk.generations.receive([trace], {}), desk.generations.receive([trace], {})]
    expect(waiting.length).toBe(2)
    for (const reject of waiting) reject(new TallystickError('disk_full'))
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it('of one event of a batch costs the others nothing', async () => {
    const desk = await openDesk()
    const outcomes = await desk.generations.receive(
      [
        create(),
        ended(),
        create({ id: 'bad', usage: { input: 1.5 } }),
        'nonsense',
        create({ id: 'old', startTime: '1980-01-01T00:00:00Z', endTime: '1980-01-01T00:00:01Z', usage: { input: 1 } }),
      ],
      {},
    )
    expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.code))).toEqual([
      'ok',
      'ok',
      'not_an_integer',
      'not_an_object',
      'timestamp_out_of_range',
    ])
    expect(desk.events.length).toBe(1)
  })
})

describe('ids', () => {
  it('longer than those of events are hashed, and name the same generation each time', async () => {
    const desk = await openDesk()
    const ids = { id: 'x'.repeat(700), traceId: 'y'.repeat(700) }
    await desk.generations.receive([part('trace-create', { id: ids.traceId, userId: 'ada' }), create(ids)], {})
    await desk.generations.receive([ended(ids)], {})
    expect(desk.events).toMatchObject([{ eventId: expect.stringMatching(/^sha256-/), userId: 'ada', inputTokens: 12 }])
  })
})

describe('traces', () => {
  it('that say nothing new are not written again', async () => {
    const desk = await openDesk()
    const trace = part('trace-create', { id: 't', userId: 'ada' })
    await desk.generations.receive([trace], {})
    const [row] = desk.state.rows('traces').values()
    await desk.generations.receive([trace, part('trace-create', { id: 't', output: CANARY })], {})
    expect([...desk.state.rows('traces').values()]).toEqual([row])
    expect([...desk.state.rows('traces').values()][0]).toBe(row)
    await desk.generations.receive([part('trace-create', { id: 't', sessionId: 's' })], {})
    expect([...desk.state.rows('traces').values()]).toMatchObject([{ facts: { userId: 'ada', sessionId: 's' } }])
  })

  it('are forgotten a day after they were last spoken of', async () => {
    const desk = await openDesk()
    await desk.generations.receive([part('trace-create', { id: 't', userId: 'ada' })], {})
    await desk.wait(UNFINISHED_MS - 1)
    expect(desk.state.rows('traces').size).toBe(1)
    await desk.wait(1)
    expect(desk.state.rows('traces').size).toBe(0)
  })
})

describe('whatever is sent', () => {
  it('is decided without a throw, and no text is kept anywhere', async () => {
    const desk = await openDesk()
    const text = fc.constantFrom<unknown>(CANARY, [CANARY], { content: CANARY, usage: { input: 9 } })
    const odd = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>('\0', '\ud800', -1, 1e300, '__proto__', START))
    const body = fc.record(
      {
        id: fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'x'.repeat(700)), odd),
        traceId: fc.oneof(fc.constantFrom('t'), odd),
        ...{ input: text, output: text, metadata: text, statusMessage: text, modelParameters: text },
        ...{ startTime: odd, endTime: odd, level: odd, model: fc.oneof(fc.constantFrom('gpt-4o'), odd) },
        ...{ usage: odd, usageDetails: odd, costDetails: odd, tags: odd, userId: odd },
      },
      { requiredKeys: [] },
    )
    const type = fc.constantFrom('trace-create', 'generation-create', 'generation-update', 'span-update', 'x-create')
    const event = fc.record({ id: fc.uuid(), type: fc.oneof(type, odd), timestamp: odd, body: fc.oneof(body, odd) })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(event, odd), { maxLength: 8 }), async (batch) => {
        const outcomes = await desk.generations.receive(batch, {})
        expect(outcomes.length).toBe(batch.length)
        for (const outcome of outcomes) expect(JSON.stringify(outcome)).not.toContain(CANARY)
      }),
      { seed: 23, numRuns: 500 },
    )
    await desk.wait(UNFINISHED_MS)
    expect(held(desk)).toBe(0)
    const rows = [...desk.state.rows('traces').entries()]
    expect(JSON.stringify([desk.events, rows])).not.toContain(CANARY)
    expect(desk.errors).toEqual([])
  })
})
