import { describe, expect, it, vi } from 'vitest'
import type { TallystickError } from '../errors.ts'
import { Prng } from '../journal/testing/prng.ts'
import { EventStore } from '../recorder/index.ts'
import { SyncClient } from './client.ts'
import type { DeadLetter } from './dead-letters.ts'
import { fakeFetch } from './testing/fake-fetch.ts'
import { answer, recordMany, rig } from './testing/rig.ts'
import { ServerModel } from './testing/server-model.ts'
import { settled, VirtualTime } from './testing/virtual-time.ts'

const SECOND = 1_000
const HOUR = 3_600 * SECOND

describe('when events are sent', () => {
  it('at the start, then at every interval', async () => {
    const { client, store, server, time } = rig()
    recordMany(store, 2)
    client.start()
    await time.advance(0)
    expect([server.events.size, store.pendingCount]).toEqual([2, 0])
    store.record()
    await time.advance(29_999)
    expect(server.events.size).toBe(2)
    await time.advance(1)
    expect(server.events.size).toBe(3)
    store.record()
    await time.advance(30 * SECOND)
    expect(server.events.size).toBe(4)
    expect(server.requests).toHaveLength(3)
  })

  it('as soon as the threshold is reached, without waiting for the interval', async () => {
    const { client, store, server, time } = rig()
    client.start()
    await time.advance(5 * SECOND)
    recordMany(store, 9)
    await time.advance(SECOND)
    expect(server.requests).toHaveLength(0)
    store.record()
    await time.advance(0)
    expect(server.events.size).toBe(10)
    recordMany(store, 25)
    await time.advance(0)
    expect(server.events.size).toBe(35)
  })

  it('all of them by a stop that comes while the store strikes off others', async () => {
    const { client, store, server, time } = rig({ batchThreshold: 1 })
    // as a spool does it: the account first, the disk afterwards
    const settle = store.settle.bind(store)
    let strikeOff = (): void => undefined
    store.settle = (events, outcome) => {
      settle(events, outcome)
      return new Promise<void>((resolve) => {
        strikeOff = resolve
      })
    }
    recordMany(store, 5)
    client.start()
    await time.advance(0)
    recordMany(store, 3)
    const stopped = client.stop()
    strikeOff()
    await time.advance(0)
    strikeOff()
    await time.advance(0)
    expect(await stopped).toMatchObject({ acked: 8, pending: 0 })
    expect(server.events.size).toBe(8)
  })

  it('not at all before the start, after the stop, or without an address', async () => {
    const { client, store, server, time } = rig()
    recordMany(store, 20)
    await time.advance(HOUR)
    expect(server.requests).toHaveLength(0)
    client.start()
    await time.advance(0)
    await client.stop()
    recordMany(store, 20)
    await time.advance(HOUR)
    expect([server.events.size, store.pendingCount, time.timers]).toEqual([20, 20, 0])

    const disabled = rig({ url: '' })
    recordMany(disabled.store, 20)
    disabled.client.start()
    await disabled.time.advance(HOUR)
    expect(await disabled.client.syncEvents()).toBe(0)
    expect(await disabled.client.flush()).toMatchObject({ acked: 0, pending: 20 })
    expect(await disabled.client.stop()).toMatchObject({ acked: 0, pending: 20 })
    expect(disabled.server.requests).toHaveLength(0)
  })

  it('goes on after a stop when it is started again', async () => {
    const { client, store, server, time } = rig()
    client.start()
    await client.stop()
    store.record()
    client.start()
    await time.advance(0)
    expect(server.events.size).toBe(1)
  })

  it('each event once over 100 ticks, and nothing when nothing waits', async () => {
    const { client, store, server, time } = rig()
    client.start()
    for (let tick = 0; tick < 100; tick++) {
      if (tick < 50) recordMany(store, 3)
      await time.advance(30 * SECOND)
    }
    expect(server.events.size).toBe(150)
    expect([...server.sent.values()].every((times) => times === 1)).toBe(true)
    expect(server.requests).toHaveLength(50)
    expect(store.pendingCount).toBe(0)
  })

  it('no timer keeps the process alive but that of a flush', async () => {
    const hanging = rig()
    const { client, store, time } = hanging
    hanging.usual = 'hang'
    store.record()
    client.start()
    await time.advance(10)
    expect(time.timers).toBeGreaterThan(0)
    expect(time.keptAlive).toBe(0)
    const stopped = client.stop({ timeoutMs: 3_000 })
    await settled()
    expect(time.keptAlive).toBe(1)
    await time.advance(3_000)
    expect(await stopped).toMatchObject({ acked: 0, pending: 1 })
    expect(time.timers).toBe(0)
  })
})

