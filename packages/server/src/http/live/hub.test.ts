import type { ReadableStreamReadResult } from 'node:stream/web'
import type { UsageEvent } from '@tallystick/core/event'
import { addEvent, aggregateFromJson, aggregateToJson, emptyAggregate, mergeAggregate } from '@tallystick/core/query'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LOCAL, type Principal } from '../../identity/principal.ts'
import type { StoredEvent } from '../../store/store.ts'
import { RING_TICKS, TICK_MS } from './channel.ts'
import { CLIENT_BYTES, createLiveClient } from './client.ts'
import { createLiveHub, HEARTBEAT_MS, type LiveHub } from './hub.ts'
import { LIVE_PLAN } from './plan.ts'
import { createReplayRing } from './replay-ring.ts'
import { fakeTime, START_MS } from './testing/fake-time.ts'
import { createTickFold, MAX_CELLS } from './tick-fold.ts'

let ordinal = 0
function stored(over: Partial<UsageEvent> = {}): StoredEvent {
  ordinal++
  const event: UsageEvent = {
    eventId: `e${ordinal}`,
    timestampMs: START_MS,
    kind: 'llm_request_completed',
    provider: 'openai',
    requestModel: 'gpt-4o',
    success: true,
    inputTokens: 10,
    outputTokens: 5,
    costNanoUsd: 100,
    durationMs: 250,
    ...over,
  }
  return { ordinal, receivedMs: START_MS, event }
}

interface Message {
  readonly event?: string
  readonly id?: string
  readonly data?: { [name: string]: unknown } & {
    seq: number
    cells: { model: string | null; aggregate: unknown }[]
    events: { event_id: string }[]
    accepted: number
  }
  readonly comment?: string
}

/** Reads what a stream has to give at this moment. */
function reader(stream: ReadableStream<Uint8Array>): {
  read: () => Promise<Message[]>
  leave: () => Promise<void>
  ended: () => boolean
} {
  const source = stream.getReader()
  let text = ''
  let ended = false
  const pump = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await source.read()
      if (done) break
      text += new TextDecoder().decode(value)
    }
    ended = true
  }
  void pump().catch(() => undefined)
  return {
    async read() {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      const messages = text.split('\n\n').slice(0, -1).map(parse)
      text = ''
      return messages
    },
    leave: () => source.cancel(),
    ended: () => ended,
  }
}

function parse(block: string): Message {
  if (block.startsWith(':')) return { comment: block.slice(1).trim() }
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  const id = fields.get('id')
  return {
    event: fields.get('event') as string,
    data: JSON.parse(fields.get('data') as string),
    ...(id === undefined ? {} : { id }),
  }
}

const names = (messages: Message[]): (string | undefined)[] => messages.map(({ event, comment }) => event ?? comment)

function setup(maxStreams = 200): { hub: LiveHub; time: ReturnType<typeof fakeTime> } {
  const time = fakeTime()
  return { hub: createLiveHub({ clock: time.clock, after: time.after, maxStreams }), time }
}

