import { join } from 'node:path'
import { ERRORS, isTallystickError } from '@tallystick/core'
import { readJournal } from '@tallystick/core/journal'
import { describe, expect, test } from 'vitest'
import { openMemoryStore } from '../store/memory.ts'
import { openIngest } from './open-ingest.ts'
import { gate, turn } from './testing/gate.ts'
import { idsIn, NOON, openBench, prices, temporaryDir, uuidAt } from './testing/harness.ts'

const item = (event_id: string, more: object = {}) => ({
  event_id,
  timestamp_ms: NOON,
  model: 'gpt-4o',
  input_tokens: 100,
  output_tokens: 10,
  ...more,
})
const door = 'native'

describe('a delivery', () => {
  test('is answered item by item, and a bad item costs its batch-mates nothing', async () => {
    const { ingest, store } = await openBench()
    const items = [
      item('a'),
      7,
      item('b', { input_tokens: -1 }),
      item('a'),
      item('a', { input_tokens: 101 }),
      item('c'),
      item('', {}),
    ]
    expect(await ingest.submit({ items, door, wantResults: true })).toEqual({
      received: 7,
      accepted: 2,
      duplicate: 1,
      conflict: 1,
      conflicts: [{ index: 4, event_id: 'a' }],
      rejected: [
        { index: 1, code: 'not_an_object', message: expect.any(String) },
        { index: 2, event_id: 'b', code: 'out_of_range', field: 'input_tokens', message: expect.any(String) },
        { index: 6, code: 'empty_value', field: 'event_id', message: expect.any(String) },
      ],
      results: [
        { index: 0, event_id: 'a', status: 'accepted' },
        { index: 1, status: 'rejected', code: 'not_an_object' },
        { index: 2, event_id: 'b', status: 'rejected', code: 'out_of_range' },
        { index: 3, event_id: 'a', status: 'duplicate' },
        { index: 4, event_id: 'a', status: 'conflict' },
        { index: 5, event_id: 'c', status: 'accepted' },
        { index: 6, status: 'rejected', code: 'empty_value' },
      ],
    })
    await ingest.drain()
    expect(await idsIn(store)).toEqual(['a', 'c'])
    const counts = ingest.counts()
    expect(counts).toMatchObject({ received: 7, accepted: 2, duplicate: 1, conflict: 1, failed: 0, inFlight: 0 })
    expect([...counts.rejected]).toEqual([
      ['not_an_object', 1],
      ['out_of_range', 1],
      ['empty_value', 1],
    ])
    expect([...counts.doors]).toEqual([['native', 7]])
  })

  test('of nothing is answered with nothing', async () => {
    const { ingest } = await openBench()
    expect(await ingest.submit({ items: [], door })).toEqual({
      received: 0,
      accepted: 0,
      duplicate: 0,
      conflict: 0,
      conflicts: [],
      rejected: [],
    })
  })

  test('sent again, in whatever form and order of members, is a duplicate; other content is a listed conflict', async () => {
    const { ingest } = await openBench()
    await ingest.submit({ items: [item('a', { tags: { x: '1', y: '2' } })], door })
    const reordered = {
      output_tokens: 10,
      tags: { y: '2', x: '1' },
      input_tokens: 100,
      request_model: 'gpt-4o',
      timestamp: new Date(NOON).toISOString(),
      event_id: 'a',
    }
    expect(await ingest.submit({ items: [reordered], door })).toMatchObject({ accepted: 0, duplicate: 1 })
    expect(await ingest.submit({ items: [item('a', { tags: { x: '2' } })], door: 'import' })).toMatchObject({
      conflict: 1,
    })
    expect(ingest.conflicts()).toEqual([{ atMs: NOON, door: 'import', eventId: 'a' }])
  })

  test('is priced, and stands in the journal with what it was received as', async () => {
    const { ingest, store, journal, dir } = await openBench()
    await ingest.submit({ items: [item(uuidAt(NOON, 1), { provider: 'openai' })], door, ack: 'applied' })
    const { events } = await store.scan({ fromMs: 0, toMs: NOON * 2, filters: [], limit: 1 })
    expect(events[0]).toMatchObject({
      ordinal: 1,
      receivedMs: NOON,
      event: { costNanoUsd: 350_000, costBasis: 'catalogue' },
    })
    const records = []
    for await (const batch of readJournal({ dir: join(dir, 'journal'), to: journal.end().position }))
      records.push(...batch.records)
    expect(records).toHaveLength(1)
    expect(records[0]).toMatchObject({
      type: 'event',
      ordinal: 1,
      body: {
        r: NOON,
        h: expect.stringMatching(/^[0-9a-f]{16}$/),
        e: { request_model: 'gpt-4o', cost_nano_usd: 350_000 },
      },
    })
  })

  test('whose ids are missing gets ids of ours, and they are remembered', async () => {
    const { ingest } = await openBench()
    const { results } = await ingest.submit({ items: [{ model: 'm' }, { model: 'm' }], door, wantResults: true })
    expect(results?.map(({ status }) => status)).toEqual(['accepted', 'accepted'])
    const id = results?.[0]?.event_id as string
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(await ingest.submit({ items: [{ model: 'm', event_id: id }], door })).toMatchObject({ accepted: 0 })
  })

  test('with an Idempotency-Key is recognised without ids: the same body is a duplicate, another a conflict', async () => {
    const { ingest } = await openBench()
    const items = [{ model: 'm', input_tokens: 1 }, { model: 'm', input_tokens: 2 }, item('own')]
    const send = (body: unknown[], idempotencyKey: string) => ingest.submit({ items: body, door, idempotencyKey })
    expect(await send(items, 'k')).toMatchObject({ accepted: 3 })
    expect(await send(items, 'k')).toMatchObject({ accepted: 0, duplicate: 3 })
    expect(await send([{ model: 'm', input_tokens: 9 }, items[1], items[2]], 'k')).toMatchObject({
      conflict: 1,
      duplicate: 2,
    })
    expect(await send(items, 'k2')).toMatchObject({ accepted: 2, duplicate: 1 })
  })

  test('belongs to the tenant of its key, whatever its items claim, and ids of tenants and agents are apart', async () => {
    const { ingest, store } = await openBench()
    const send = (items: unknown[], tenantId?: string) =>
      ingest.submit({ items, door, ack: 'applied', ...(tenantId ? { principal: { tenantId } } : {}) })
    expect(await send([item('c', { tenant_id: 'b' })], 'a-b')).toMatchObject({ accepted: 1 })
    expect(await send([item('b-c', { tenant_id: 'b' })], 'a')).toMatchObject({ accepted: 1 })
    expect(await send([item('c', { tenant_id: 'a-b' })])).toMatchObject({ duplicate: 1 })
    expect(
      await send([item('c', { agent_id: 1 }), item('c', { agent_id: '2' }), item('c', { agent_id: 'agent_1' })]),
    ).toMatchObject({ accepted: 2, duplicate: 1 })
    const { events } = await store.scan({ fromMs: 0, toMs: NOON * 2, filters: [], limit: 10, ascending: true })
    expect(events.map(({ event }) => event.tenantId)).toEqual(['a-b', 'a', undefined, undefined])
  })

  test('larger than a slice is taken whole, duplicates across slices found', async () => {
    const { ingest } = await openBench()
    const items = Array.from({ length: 2500 }, (_, n) => item(`id-${n % 2400}`))
    expect(await ingest.submit({ items, door })).toMatchObject({ received: 2500, accepted: 2400, duplicate: 100 })
    expect((await ingest.invariants()).balanced).toBe(true)
  })

  test('of a decoder that throws after all costs the item, not the process', async () => {
    const { ingest, errors } = await openBench()
    const decode = () => {
      throw new Error('bug')
    }
    expect(await ingest.submit({ items: [1], door, decode })).toMatchObject({
      rejected: [{ index: 0, code: 'internal_error' }],
    })
    expect(errors).toHaveLength(1)
  })

  test('whose pricing throws is accepted unpriced and counted', async () => {
    const price = () => {
      throw new Error('bug')
    }
    const { ingest, store } = await openBench({ prices: { price } })
    expect(await ingest.submit({ items: [item('a')], door, ack: 'applied' })).toMatchObject({ accepted: 1 })
    expect((await store.scan({ fromMs: 0, toMs: NOON * 2, filters: [], limit: 1 })).events[0]?.event).toMatchObject({
      costBasis: 'unpriced',
    })
    expect(ingest.counts().pricingFailures).toBe(1)
  })
})