describe('what is sent', () => {
  it('is the native batch with a bearer token, complete events, and the ledger', async () => {
    const { client, store, server } = rig({}, 2)
    recordMany(store, 3)
    await client.flush()
    const [{ path, headers, body }] = server.requests as [(typeof server.requests)[0]]
    expect(path).toBe('/api/v1/events')
    expect(headers).toEqual({ 'content-type': 'application/json', authorization: 'Bearer secret-token' })
    expect(body).toMatchObject({
      events: [
        { event_id: 'memory-0', source_id: 'memory', epoch: 1, seq: 0, request_model: 'gpt-4o', input_tokens: 100 },
        { event_id: 'memory-1', seq: 1 },
      ],
      ledgers: [{ source_id: 'memory', epoch: 1, recorded: 3, dropped: { queue_full: 1 } }],
    })
  })

  it('keeps to the limits of a batch in events and in bytes', async () => {
    const events = rig({ maxBatchEvents: 30 })
    recordMany(events.store, 100)
    await events.client.flush()
    expect(events.server.requests.map(({ body }) => (body as { events: unknown[] }).events.length)).toEqual([
      30, 30, 30, 10,
    ])

    const bytes = rig({ maxBatchBytes: 2_000 })
    recordMany(bytes.store, 100)
    await bytes.client.flush()
    expect(bytes.server.events.size).toBe(100)
    for (const { body } of bytes.server.requests) {
      const { events: sent } = body as { events: unknown[] }
      expect(JSON.stringify({ events: sent }).length).toBeLessThanOrEqual(2_002)
      expect(sent.length).toBeGreaterThan(1)
    }
  })

  it('sends an event that is larger than a batch alone', async () => {
    const { client, store, server } = rig({ maxBatchBytes: 1_024 })
    store.record()
    store.record({ detail: { text: 'x'.repeat(3_000) } })
    store.record()
    await client.flush()
    expect(server.requests.map(({ body }) => (body as { events: unknown[] }).events.length)).toEqual([1, 1, 1])
  })

  it('compresses what is worth it, and stops where that is not understood', async () => {
    const { client, store, server, outcomes } = rig({ gzip: true })
    store.record()
    await client.flush()
    recordMany(store, 50)
    await client.flush()
    outcomes.push(answer(415))
    recordMany(store, 50)
    await client.flush()
    recordMany(store, 50)
    await client.flush()
    expect(server.requests.map(({ headers }) => headers['content-encoding'])).toEqual([
      undefined,
      'gzip',
      undefined,
      undefined,
    ])
    expect(server.events.size).toBe(151)
  })

  it('tells of losses after the last event too, once', async () => {
    const { client, store, server, time } = rig({}, 2)
    client.start()
    recordMany(store, 2)
    await time.advance(30 * SECOND)
    server.refuse = () => 'too_long'
    store.record()
    await time.advance(30 * SECOND)
    expect([...server.ledgers.values()]).toEqual([
      { source_id: 'memory', epoch: 1, recorded: 3, dropped: { rejected: 1 } },
    ])
    const before = server.requests.length
    await time.advance(HOUR)
    expect(server.requests).toHaveLength(before)
  })

  it('tells of losses that never end no more often than it sends events', async () => {
    const time = new VirtualTime()
    const server = new ServerModel()
    const store = new EventStore()
    const answered = fakeFetch(server)
    const client = SyncClient.start(store, {
      url: 'http://server.test',
      gzip: false,
      clock: time,
      timers: time,
      fetch: (url, request) => {
        if (server.requests.length < 1_000) store.record({ kind: 'llm_request_completed' })
        return answered(url, request)
      },
    })
    store.recordLlmFailed('gpt-4o')
    await client.syncEvents()
    await time.advance(10 * 30 * SECOND)
    expect(server.requests.length).toBeLessThan(2 * 12)
    expect([...server.ledgers.values()]).toMatchObject([{ dropped: { invalid: store.droppedCount - 1 } }])
  })

  it('makes several requests at a time only when asked to', async () => {
    for (const concurrency of [1, 3]) {
      const { client, store, server, time } = rig({
        concurrency,
        maxBatchEvents: 10,
        fetch: async (_url, { body }) => {
          open++
          most = Math.max(most, open)
          await new Promise<void>((resolve) => time.after(100, resolve))
          open--
          const { status, body: text } = server.handle({ path: '/api/v1/events', headers: {}, body })
          return new Response(text, { status })
        },
      })
      let open = 0
      let most = 0
      recordMany(store, 100)
      client.start()
      await time.advance(2 * SECOND)
      expect([server.events.size, most]).toEqual([100, concurrency])
      expect([...server.sent.values()].every((times) => times === 1)).toBe(true)
    }
  })
})

