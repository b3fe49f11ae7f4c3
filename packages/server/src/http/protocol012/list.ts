import { setTimeout } from 'node:timers/promises'
import { normaliseAgentId } from '@tallystick/core/event'
import { parseQuery, type Query } from '@tallystick/core/query'
import { bearerOf } from '../../identity/bearer.ts'
import { addressEvidence } from '../address/evidence.ts'
import type { AppContext } from '../app-context.ts'
import { type Call, type Handler, json } from '../route.ts'
import { countRows, type PageSource, pageRows } from './page-rows.ts'
import { paginationOf, pagingOf } from './paging.ts'
import { periodOf } from './period.ts'
import { listRow } from './row.ts'

const PER_PAGE = 10
/** How long a listing waits for what has been acknowledged but not applied: whoever posts and lists expects to see it. */
const MAX_WAIT_MS = 1_000

/**
 * `GET /api/v1/analytics/events/list`: requests of a period, newest first, a page at a time. `period` (all time) or
 * `start` and `end`, `agent_id`, `page` (1), `per_page` (10, at most 100). Other parameters are ignored. The total counts
 * just the rows there are; a page past the end is empty.
 */
export const listProtocol012: Handler = async (call) => {
  const { app, url, request } = call
  app.protocol012.admitQuery(clientOf(call))
  const nowMs = app.clock.now()
  const { searchParams: parameters } = url
  const period = periodOf(parameters, nowMs)
  const paging = pagingOf(parameters, PER_PAGE)
  const agent = parameters.get('agent_id')
  const query = parseQuery(
    {
      from: period.fromMs,
      to: period.toMs,
      measures: ['requests'],
      ...(agent === null || agent === '' ? {} : { filters: { agent_id: [normaliseAgentId(agent)] } }),
    },
    { nowMs },
  )
  await caughtUp(app)
  const { total, rows } = await app.queries.run(() => readPage(call, query, paging), request.signal)
  return json({
    data: rows,
    pagination: paginationOf(paging, total),
    period: period.name,
    ...(period.name === 'custom' ? { start: instant(period.fromMs), end: instant(period.toMs) } : {}),
    calculated_at: instant(nowMs),
  })
}

async function readPage(
  { store, request: { signal } }: Call,
  query: Query,
  { page, perPage }: { readonly page: number; readonly perPage: number },
): Promise<{ total: number; rows: readonly object[] }> {
  const source: PageSource = {
    query: (part) => store.query(part, { signal }),
    scan: (request) => store.scan(request),
  }
  // Totals outlive the events they count; only events can be listed.
  const { oldestMs, newestMs } = await store.stats()
  const fromMs = Math.max(query.fromMs, oldestMs ?? 0)
  const toMs = Math.min(query.toMs, (newestMs ?? 0) + 1)
  if (fromMs >= toMs) return { total: 0, rows: [] }
  const listed = { ...query, fromMs, toMs }
  const total = await countRows(source, listed)
  const skip = (page - 1) * perPage
  if (skip >= total) return { total, rows: [] }
  const filters = [...query.filters, ...REQUESTS]
  const events = await pageRows(source, listed, filters, skip, perPage)
  return { total, rows: events.map(({ event }) => listRow(event)) }
}

/** What the measure `requests` counts. */
const REQUESTS = parseQuery(
  { filters: { kind: ['llm_request_completed', 'llm_request_failed'] } },
  { nowMs: Date.UTC(2026, 0, 1) },
).filters

async function caughtUp({ ingest }: AppContext): Promise<void> {
  const waiting = new AbortController()
  try {
    await Promise.race([ingest.applied(), setTimeout(MAX_WAIT_MS, undefined, { signal: waiting.signal })])
  } catch {
    // A store that cannot keep up still answers with what it has.
  } finally {
    waiting.abort()
  }
}

/** Whom the limit on queries counts: a token or, without one, an address. */
function clientOf(call: Call): string {
  const bearer = bearerOf(call.request.headers)
  return bearer === undefined
    ? `address ${call.app.clientAddress.sender(addressEvidence(call)) ?? ''}`
    : `token ${bearer}`
}

const instant = (ms: number): string => new Date(ms).toISOString()