describe('one event on two connections at once', () => {
  test('is accepted once: the second waits for the outcome of the first', async () => {
    const door1 = gate()
    const { ingest } = await openBench({ wrap: door1.wrap })
    const first = ingest.submit({ items: [item('a'), item('b')], door })
    const second = ingest.submit({ items: [item('b'), item('c'), item('a', { input_tokens: 5 })], door })
    await turn()
    expect(door1.waiting).toBe(2)
    door1.open()
    expect(await first).toMatchObject({ accepted: 2 })
    expect(await second).toMatchObject({ accepted: 1, duplicate: 1, conflict: 1 })
  })

  test('the second goes in its place when the first fails, and nothing of the first is counted as accepted', async () => {
    const door1 = gate()
    const { ingest, store } = await openBench({ wrap: door1.wrap })
    const first = ingest.submit({ items: [item('a'), 1, item('b')], door })
    const second = ingest.submit({ items: [item('a')], door })
    await turn()
    door1.fail()
    await expect(first).rejects.toMatchObject({ code: 'disk_full' })
    expect(ingest.counts()).toMatchObject({ received: 3, accepted: 0, failed: 3, inFlight: 1 })
    expect(ingest.counts().rejected.size).toBe(0)
    await turn()
    door1.pass()
    expect(await second).toMatchObject({ accepted: 1 })
    door1.open()
    expect(await ingest.submit({ items: [item('a'), item('b')], door })).toMatchObject({ accepted: 1, duplicate: 1 })
    await ingest.drain()
    expect(await idsIn(store)).toEqual(['a', 'b'])
    expect((await ingest.invariants()).balanced).toBe(true)
  })

  test('an item that waited is journaled as it was sent, whatever came in meanwhile', async () => {
    const door1 = gate()
    const { ingest, dir, close } = await openBench({ wrap: door1.wrap })
    const known = ingest.submit({ items: [item('b')], door })
    await turn()
    door1.pass()
    await known
    const first = ingest.submit({ items: [item('a')], door })
    const second = ingest.submit({ items: [item('a', { endpoint: '/waited' })], door })
    const meanwhile = { items: [item('b', { endpoint: `/${'x'.repeat(400)}` })], door }
    expect(await ingest.submit(meanwhile)).toMatchObject({ conflict: 1 })
    door1.fail()
    await expect(first).rejects.toMatchObject({ code: 'disk_full' })
    door1.open()
    expect(await second).toMatchObject({ accepted: 1 })
    await close()
    const endpoints = new Map<unknown, unknown>()
    for await (const { records } of readJournal({ dir: join(dir, 'journal') })) {
      for (const { body } of records) {
        const { event_id: id, endpoint } = body['e'] as Readonly<Record<string, unknown>>
        endpoints.set(id, endpoint)
      }
    }
    expect(endpoints.get('a')).toBe('/waited')
  })

  test('two deliveries that wait for each other both end', async () => {
    const door1 = gate()
    const { ingest } = await openBench({ wrap: door1.wrap })
    const answers = [
      ingest.submit({ items: [item('a')], door }),
      ingest.submit({ items: [item('b'), item('a')], door }),
      ingest.submit({ items: [item('c'), item('b'), item('a')], door }),
    ]
    await turn()
    door1.open()
    expect((await Promise.all(answers)).map(({ accepted, duplicate }) => [accepted, duplicate])).toEqual([
      [1, 0],
      [1, 1],
      [1, 2],
    ])
  })
})