describe('an answer', () => {
  it('settles each event by itself', async () => {
    const letters: DeadLetter[] = []
    const lines: string[] = []
    const { client, store, server } = rig({
      onRejected: (letter) => letters.push(letter),
      deadLetters: { write: (line) => lines.push(line) },
    })
    server.refuse = ({ seq }) => (seq === 1 || seq === 3 ? 'usage_inconsistent' : undefined)
    recordMany(store, 5)
    expect(await client.flush()).toEqual({ acked: 3, rejected: 2, pending: 0, dropped: new Map([['rejected', 2]]) })
    expect(client.stats().rejectedBy).toEqual(new Map([['usage_inconsistent', 2]]))
    expect(letters.map(({ event, code, status }) => [event.seq, code, status])).toEqual([
      [1, 'usage_inconsistent', 200],
      [3, 'usage_inconsistent', 200],
    ])
    expect(
      lines
        .join('')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { code: 'usage_inconsistent', event: { event_id: 'memory-1', request_model: 'gpt-4o' } },
      { code: 'usage_inconsistent', event: { event_id: 'memory-3' } },
    ])
  })

  it.each([
    ['no JSON', '<html>Welcome</html>'],
    ['nothing', ''],
    ['no answer of ours', '{"ok":true}'],
    ['null', 'null'],
    ['too few', '{"received":3,"accepted":2,"duplicate":0,"conflict":0,"conflicts":[],"rejected":[]}'],
    ['fewer received', '{"received":2,"accepted":3,"duplicate":0,"conflict":0,"conflicts":[],"rejected":[]}'],
    ['too many', '{"received":3,"accepted":3,"duplicate":1,"conflict":0,"conflicts":[],"rejected":[]}'],
    ['text for a number', '{"received":3,"accepted":"3","duplicate":0,"conflict":0,"conflicts":[],"rejected":[]}'],
    ['a negative number', '{"received":3,"accepted":4,"duplicate":-1,"conflict":0,"conflicts":[],"rejected":[]}'],
    ['no list', '{"received":3,"accepted":3,"duplicate":0,"conflict":0,"conflicts":[],"rejected":0}'],
    [
      'an index outside',
      '{"received":3,"accepted":2,"duplicate":0,"conflict":0,"conflicts":[],"rejected":[{"index":3,"code":"too_long"}]}',
    ],
    [
      'an index twice',
      '{"received":3,"accepted":1,"duplicate":0,"conflict":0,"conflicts":[],"rejected":[{"index":1},{"index":1}]}',
    ],
    ['too much', `{"padding":"${'x'.repeat(2 * 1024 * 1024)}"}`],
  ])('of 200 with %s is not believed: alarm, and the events again', async (_what, body) => {
    const errors: TallystickError[] = []
    const { client, store, server, outcomes, time } = rig({ onError: (error) => errors.push(error) })
    outcomes.push(answer(200, {}, body))
    recordMany(store, 3)
    client.start()
    await time.advance(0)
    expect(client.stats()).toMatchObject({ acked: 0, rejected: 0, pending: 3, badAnswers: 1, state: 'backing_off' })
    expect(errors.map(({ code }) => code)).toEqual(['bad_answer'])
    await time.advance(SECOND)
    expect([server.events.size, store.pendingCount]).toEqual([3, 0])
  })

  it('of 408, 425, 429, any 5xx or a redirect changes nothing: the same again, later', async () => {
    for (const status of [301, 302, 307, 308, 408, 421, 425, 429, 500, 501, 502, 503, 504, 507, 599]) {
      const { client, store, server, outcomes, time } = rig()
      for (let times = 0; times < 5; times++) outcomes.push(answer(status, { location: 'http://other.test/' }))
      recordMany(store, 3)
      client.start()
      await time.advance(0)
      expect([status, client.stats().state, store.pendingCount]).toEqual([status, 'backing_off', 3])
      await time.advance(HOUR)
      expect([status, server.events.size, client.stats().rejected]).toEqual([status, 3, 0])
      expect(client.stats()).toMatchObject({ failures: 5, pending: 0, state: 'waiting' })
    }
  })

  it('of another 4xx rejects the one event that is to blame, found by halves', async () => {
    for (const status of [400, 402, 409, 410, 413, 418, 422, 451]) {
      const letters: DeadLetter[] = []
      const { client, store, server } = rig({
        onRejected: (letter) => letters.push(letter),
        fetch: async (url, { headers, body }) => {
          if (new TextDecoder().decode(body).includes('"memory-11"')) return new Response('no', { status })
          const answered = server.handle({ path: new URL(url).pathname, headers, body })
          return new Response(answered.body, { status: answered.status })
        },
      })
      recordMany(store, 40)
      const report = await client.flush()
      expect([status, report.acked, report.rejected, report.pending]).toEqual([status, 39, 1, 0])
      expect(letters.map(({ event, code }) => [event.seq, code])).toEqual([[11, `http_${status}`]])
      expect(client.stats().requests).toBeLessThan(25)
    }
  })

  it('of 413 makes later batches smaller too', async () => {
    const sizes: number[] = []
    const { client, store, server } = rig({
      maxBatchEvents: 64,
      fetch: async (url, { headers, body }) => {
        const { events } = JSON.parse(new TextDecoder().decode(body)) as { events: unknown[] }
        sizes.push(events.length)
        if (events.length > 20) return new Response('{"code":"body_too_large"}', { status: 413 })
        const answered = server.handle({ path: new URL(url).pathname, headers, body })
        return new Response(answered.body, { status: answered.status })
      },
    })
    recordMany(store, 640)
    expect(await client.flush()).toMatchObject({ acked: 640, rejected: 0, pending: 0 })
    expect(sizes.slice(0, 3)).toEqual([64, 32, 16])
    expect(sizes.filter((size) => size > 20).length).toBeLessThan(sizes.length / 3)
  })

  it('of 500 over one event does not hold up the others', async () => {
    const { client, store, server, time } = rig({
      fetch: async (url, { headers, body }) => {
        if (new TextDecoder().decode(body).includes('"memory-3"')) return new Response('', { status: 500 })
        const answered = server.handle({ path: new URL(url).pathname, headers, body })
        return new Response(answered.body, { status: answered.status })
      },
    })
    recordMany(store, 40)
    client.start()
    await time.advance(60 * SECOND)
    expect([server.events.size, store.pendingCount]).toEqual([39, 1])
    recordMany(store, 10)
    await time.advance(60 * SECOND)
    expect([server.events.size, store.pendingCount]).toEqual([49, 1])
  })

  it('of a whole request has its reason in any shape of error', async () => {
    const bodies = new Map([
      ['{"type":"urn:x","code":"invalid_body","detail":"It is wrong."}', 'invalid_body'],
      ['{"error":{"code":"VALIDATION_ERROR","message":"It is wrong."}}', 'VALIDATION_ERROR'],
      ['{"error":"VALIDATION_ERROR","message":"It is wrong."}', 'VALIDATION_ERROR'],
      ['null', 'http_400'],
      ['It is wrong.', 'http_400'],
    ])
    for (const [body, code] of bodies) {
      const { client, store, outcomes } = rig()
      outcomes.push(answer(400, {}, body))
      store.record()
      await client.flush()
      expect([...client.stats().rejectedBy.keys()]).toEqual([code])
    }
  })

  it('does not bring the token to light, though a server sends it back', async () => {
    const seen: unknown[] = []
    const { client, store, outcomes } = rig({
      onError: ({ message }) => seen.push(message),
      onRejected: ({ message }) => seen.push(message),
      onUnauthorized: ({ message }) => void seen.push(message),
    })
    for (const status of [503, 200, 400, 403]) outcomes.push(answer(status, {}, 'you sent secret-token'))
    recordMany(store, 2)
    for (let times = 0; times < 4; times++) await client.syncEvents()
    expect(seen.length).toBeGreaterThan(3)
    expect(JSON.stringify(seen)).not.toContain('secret-token')
  })

  it('is understood whatever the token is', async () => {
    const { client, store } = rig({ token: '1' })
    recordMany(store, 11)
    expect(await client.flush()).toMatchObject({ acked: 11, pending: 0 })
  })

  it('is counted under so many codes only, whatever a server makes up', async () => {
    const { client, store, server } = rig()
    server.refuse = ({ seq }) => `code ${String(seq)}`
    recordMany(store, 500)
    await client.flush()
    const { rejected, rejectedBy } = client.stats()
    expect([rejected, rejectedBy.size, rejectedBy.get('other')]).toEqual([500, 65, 436])
  })
})

