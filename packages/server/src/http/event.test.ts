import type { UsageEvent } from '@tallystick/core/event'
import { createPriceBook } from '@tallystick/core/pricing'
import { describe, expect, it } from 'vitest'
import { HOSTILE_TEXTS } from '../../../core/src/event/testing/arbitrary.ts'
import { mintKey } from '../identity/api-key.ts'
import { openMemoryState } from '../state/memory.ts'
import { type CallInit, createTestApp, NOW_MS, type TestApp, type TestAppOptions } from './testing/test-app.ts'

const book = createPriceBook()

const request = (eventId: string, members: Partial<UsageEvent> = {}): UsageEvent => {
  const event: UsageEvent = {
    eventId,
    timestampMs: NOW_MS - 60_000,
    kind: 'llm_request_completed',
    success: true,
    provider: 'openai',
    requestModel: 'gpt-4o',
    inputTokens: 1_200,
    cacheReadTokens: 200,
    outputTokens: 80,
    ...members,
  }
  const { mismatch: _mismatch, flagged: _flagged, ...fields } = book.price(event)
  return { ...event, ...fields }
}

async function holding(events: readonly UsageEvent[], options: TestAppOptions = {}): Promise<TestApp> {
  const test = await createTestApp(options)
  await test.store.append(events.map((event, index) => ({ ordinal: index + 1, receivedMs: NOW_MS, event })))
  return test
}

interface Answer {
  readonly status: number
  readonly body: {
    readonly event: Readonly<Record<string, unknown>>
    readonly receipt: Readonly<Record<string, unknown>> & { readonly lines: readonly { cost_nano_usd: number }[] }
    readonly code?: string
    readonly issues?: readonly { readonly path: string; readonly message: string }[]
  }
}