describe('the live stream', () => {
  it('says hello, then one merged tick a second while there is anything new', async () => {
    const { hub, time } = setup()
    const client = reader(hub.open(undefined, LOCAL))
    expect(await client.read()).toMatchObject([{ event: 'hello', data: { server_ms: START_MS, tick_ms: 1000 } }])
    hub.publish([stored(), stored({ provider: 'anthropic', requestModel: 'claude' })])
    time.pass(1)
    const [first] = await client.read()
    expect(first).toMatchObject({ event: 'tick', data: { seq: 1, accepted: 2 } })
    expect(first?.data?.cells).toHaveLength(2)
    for (let index = 0; index < 5; index++) {
      hub.publish([stored()])
      time.pass(100)
    }
    expect(await client.read()).toEqual([])
    time.pass(TICK_MS)
    const later = await client.read()
    expect(later).toMatchObject([{ event: 'tick', data: { seq: 2, accepted: 5 } }])
    expect(later[0]?.data?.cells).toHaveLength(1)
    time.pass(10 * TICK_MS)
    expect(await client.read()).toEqual([])
  })

  it('shows the newest events, newest first, at most twenty', async () => {
    const { hub, time } = setup()
    const client = reader(hub.open(undefined, LOCAL))
    const events = Array.from({ length: 30 }, () => stored())
    hub.publish(events.slice(0, 12))
    hub.publish(events.slice(12))
    time.pass(TICK_MS)
    const tick = (await client.read()).at(-1)
    expect(tick?.data?.events.map((event) => event.event_id)).toEqual(
      events
        .slice(-20)
        .reverse()
        .map(({ event }) => event.eventId),
    )
  })

  it('sends a heartbeat while nothing happens', async () => {
    const { hub, time } = setup()
    const client = reader(hub.open(undefined, LOCAL))
    await client.read()
    time.pass(HEARTBEAT_MS)
    expect(names(await client.read())).toEqual(['still here'])
  })

  it('runs no timer and folds nothing while nobody listens', () => {
    const { hub, time } = setup()
    hub.publish([stored()])
    expect(time.pending()).toBe(0)
    expect(hub.stats()).toMatchObject({ streams: 0, ticks: 0 })
  })

  it('gives a client that comes back what it missed', async () => {
    const { hub, time } = setup()
    const client = reader(hub.open(undefined, LOCAL))
    for (let index = 0; index < 3; index++) {
      hub.publish([stored()])
      time.pass(TICK_MS)
    }
    const ticks = (await client.read()).slice(1)
    await client.leave()
    hub.publish([stored()])
    time.pass(TICK_MS)
    const again = await reader(hub.open(ticks[0]?.id, LOCAL)).read()
    expect(names(again)).toEqual(['hello', 'tick', 'tick', 'tick'])
    expect(again.slice(1).map(({ data }) => data?.seq)).toEqual([2, 3, 4])
    expect(names(await reader(hub.open(again.at(-1)?.id, LOCAL)).read())).toEqual(['hello'])
  })

  it.each([
    'nonsense',
    '',
    '1',
    '.1',
    'x.1',
    `${START_MS.toString(36)}.-1`,
    `${START_MS.toString(36)}.99`,
    `${START_MS.toString(36)}.1e3`,
  ])('answers the unknown place %j with reset', async (id) => {
    const { hub, time } = setup()
    hub.open(undefined, LOCAL)
    hub.publish([stored()])
    time.pass(TICK_MS)
    expect(names(await reader(hub.open(id, LOCAL)).read())).toEqual(['hello', 'reset'])
  })

  it('answers a place of an earlier life of the server with reset', async () => {
    const { hub, time } = setup()
    const client = reader(hub.open(undefined, LOCAL))
    hub.publish([stored()])
    time.pass(TICK_MS)
    const id = (await client.read()).at(-1)?.id
    time.pass(5)
    const next = createLiveHub({ clock: time.clock, after: time.after })
    next.open(undefined, LOCAL)
    next.publish([stored()])
    time.pass(TICK_MS)
    expect(names(await reader(next.open(id, LOCAL)).read())).toEqual(['hello', 'reset'])
  })

  it('goes on folding for a while after the last client left, then sleeps and cannot replay', async () => {
    const { hub, time } = setup()
    const client = reader(hub.open(undefined, LOCAL))
    hub.publish([stored()])
    time.pass(TICK_MS)
    const id = (await client.read()).at(-1)?.id
    await client.leave()
    time.pass((RING_TICKS - 5) * TICK_MS)
    hub.publish([stored()])
    time.pass(TICK_MS)
    const back = reader(hub.open(id, LOCAL))
    expect(names(await back.read())).toEqual(['hello', 'tick'])
    await back.leave()
    time.pass((RING_TICKS + 5) * TICK_MS)
    hub.publish([stored()])
    expect(time.pending()).toBe(0)
    expect(names(await reader(hub.open(id, LOCAL)).read())).toEqual(['hello', 'reset'])
  })

  it('tells everybody to ask again once everything was removed, and shows nothing from before', async () => {
    const { hub, time } = setup()
    const client = reader(hub.open(undefined, LOCAL))
    hub.publish([stored()])
    time.pass(TICK_MS)
    hub.publish([stored()])
    hub.reset()
    expect(names(await client.read())).toEqual(['hello', 'tick', 'reset'])
    time.pass(TICK_MS)
    expect(await client.read()).toEqual([])
    hub.publish([stored()])
    time.pass(TICK_MS)
    expect(await client.read()).toMatchObject([{ event: 'tick', data: { accepted: 1 } }])
  })

  it('refuses more streams than allowed and frees the place of who leaves', async () => {
    const { hub } = setup(2)
    const client = reader(hub.open(undefined, LOCAL))
    hub.open(undefined, LOCAL)
    expect(() => hub.open(undefined, LOCAL)).toThrow(expect.objectContaining({ code: 'too_many_streams' }))
    await client.leave()
    expect(hub.stats().streams).toBe(1)
    hub.open(undefined, LOCAL)
  })

  it('ends every stream on close and takes no more', async () => {
    const { hub, time } = setup()
    const client = reader(hub.open(undefined, LOCAL))
    await client.read()
    hub.publish([stored()])
    hub.close()
    await client.read()
    expect(client.ended()).toBe(true)
    expect(time.pending()).toBe(0)
    expect(() => hub.open(undefined, LOCAL)).toThrow(expect.objectContaining({ code: 'shutting_down' }))
  })

  it('keeps a bounded amount for a client that does not read, tells it of the gap, and gives it up in the end', async () => {
    const { hub, time } = setup()
    const stalled = hub.open(undefined, LOCAL)
    const tags = { note: 'x'.repeat(1_000) }
    for (let index = 0; index < 400; index++) {
      hub.publish(Array.from({ length: 5 }, () => stored({ tags, requestModel: `m${index}` })))
      time.pass(TICK_MS / 8)
    }
    expect(hub.stats().waitingBytes).toBeLessThanOrEqual(CLIENT_BYTES)
    for (let index = 0; index < 60; index++) {
      hub.publish(Array.from({ length: 40 }, () => stored({ tags })))
      time.pass(TICK_MS)
    }
    expect(hub.stats()).toMatchObject({ streams: 0, waitingBytes: 0 })
    const left = reader(stalled)
    await left.read()
    expect(left.ended()).toBe(true)
  })
})