describe('after a failure', () => {
  it('waits longer each time, up to 30 s, and starts anew after a success', async () => {
    const { client, store, time, outcomes } = rig({ intervalMs: HOUR })
    for (let times = 0; times < 9; times++) outcomes.push('lost')
    const began = time.now()
    const attempts: number[] = []
    store.record()
    client.start()
    let requests = 0
    for (let ms = 0; ms < 130 * SECOND; ms += 50) {
      await time.advance(50)
      if (client.stats().requests > requests) {
        requests = client.stats().requests
        attempts.push(time.now() - began)
      }
    }
    const waits = attempts.slice(1).map((at, index) => at - (attempts[index] as number))
    // Half of 0.5, 1, 2, 4, 8, 16, 30, 30, 30 s, seen every 50 ms.
    const expected = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]
    expect(waits).toHaveLength(expected.length)
    waits.forEach((wait, index) => {
      expect(Math.abs(wait - (expected[index] as number))).toBeLessThanOrEqual(50)
    })
    expect([store.pendingCount, client.stats().state]).toEqual([0, 'waiting'])
  })

  it('waits as long as the server asks, and somewhat more', async () => {
    const { client, store, time, outcomes, server } = rig()
    outcomes.push(answer(429, { 'retry-after': '20' }))
    store.record()
    client.start()
    await time.advance(20 * SECOND)
    expect(client.stats().requests).toBe(1)
    await time.advance(SECOND)
    expect([client.stats().requests, server.events.size]).toEqual([2, 1])
  })

  it('lets neither interval nor threshold shorten the wait', async () => {
    const { client, store, time, outcomes } = rig({ intervalMs: SECOND })
    outcomes.push(answer(503, { 'retry-after': '60' }))
    store.record()
    client.start()
    await time.advance(SECOND)
    recordMany(store, 50)
    await time.advance(58 * SECOND)
    expect(client.stats().requests).toBe(1)
    await time.advance(3 * SECOND)
    expect([client.stats().requests, store.pendingCount]).toEqual([2, 0])
  })

  it('a flush does not wait for a wait of our own, but for one that the server asked for', async () => {
    const own = rig({ random: { fill: (bytes) => bytes.fill(255) } })
    for (let times = 0; times < 8; times++) own.outcomes.push('lost')
    own.store.record()
    own.client.start()
    await own.time.advance(62 * SECOND)
    own.outcomes.length = 0
    const before = own.client.stats().requests
    await own.client.syncEvents()
    expect(own.client.stats()).toMatchObject({ requests: before + 1, pending: 0 })

    const asked = rig()
    asked.outcomes.push(answer(503, { 'retry-after': '60' }))
    asked.store.record()
    await asked.client.syncEvents()
    expect(await asked.client.syncEvents()).toBe(0)
    expect(await asked.client.flush({ timeoutMs: 30 * SECOND })).toMatchObject({ pending: 1 })
    expect(asked.client.stats().requests).toBe(1)
  })

  it('tries one batch first, also where several requests at a time are allowed', async () => {
    const { client, store, time, outcomes } = rig({ concurrency: 4, maxBatchEvents: 10 })
    for (let times = 0; times < 20; times++) outcomes.push('lost')
    recordMany(store, 200)
    client.start()
    await time.advance(0)
    const first = client.stats().requests
    await time.advance(10 * SECOND)
    expect(first).toBeLessThanOrEqual(4)
    expect(client.stats().requests - first).toBeLessThan(8)
  })

  it('breaks off a request that takes too long, and holds on to its events', async () => {
    for (const outcome of ['hang', 'hang_after'] as const) {
      const { client, store, time, outcomes, server } = rig({ timeoutMs: 10 * SECOND })
      outcomes.push(outcome)
      recordMany(store, 3)
      client.start()
      await time.advance(9_999)
      expect(client.stats()).toMatchObject({ state: 'sending', inFlight: 3 })
      await time.advance(SECOND)
      expect(server.events.size).toBe(3)
      expect(client.stats()).toMatchObject({ acked: 3, pending: 0, duplicates: outcome === 'hang' ? 0 : 3 })
    }
  })

  it('F-19: a server that is away for an hour costs the recorder nothing, and drops are counted', async () => {
    const away = rig({}, 1_000)
    const { client, store, server, time } = away
    away.usual = 'lost'
    client.start()
    for (let second = 0; second < 3_600; second++) {
      store.record()
      await time.advance(SECOND)
    }
    expect(client.stats()).toMatchObject({ acked: 0, pending: 1_000, dropped: new Map([['queue_full', 2_600]]) })
    // 15 s between attempts on average, once the backoff has its full length.
    expect(client.stats().requests).toBeLessThan(300)
    away.usual = 'ok'
    await time.advance(40 * SECOND)
    expect([server.events.size, store.pendingCount]).toEqual([1_000, 0])
    expect([...server.sent.values()].every((times) => times === 1)).toBe(true)
    expect([...server.ledgers.values()]).toMatchObject([{ recorded: 3_600, dropped: { queue_full: 2_600 } }])
  })

  it('F-20: five hundred clients that lost a server do not come back as one', async () => {
    const chance = new Prng(20)
    const perSecond = new Map<number, number>()
    const clients = Array.from({ length: 500 }, () =>
      rig({ random: { fill: (bytes) => bytes.fill(chance.below(256)) } }),
    )
    for (const one of clients) {
      one.usual = 'lost'
      one.store.record()
      one.client.start()
      await one.time.advance(120 * SECOND)
      one.usual = 'ok'
      for (let second = 0; second < 31; second++) {
        const before = one.server.requests.length
        await one.time.advance(SECOND)
        perSecond.set(second, (perSecond.get(second) ?? 0) + one.server.requests.length - before)
      }
      expect(one.store.pendingCount).toBe(0)
    }
    expect(Math.max(...perSecond.values())).toBeLessThan(100)
  })
})

