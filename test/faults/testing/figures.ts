import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'
import type { HttpClient } from './http-client.ts'
import { TOTALED, type Totals, totalsByDay, type WireEvent } from './known-event.ts'

const EVERYTHING = { from: '2000-01-01T00:00:00Z', measures: TOTALED, time_zone: 'UTC', limit: 1000 }
const DAY_MS = 86_400_000
const PAGE = 1000
/** Far longer than a store takes to open its file anew. */
const PATIENCE_MS = 20_000

/** The law as `GET /api/v1/invariants` tells it, in what these tests look at. */
export interface Law {
  readonly balanced: boolean
  readonly server: {
    readonly balanced: boolean
    readonly received: number
    readonly accepted: number
    readonly duplicate: number
    readonly conflict: number
    readonly rejected: { readonly [code: string]: number }
    readonly failed: number
    readonly in_flight: number
  }
  readonly store: {
    readonly balanced: boolean | null
    readonly accepted: number
    readonly live: number
    readonly pending_apply: number | null
    readonly quarantined: number
    readonly applied_ordinal: number
    readonly durable_ordinal: number
  }
  readonly link: { readonly balanced: boolean }
  readonly gaps: { readonly sources: number; readonly missing: number }
}

export async function lawOf(client: HttpClient, url: string): Promise<Law> {
  const answer = await client.call(`${url}/api/v1/invariants`)
  expect(answer).toMatchObject({ status: 200 })
  return answer.json as Law
}

/**
 * The same once the store can say how much it holds: after a commit that found no space it opens its file anew, and may find none
 * for that either.
 */
export async function lawOnceKnown(client: HttpClient, url: string): Promise<Law> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const answer = await client.call(`${url}/api/v1/invariants`)
    const { code = '' } = answer.json as { readonly code?: string }
    const opens = code === 'store_unavailable' || code === 'disk_full'
    if (!opens || Date.now() > deadline) {
      expect(answer).toMatchObject({ status: 200 })
      return answer.json as Law
    }
    await setTimeout(50)
  }
}

/** Rows of a query that sees everything acknowledged. */
export async function query(client: HttpClient, url: string, body: object): Promise<Record<string, unknown>[]> {
  const answer = await client.post(`${url}/api/v1/query?consistency=applied`, body)
  expect(answer).toMatchObject({ status: 200 })
  return (answer.json as { rows: Record<string, unknown>[] }).rows
}

/** Totals of every UTC day with requests, as the server answers them. */
export async function totalsOf(client: HttpClient, url: string): Promise<Map<number, Totals>> {
  const to = Date.now() + DAY_MS
  const rows = await query(client, url, { ...EVERYTHING, to, interval: '1d' })
  const days = new Map<number, Totals>()
  for (const { time_ms: day, ...figures } of rows) {
    if (figures['requests'] === 0) continue
    const totals = Object.fromEntries(TOTALED.map((name) => [name, figures[name] ?? 0]))
    days.set(day as number, totals as unknown as Totals)
  }
  return days
}

/** How many requests the server counts in all. */
export async function requestsOf(client: HttpClient, url: string): Promise<number> {
  const [row] = await query(client, url, { ...EVERYTHING, to: Date.now() + DAY_MS, measures: ['requests'] })
  return row?.['requests'] as number
}

/** Every event the server lists. */
export async function listed(client: HttpClient, url: string): Promise<WireEvent[]> {
  const events: WireEvent[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const answer = await client.call(`${url}/api/v1/events?consistency=applied&order=asc&limit=${PAGE}${after}`)
    expect(answer).toMatchObject({ status: 200 })
    const page = answer.json as { events: WireEvent[]; next_cursor: string | null }
    events.push(...page.events)
    cursor = page.next_cursor
  }
  return events
}

/**
 * The server holds exactly these events, each once and with what was sent in it: in the list of events, in the totals of
 * every day, and in journal, rows and rollups compared with each other.
 */
export async function expectExactly(client: HttpClient, url: string, expected: readonly WireEvent[]): Promise<void> {
  expect(await totalsOf(client, url)).toEqual(totalsByDay(expected))
  const kept = await listed(client, url)
  expect(kept.length).toBe(expected.length)
  const byId = new Map(kept.map((event) => [event.event_id, event]))
  expect(byId.size).toBe(expected.length)
  // One comparison per event would take longer than the rest of the test.
  const different = expected.filter((event) => {
    const { cost_nano_usd: cost, ...sent } = event
    const found = byId.get(event.event_id) as unknown as Record<string, unknown> | undefined
    const same = Object.entries(sent).every(
      ([name, value]) => found?.[name === 'model' ? 'request_model' : name] === value,
    )
    return !same || (cost !== undefined && found?.['cost_nano_usd'] !== cost)
  })
  expect(different).toEqual([])
  await expectSound(client, url)
}

/** The law balances, and journal, rows and rollups agree. */
export async function expectSound(client: HttpClient, url: string): Promise<void> {
  const answer = await client.call(`${url}/api/v1/invariants?audit=1`)
  expect(answer).toMatchObject({ status: 200, json: { ok: true, differences: [], invariants: { balanced: true } } })
}