describe('D-6: what a client may not see', () => {
  const of = (tenantId: string, agentId?: string): Principal => ({
    kind: 'key',
    name: `key ${tenantId}`,
    keyId: `${tenantId} ${agentId}`,
    scopes: new Set(['read']),
    tenantId,
    ...(agentId === undefined ? {} : { agentIds: new Set([agentId]) }),
  })

  it('is in none of its ticks, and its numbers do not tell of it', async () => {
    const { hub, time } = setup()
    const clients = [LOCAL, of('acme'), of('acme', 'agent_1'), of('other')].map((who) =>
      reader(hub.open(undefined, who)),
    )
    const hellos = await Promise.all(clients.map((client) => client.read()))
    for (const hello of hellos) expect(hello).toMatchObject([{ event: 'hello', data: { seq: 0 } }])
    for (let second = 0; second < 3; second++) {
      hub.publish([
        stored({ tenantId: 'acme', agentId: 'agent_1', requestModel: 'one' }),
        stored({ tenantId: 'acme', agentId: 'agent_2', requestModel: 'two' }),
        stored({ requestModel: 'nobody' }),
        ...(second === 2 ? [stored({ tenantId: 'other', requestModel: 'theirs' })] : []),
      ])
      time.pass(TICK_MS)
    }
    const seen = await Promise.all(clients.map((client) => client.read()))
    const modelsOf = (messages: Message[]): unknown[] =>
      messages.map(({ data }) => [
        data?.seq,
        data?.accepted,
        data?.cells.map(({ model }) => model).sort(),
        data?.events.length,
      ])
    expect(seen.map(modelsOf)).toEqual([
      [
        [1, 3, ['nobody', 'one', 'two'], 3],
        [2, 3, ['nobody', 'one', 'two'], 3],
        [3, 4, ['nobody', 'one', 'theirs', 'two'], 4],
      ],
      [1, 2, 3].map((seq) => [seq, 2, ['one', 'two'], 2]),
      [1, 2, 3].map((seq) => [seq, 1, ['one'], 1]),
      [[1, 1, ['theirs'], 1]],
    ])
    expect(JSON.stringify(seen[3])).not.toContain('acme')
  })

  it('is not given to it when it comes back with the place of somebody else', async () => {
    const { hub, time } = setup()
    const [mine, theirs] = [reader(hub.open(undefined, of('acme'))), reader(hub.open(undefined, of('other')))]
    hub.publish([stored({ tenantId: 'acme' }), stored({ tenantId: 'other' })])
    time.pass(TICK_MS)
    const id = (await theirs.read()).at(-1)?.id
    expect(names(await reader(hub.open(id, of('acme'))).read())).toEqual(['hello', 'reset'])
    const own = (await mine.read()).at(-1)?.id
    expect(names(await reader(hub.open(own, of('acme'))).read())).toEqual(['hello'])
  })

  it('ends at once when its key is revoked, and only then', async () => {
    const { hub } = setup()
    const [mine, theirs] = [reader(hub.open(undefined, of('acme'))), reader(hub.open(undefined, of('other')))]
    expect(hub.end(({ tenantId }) => tenantId === 'acme')).toBe(1)
    await Promise.all([mine.read(), theirs.read()])
    expect([mine.ended(), theirs.ended(), hub.stats().streams]).toEqual([true, false, 1])
  })

  it('D-5: lets one key have so many streams and leaves the others theirs', () => {
    const time = fakeTime()
    const hub = createLiveHub({ clock: time.clock, after: time.after, maxStreams: 5, maxStreamsPerKey: 2 })
    for (const who of [of('acme'), of('acme'), of('other')]) hub.open(undefined, who)
    expect(() => hub.open(undefined, of('acme'))).toThrow(expect.objectContaining({ code: 'too_many_streams' }))
    hub.open(undefined, of('other'))
    hub.open(undefined, LOCAL)
    expect(() => hub.open(undefined, of('third'))).toThrow(expect.objectContaining({ code: 'too_many_streams' }))
  })

  it('D-5: keeps no channel for views that came and went', async () => {
    const { hub, time } = setup(3)
    for (let index = 0; index < 20; index++) await reader(hub.open(undefined, of(`tenant${index}`))).leave()
    hub.publish(Array.from({ length: 20 }, (_, index) => stored({ tenantId: `tenant${index}` })))
    time.pass(TICK_MS)
    expect(hub.stats()).toMatchObject({ streams: 0, ticks: 3 })
  })
})