describe('a token that is refused', () => {
  it.each([401, 403])('with %d pauses until another one is given', async (status) => {
    const asked: unknown[] = []
    const { client, store, server, time, outcomes } = rig({ onUnauthorized: (why) => void asked.push(why) })
    outcomes.push(answer(status, {}, '{"code":"unauthorized","detail":"Not valid."}'))
    recordMany(store, 3)
    client.start()
    await time.advance(0)
    expect(client.stats()).toMatchObject({ state: 'unauthorized', pending: 3, rejected: 0 })
    expect(asked).toEqual([{ status, code: 'unauthorized', message: 'Not valid.' }])
    recordMany(store, 50)
    await time.advance(HOUR)
    expect(await client.syncEvents()).toBe(0)
    expect(await client.flush()).toMatchObject({ pending: 53 })
    expect(client.stats().requests).toBe(1)

    client.resume('another-token')
    await time.advance(0)
    expect([server.events.size, store.pendingCount]).toEqual([53, 0])
    expect(server.requests[0]?.headers['authorization']).toBe('Bearer another-token')
  })

  it('goes on at once with the token that the callback returns, within a flush too', async () => {
    const { client, store, server, time, outcomes } = rig({
      onUnauthorized: async () => {
        await new Promise<void>((resolve) => time.after(SECOND, resolve))
        return 'fresh-token'
      },
    })
    outcomes.push(answer(401))
    recordMany(store, 3)
    const flushed = client.flush()
    await time.advance(2 * SECOND)
    expect(await flushed).toMatchObject({ acked: 3, pending: 0 })
    expect(server.requests[0]?.headers['authorization']).toBe('Bearer fresh-token')
  })

  it('is not sent in a loop by a callback that has no other to give', async () => {
    let asked = 0
    const made = rig({ onUnauthorized: () => (asked++ < 1_000 ? 'stale-token' : undefined) })
    const { client, store, time, server } = made
    made.usual = answer(401)
    recordMany(store, 3)
    client.start()
    await time.advance(HOUR)
    const { requests } = client.stats()
    expect(requests).toBeGreaterThan(100)
    expect(requests).toBeLessThan(400)

    made.usual = 'ok'
    client.resume('fresh-token')
    await time.advance(0)
    expect([server.events.size, store.pendingCount]).toEqual([3, 0])
  })

  it('is no reason to stop when there is another one by the time it is refused', async () => {
    const asked: unknown[] = []
    const { client, store, server } = rig({
      onUnauthorized: (why) => void asked.push(why),
      fetch: async (url, { headers, body }) => {
        if (headers['authorization'] === 'Bearer secret-token') {
          client.resume('fresh-token')
          return new Response('{}', { status: 401 })
        }
        const { body: text, status } = server.handle({ path: new URL(url).pathname, headers, body })
        return new Response(text, { status })
      },
    })
    recordMany(store, 3)
    expect(await client.flush()).toMatchObject({ acked: 3, pending: 0 })
    expect(asked).toEqual([])
  })

  it('is tried again by resume without a token; a bad one is refused', async () => {
    const { client, store, outcomes } = rig()
    outcomes.push(answer(401))
    store.record()
    await client.syncEvents()
    expect(() => client.resume('no spaces allowed')).toThrow('The token must be')
    client.resume()
    expect(await client.syncEvents()).toBe(1)
  })
})