async function ask(test: TestApp, id: string, search = '', init: CallInit = {}): Promise<Answer> {
  const response = await test.call(`/api/v1/events/${encodeURIComponent(id)}${search}`, init)
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

describe('GET /api/v1/events/:event_id', () => {
  it('answers the whole event and a receipt whose lines add up to its cost', async () => {
    const test = await holding([request('a'), request('b', { requestModel: 'gpt-4o-mini', traceId: 't' })])
    const { status, body } = await ask(test, 'b')
    expect(status).toBe(200)
    expect(body.event).toMatchObject({ event_id: 'b', request_model: 'gpt-4o-mini', trace_id: 't' })
    expect(body).toMatchObject({ received_ms: NOW_MS })
    expect(body.receipt.lines).toEqual([
      line('input', 1_000, 150_000_000, 150_000),
      line('cache_read', 200, 75_000_000, 15_000),
      line('output', 80, 600_000_000, 48_000),
    ])
    expect(body.receipt).toMatchObject({
      cost_nano_usd: 213_000,
      cost_basis: 'catalogue',
      list_nano_usd: 213_000,
      lines_from: 'price',
      price: { source: 'catalogue', provider: 'openai', model: 'gpt-4o-mini', service_tier: null },
      cache_savings_nano_usd: 15_000,
      reported: null,
      repriced: null,
      unpriced: null,
      prices_version: 'test',
    })
  })

  it('says why a request has no price and what would give it one', async () => {
    const test = await holding([request('u', { requestModel: 'house-model', provider: 'house' })])
    const { receipt } = (await ask(test, 'u')).body
    expect(receipt).toMatchObject({ cost_nano_usd: null, list_nano_usd: null, lines: [] })
    expect(receipt['unpriced']).toMatchObject({ reason: 'no_price', remedy: expect.stringContaining('price file') })
  })

  it('finds ids of any spelling, in their millisecond alone where that is told', async () => {
    const ids = [
      ...HOSTILE_TEXTS.filter((text) => text !== '' && text !== '.' && text !== '..'),
      'a/b',
      '%2F',
      'a?b#c',
      'a%',
    ]
    const test = await holding(ids.map((id) => request(id)))
    for (const id of ids) expect((await ask(test, id)).body.event?.['event_id'], id).toBe(id)
    expect((await ask(test, 'a/b', `?timestamp_ms=${NOW_MS - 60_000}`)).status).toBe(200)
    expect(await ask(test, 'a/b', `?timestamp_ms=${NOW_MS - 60_001}`)).toMatchObject({
      status: 404,
      body: { code: 'event_not_found' },
    })
    expect(await ask(test, 'a/b', '?timestamp_ms=soon')).toMatchObject({ status: 400, body: { code: 'invalid_query' } })
    expect(await ask(test, 'a/b', '?timestamp=1')).toMatchObject({ status: 400, body: { code: 'unknown_parameter' } })
  })

  it('tells events of one id apart, each by what it lists', async () => {
    const test = await holding([
      request('same', { agentId: 'one' }),
      request('same', { agentId: 'two', sourceId: 'gateway' }),
      request('same', { sourceId: 'gateway', timestampMs: NOW_MS - 5 }),
    ])
    const { status, body } = await ask(test, 'same')
    expect([status, body.code, body.issues?.length]).toEqual([409, 'ambiguous_event', 3])
    const found = []
    for (const { path } of body.issues ?? []) found.push((await ask(test, 'same', `?${path}`)).body.event)
    expect(found.map((event) => [event?.['agent_id'], event?.['source_id']])).toEqual([
      [undefined, 'gateway'],
      ['two', 'gateway'],
      ['one', undefined],
    ])
    expect((await ask(test, 'same', '?agent_id=one')).status).toBe(200)
  })

  it('shows a tenant its own events only, and of an id the one that is its own', async () => {
    const state = openMemoryState()
    const { id, secretHash, text } = mintKey()
    const key = { id, name: 'k', secretHash, scopes: ['read'] as const, createdMs: 1, agentId: 'mine', tenantId: 't' }
    await state.write([{ table: 'keys', id, row: key }])
    const headers = { authorization: `Bearer ${text}` }
    const events = [
      request('same', { tenantId: 't', agentId: 'mine' }),
      request('same', { tenantId: 'other', agentId: 'mine' }),
      request('theirs', { tenantId: 'other', agentId: 'mine' }),
      request('colleague', { tenantId: 't', agentId: 'not mine' }),
    ]
    const test = await holding(events, { state })
    expect((await ask(test, 'same', '', { headers })).body.event).toMatchObject({ tenant_id: 't' })
    expect((await ask(test, 'theirs', '', { headers })).body.code).toBe('event_not_found')
    expect((await ask(test, 'colleague', '', { headers })).body.code).toBe('event_not_found')
    expect((await ask(test, 'theirs', '?tenant_id=other', { headers })).body.code).toBe('event_not_found')
  })
})

it('lists what is slow or dear, and events by their id', async () => {
  const test = await holding([
    request('quick', { durationMs: 100 }),
    request('slow', { durationMs: 9_000, outputTokens: 100_000 }),
    request('unknown', { requestModel: 'house-model' }),
  ])
  const ids = async (search: string): Promise<readonly unknown[]> => {
    const { events } = (await (await test.call(`/api/v1/events?${search}`)).json()) as { events: UsageEvent[] }
    return events.map((event) => (event as unknown as { event_id: string }).event_id)
  }
  expect(await ids('min_duration_ms=100')).toEqual(['slow', 'quick'])
  expect(await ids('min_duration_ms=101')).toEqual(['slow'])
  expect(await ids('min_cost_nano_usd=1000000000')).toEqual(['slow'])
  expect(await ids('min_cost_nano_usd=0')).toEqual(['slow', 'quick'])
  expect(await ids('event_id=unknown')).toEqual(['unknown'])
  expect((await test.call('/api/v1/events?min_duration_ms=-1')).status).toBe(400)
})

function line(component: string, count: number, price: number, cost: number): object {
  return {
    component,
    count,
    price_nano_usd: price,
    per: 1_000_000,
    multiplier_permille: 1_000,
    cost_nano_usd: cost,
    rounded: false,
  }
}