describe('a client', () => {
  it('skips what it cannot take, then hears of the gap before the next frame', async () => {
    const client = createLiveClient({ monotonic: () => 0, onGone: () => undefined, maxBytes: 100 })
    client.send(new Uint8Array(60).fill(0x61))
    client.send(new Uint8Array(60).fill(0x62))
    client.send(new Uint8Array(60).fill(0x63))
    expect(client.skipped).toBe(2)
    expect(client.waitingBytes).toBe(60)
    const source = client.stream.getReader()
    expect((await source.read()).value?.[0]).toBe(0x61)
    client.send(new Uint8Array([0x64]))
    const text = new TextDecoder()
    expect(text.decode((await source.read()).value)).toBe('event: gap\ndata: {"missed":2}\n\n')
    expect(text.decode((await source.read()).value)).toBe('d')
  })

  it('keeps the order and every byte of what it takes, however it is read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat(255), fc.constant('read' as const)), { maxLength: 40 }),
        async (steps) => {
          const client = createLiveClient({ monotonic: () => 0, onGone: () => undefined })
          const source = client.stream.getReader()
          const reads: Promise<ReadableStreamReadResult<Uint8Array>>[] = []
          const sent: number[] = []
          for (const step of steps) {
            if (step === 'read') reads.push(source.read())
            else {
              sent.push(step)
              client.send(new Uint8Array([step]))
            }
          }
          while (reads.length < sent.length) reads.push(source.read())
          const got = await Promise.all(reads.slice(0, sent.length))
          expect(got.map(({ value }) => value?.[0])).toEqual(sent)
          expect(client.waitingBytes).toBe(0)
          client.end()
        },
      ),
      { seed: 1, numRuns: 100 },
    )
  })
})