describe('Protocol 012', () => {
  it('is spoken when the native route is not there, and native is tried again now and then', async () => {
    const { client, store, server, time } = rig()
    server.native = false
    recordMany(store, 3)
    client.start()
    await time.advance(0)
    expect([server.posts('native').length, server.posts('protocol012').length, server.events.size]).toEqual([1, 3, 3])
    expect(client.stats()).toMatchObject({ protocol: 'protocol012', acked: 3, failures: 0 })
    recordMany(store, 20)
    await time.advance(5 * 60 * SECOND)
    expect([server.posts('native').length, server.posts('protocol012').length]).toEqual([1, 23])
    await time.advance(6 * 60 * SECOND)
    store.record()
    await time.advance(30 * SECOND)
    expect([server.posts('native').length, server.posts('protocol012').length]).toEqual([2, 24])

    server.native = true
    store.record({ kind: 'router_started', detail: { port: 1 } })
    await time.advance(11 * 60 * SECOND)
    expect(store.pendingCount).toBe(1)
    store.record()
    await time.advance(30 * SECOND)
    await time.advance(30 * SECOND)
    expect([client.stats().protocol, store.pendingCount]).toEqual(['native', 0])
  })

  it('has the exact body of the clients it replaces', async () => {
    const { client, store, server } = rig({ protocol: 'protocol012' })
    store.record({ agentId: 'agent_7', costReportedNanoUsd: 6_000_000, providerId: 'ip_openai-001', sessionId: 's' })
    store.record({ kind: 'llm_request_failed', success: false, errorCode: '429', errorMessage: 'slow down' })
    await client.flush()
    expect(server.requests).toEqual([
      {
        path: '/api/v1/analytics/events',
        headers: { 'content-type': 'application/json' },
        body: {
          ic_token: 'secret-token',
          event_id: 'memory-0',
          timestamp_ms: 1_795_000_000_000,
          event_type: 'llm_request_completed',
          provider_id: 'ip_openai-001',
          provider: 'openai',
          model: 'gpt-4o',
          input_tokens: 100,
          output_tokens: 50,
          cost_micros: 6_000,
        },
      },
      {
        path: '/api/v1/analytics/events',
        headers: { 'content-type': 'application/json' },
        body: {
          ic_token: 'secret-token',
          event_id: 'memory-1',
          timestamp_ms: 1_795_000_000_001,
          event_type: 'llm_request_failed',
          provider: 'openai',
          model: 'gpt-4o',
          error_code: '429',
          error_message: 'slow down',
        },
      },
    ])
  })

  it('says only the two LLM kinds; the others wait, and wake nobody', async () => {
    const { client, store, server, time } = rig()
    server.native = false
    client.start()
    await time.advance(0)
    for (let index = 0; index < 30; index++) {
      store.record({ kind: 'router_started', detail: { port: index } })
      store.record({ kind: 'tool_invocation', toolName: 'search' })
    }
    recordMany(store, 5)
    await time.advance(HOUR)
    expect([server.events.size, store.pendingCount]).toEqual([5, 60])
    expect(server.posts('protocol012')).toHaveLength(5)
    expect(await client.stop()).toMatchObject({ acked: 5, pending: 60 })
  })

  it('counts a refusal, stops at a failure, and ignores what 200 or 202 say', async () => {
    const { client, store, outcomes, server } = rig({ protocol: 'protocol012' })
    outcomes.push(answer(200, {}, '<html>'), answer(202, {}, ''), answer(422), answer(503))
    recordMany(store, 6)
    expect(await client.syncEvents()).toBe(3)
    expect(client.stats()).toMatchObject({ acked: 2, rejected: 1, pending: 3, failures: 1 })
    expect(await client.syncEvents()).toBe(3)
    expect(server.events.size).toBe(3)
  })

  it('is not fallen back to from a server that has answered natively', async () => {
    const { client, store, server, time } = rig()
    recordMany(store, 2)
    client.start()
    await time.advance(0)
    server.native = false
    recordMany(store, 2)
    await time.advance(60 * SECOND)
    expect(server.posts('protocol012')).toHaveLength(0)
    expect(client.stats()).toMatchObject({ protocol: 'native', pending: 2, state: 'backing_off' })
    server.native = true
    await time.advance(60 * SECOND)
    expect(store.pendingCount).toBe(0)
  })

  it('rejects nothing where neither route is there: that is about the address', async () => {
    const { client, store, server, time } = rig()
    server.native = server.protocol012 = false
    recordMany(store, 5)
    client.start()
    await time.advance(10 * 60 * SECOND)
    expect(client.stats()).toMatchObject({ acked: 0, rejected: 0, pending: 5, state: 'backing_off' })
    server.native = true
    await time.advance(60 * SECOND)
    expect(client.stats()).toMatchObject({ acked: 5, protocol: 'native', pending: 0 })
  })
})