describe('acknowledgements', () => {
  test('durable waits for the journal, received does not', async () => {
    const door1 = gate()
    const { ingest } = await openBench({ wrap: door1.wrap })
    expect(await ingest.submit({ items: [item('a'), item('a'), 1], door, ack: 'received' })).toMatchObject({
      accepted: 1,
      duplicate: 1,
    })
    expect(ingest.counts()).toMatchObject({ received: 0, inFlight: 3, link: { acked: 3, unsettled: 3 } })
    let answered = false
    const durable = ingest.submit({ items: [item('b')], door }).then(() => {
      answered = true
    })
    await turn()
    expect(answered).toBe(false)
    expect((await ingest.invariants()).balanced).toBe(true)
    door1.open()
    await durable
    expect(ingest.counts()).toMatchObject({
      received: 4,
      accepted: 2,
      link: { acked: 4, unsettled: 0, unanswered: 0, lost: 0 },
    })
  })

  test('what was acknowledged as received and then refused shows as lost, and may be sent again', async () => {
    const door1 = gate()
    const { ingest, errors } = await openBench({ wrap: door1.wrap })
    await ingest.submit({ items: [item('a'), item('a'), 1], door, ack: 'received' })
    door1.fail()
    await turn()
    expect(ingest.counts()).toMatchObject({
      received: 3,
      accepted: 0,
      duplicate: 1,
      failed: 1,
      link: { acked: 3, unsettled: 0, lost: 1 },
    })
    expect(errors).toHaveLength(1)
    expect((await ingest.invariants()).balanced).toBe(true)
    door1.open()
    expect(await ingest.submit({ items: [item('a')], door })).toMatchObject({ accepted: 1 })
  })

  test('applied means visible to queries', async () => {
    const { ingest, store } = await openBench()
    for (let n = 0; n < 20; n++) {
      await ingest.submit({ items: [item(`id-${n}`)], door, ack: 'applied' })
      expect((await store.stats()).events).toBe(n + 1)
    }
  })
})