describe('a tick', () => {
  const arbitrary = fc.record({
    timestampMs: fc.integer({ min: START_MS, max: START_MS + 200_000 }),
    provider: fc.constantFrom('openai', 'anthropic', '__proto__'),
    requestModel: fc.constantFrom('a', 'b', 'constructor'),
    inputTokens: fc.nat(1_000),
    durationMs: fc.nat(100_000),
    success: fc.boolean(),
  })

  it('merges to the same figures as the events themselves, however they were grouped', () => {
    fc.assert(
      fc.property(fc.array(fc.array(arbitrary, { maxLength: 10 }), { maxLength: 10 }), (groups) => {
        const fold = createTickFold()
        const expected = emptyAggregate(LIVE_PLAN)
        const merged = emptyAggregate(LIVE_PLAN)
        groups.forEach((group, index) => {
          const events = group.map((over) => stored(over))
          fold.add(events)
          for (const { event } of events) addEvent(LIVE_PLAN, expected, event)
          if (index % 3 === 0) take()
        })
        function take(): void {
          for (const cell of fold.take(0)?.cells ?? [])
            mergeAggregate(LIVE_PLAN, merged, aggregateFromJson(LIVE_PLAN, JSON.parse(JSON.stringify(cell.aggregate))))
        }
        take()
        expect(aggregateToJson(LIVE_PLAN, merged)).toEqual(aggregateToJson(LIVE_PLAN, expected))
      }),
      { seed: 1, numRuns: 100 },
    )
  })

  it('says that figures must be asked for when there are too many cells', () => {
    const fold = createTickFold()
    fold.add(Array.from({ length: MAX_CELLS + 1 }, (_, index) => stored({ requestModel: `m${index}` })))
    fold.add([stored()])
    expect(fold.take(0)).toMatchObject({ truncated: true, cells: [], accepted: MAX_CELLS + 2 })
    fold.add([stored()])
    expect(fold.take(0)).not.toHaveProperty('truncated')
  })

  it('leaves out events that are too large rather than grow', () => {
    const fold = createTickFold()
    const tags = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`k${index}`, 'v'.repeat(1_000)]))
    fold.add(Array.from({ length: 20 }, () => stored({ tags })))
    expect(JSON.stringify(fold.take(0)?.events).length).toBeLessThan(70_000)
  })
})

describe('the replay ring', () => {
  it('replays exactly what it has and nothing when something is missing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 10, max: 200 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }),
        fc.nat(70),
        (maxTicks, maxBytes, sizes, from) => {
          const ring = createReplayRing(maxTicks, maxBytes)
          for (const [index, size] of sizes.entries()) ring.push(index + 1, new Uint8Array(size))
          const replay = ring.since(from)
          if (replay === undefined) {
            expect(from > sizes.length || sizes.length > from).toBe(true)
            return
          }
          expect(replay.map((frame) => frame.byteLength)).toEqual(sizes.slice(from))
          expect(replay.length).toBeLessThanOrEqual(maxTicks)
        },
      ),
      { seed: 1, numRuns: 300 },
    )
  })

  it('keeps the last one however large', () => {
    const ring = createReplayRing(5, 10)
    ring.push(1, new Uint8Array(100))
    ring.push(2, new Uint8Array(100))
    expect(ring.since(1)).toHaveLength(1)
    expect(ring.since(0)).toBeUndefined()
  })
})