describe('stopping', () => {
  it('sends what waits, and says what has become of it', async () => {
    const { client, store, server } = rig({}, 5)
    client.start()
    recordMany(store, 7)
    expect(await client.stop()).toEqual({ acked: 5, rejected: 0, pending: 0, dropped: new Map([['queue_full', 2]]) })
    expect(server.events.size).toBe(5)
    expect(await client.stop()).toMatchObject({ acked: 5, pending: 0 })
  })

  it('tries until its time is over, then lets go of what is under way', async () => {
    const { client, store, time, outcomes, server } = rig({ timeoutMs: HOUR })
    outcomes.push('hang')
    recordMany(store, 3)
    client.start()
    await time.advance(10)
    const stopped = client.stop({ timeoutMs: 2_000 })
    await time.advance(1_999)
    expect(client.stats()).toMatchObject({ inFlight: 3 })
    await time.advance(1)
    expect(await stopped).toMatchObject({ acked: 0, pending: 3 })
    expect(client.stats()).toMatchObject({ inFlight: 0, state: 'stopped' })
    expect(await client.stop({ timeoutMs: 0 })).toMatchObject({ pending: 3 })
    expect([server.events.size, time.timers]).toEqual([0, 0])
    expect(store.take(10)).toHaveLength(3)
  })

  it('sends nothing more once it has ended, though a batch was being compressed', async () => {
    let compressed: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      compressed = resolve
    })
    vi.stubGlobal(
      'CompressionStream',
      class extends TransformStream {
        constructor() {
          super({ flush: () => gate })
        }
      },
    )
    const { client, store, time } = rig({ gzip: true })
    recordMany(store, 50)
    client.start()
    const stopped = client.stop({ timeoutMs: 1_000 })
    await time.advance(1_000)
    compressed()
    expect(await stopped).toMatchObject({ acked: 0, pending: 50 })
    expect(client.stats()).toMatchObject({ requests: 0, inFlight: 0 })
    vi.unstubAllGlobals()
  })

  it('goes on trying through failures', async () => {
    const { client, store, time, outcomes } = rig()
    outcomes.push('lost', 'lost_after', answer(503), 'cut')
    recordMany(store, 3)
    const stopped = client.stop()
    await time.advance(5 * SECOND)
    expect(await stopped).toMatchObject({ acked: 3, pending: 0 })
  })

  it('ends although a recorder goes on recording', async () => {
    const { client, store, server } = rig({
      fetch: async (url, { headers, body }) => {
        recordMany(store, 5)
        const answered = server.handle({ path: new URL(url).pathname, headers, body })
        return new Response(answered.body, { status: answered.status })
      },
    })
    recordMany(store, 20)
    const { acked, pending } = await client.stop()
    expect(acked).toBeGreaterThanOrEqual(20)
    expect(pending).toBeLessThan(30)
  })

  it('ends although somebody else takes the events away', async () => {
    const { client, store, outcomes, time } = rig()
    outcomes.push('lost')
    recordMany(store, 3)
    const stopped = client.stop()
    await settled()
    store.settle(store.take(3), 'acked')
    await time.advance(5 * SECOND)
    expect(await stopped).toMatchObject({ pending: 0 })
  })
})

