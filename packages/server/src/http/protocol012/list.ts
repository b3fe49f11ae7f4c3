import { parseQuery, type Query } from '@tallystick/core/query'
import { agentName } from './agents.ts'
import { type Asked, periodMembers, protocolQuery } from './asked.ts'
import { countRows, type PageSource, pageRows } from './page-rows.ts'
import { paginationOf } from './paging.ts'
import { listRow } from './row.ts'

const PER_PAGE = 10

/**
 * `GET /api/v1/analytics/events/list`: requests of a period, newest first, a page at a time. `period` (all time) or
 * `start` and `end`, the filters, `page` (1), `per_page` (10, at most 100). Other parameters are ignored. The total counts
 * just the rows there are; a page past the end is empty.
 */
export const listProtocol012 = protocolQuery(async (asked) => {
  const { filters, nowMs, paging, period } = asked
  const query = parseQuery({ from: period.fromMs, to: period.toMs, measures: ['requests'] }, { nowMs })
  const { total, rows } = await readPage(asked, { ...query, filters })
  return { data: rows, pagination: paginationOf(paging, total), ...periodMembers(period) }
}, PER_PAGE)

async function readPage(
  { app, paging: { page, perPage }, principal, signal, store }: Asked,
  query: Query,
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
  return {
    total,
    rows: events.map(({ event }) => listRow(event, agentName(app.state, principal, event.agentId ?? null))),
  }
}

/** What the measure `requests` counts. */
const REQUESTS = parseQuery(
  { filters: { kind: ['llm_request_completed', 'llm_request_failed'] } },
  { nowMs: Date.UTC(2026, 0, 1) },
).filters