describe('listeners', () => {
  test('get accepted events only, once durable; one that throws harms nobody', async () => {
    const door1 = gate()
    const { ingest, errors } = await openBench({ wrap: door1.wrap })
    const seen: string[] = []
    ingest.onAccepted(() => {
      throw new Error('listener')
    })
    const stop = ingest.onAccepted((events) =>
      seen.push(...events.map(({ event, ordinal }) => `${ordinal} ${event.eventId}`)),
    )
    const answer = ingest.submit({ items: [item('a'), item('a'), item('b')], door })
    await turn()
    expect(seen).toEqual([])
    door1.open()
    await answer
    expect(seen).toEqual(['1 a', '2 b'])
    expect(errors).toHaveLength(1)
    stop()
    await ingest.submit({ items: [item('c')], door })
    expect(seen).toHaveLength(2)
  })
})

describe('closing', () => {
  test('refuses new deliveries and finishes those in flight', async () => {
    const door1 = gate()
    const bench = await openBench({ wrap: door1.wrap })
    const answer = bench.ingest.submit({ items: [item('a')], door })
    await turn()
    const closed = bench.close()
    await expect(bench.ingest.submit({ items: [item('b')], door })).rejects.toMatchObject({ code: 'shutting_down' })
    door1.open()
    expect(await answer).toMatchObject({ accepted: 1 })
    await closed
    const again = await openBench({ dir: bench.dir })
    expect(await again.ingest.submit({ items: [item('a')], door })).toMatchObject({ duplicate: 1 })
  })
})

describe('without a journal', () => {
  test('events are in memory only, and the promises are kept as long as the process lives', async () => {
    const store = openMemoryStore({ maxEvents: 100 })
    const ingest = await openIngest({ store, prices })
    expect(await ingest.submit({ items: [item('a'), item('a'), 1], door })).toMatchObject({ accepted: 1, duplicate: 1 })
    await ingest.drain()
    expect(await idsIn(store)).toEqual(['a'])
    const law = await ingest.invariants()
    expect(law).toMatchObject({
      balanced: true,
      server: { received: 3 },
      store: { accepted: 1, live: 1, pending_apply: 0 },
    })
    await ingest.close()
  })
})

test('a delivery to a journal that takes nothing is refused, told to retry, and counted as failed', async () => {
  const dir = await temporaryDir()
  const bench = await openBench({ dir })
  await bench.journal.close()
  const refusal = await bench.ingest.submit({ items: [item('a')], door }).catch((reason: unknown) => reason)
  expect(isTallystickError(refusal) && ERRORS[refusal.code].retryable).toBe(true)
  expect(bench.ingest.counts()).toMatchObject({ failed: 1, accepted: 0, inFlight: 0 })
})