describe('what the application gave', () => {
  it('may throw without harm', async () => {
    const angry = (): never => {
      throw new Error('not my day')
    }
    const { client, store, server, time, outcomes } = rig({
      onError: angry,
      onRejected: angry,
      onUnauthorized: angry,
      deadLetters: { write: () => Promise.reject(new Error('disk full')) },
    })
    outcomes.push('lost', answer(400), answer(401))
    recordMany(store, 1)
    client.start()
    await time.advance(SECOND)
    recordMany(store, 20)
    await time.advance(60 * SECOND)
    client.resume()
    await time.advance(60 * SECOND)
    expect([server.events.size, store.pendingCount]).toEqual([20, 0])
  })

  it('may be a store that fails: its events are sent again', async () => {
    const { client, store, server, time } = rig()
    const settle = store.settle.bind(store)
    let failures = 2
    store.settle = (events, outcome) => {
      if (failures-- > 0) throw new Error('disk full')
      settle(events, outcome)
    }
    recordMany(store, 3)
    client.start()
    await time.advance(10 * SECOND)
    expect(client.stats()).toMatchObject({ acked: 3, pending: 0, inFlight: 0 })
    expect([...server.sent.values()]).toEqual([3, 3, 3])
  })

  it('may be an event that cannot be written down: it is rejected, the others are not', async () => {
    const { client, store, server } = rig()
    recordMany(store, 3)
    store.record({ detail: { big: 1n as unknown as number } })
    recordMany(store, 3)
    expect(await client.flush()).toMatchObject({ acked: 6, rejected: 1, pending: 0 })
    expect(client.stats().rejectedBy).toEqual(new Map([['invalid_type', 1]]))
    expect(server.events.size).toBe(6)
  })
})
