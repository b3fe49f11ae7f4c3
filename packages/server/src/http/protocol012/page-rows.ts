import type { Interval, Query, QueryResult } from '@tallystick/core/query'
import type { ScanCursor, ScanPage, ScanRequest, StoredEvent } from '../../store/store.ts'

/** What it takes to read a page: counts of `query`'s range, and events of it. */
export interface PageSource {
  readonly query: (query: Query) => Promise<QueryResult>
  readonly scan: (request: ScanRequest) => Promise<ScanPage>
}

/** Rows that are read only to be passed over: about a page of the engine's. */
const PASSED_OVER = 1_000
/** Longest first; each has at most a few dozen in one of the one before it. */
const INTERVALS: readonly Interval[] = ['1mo', '1d', '1h', '1m']
const NOMINAL_MS: { readonly [K in Interval]?: number } = { '1mo': 2_678_400_000, '1d': 86_400_000, '1h': 3_600_000 }

interface Place {
  readonly fromMs: number
  readonly toMs: number
  /** Newest rows of the range that come before the page. */
  readonly skip: number
}

/** How many rows the query's range has. */
export async function countRows(source: PageSource, query: Query): Promise<number> {
  const { rows } = await source.query(query)
  return Number(rows[0]?.['requests'] ?? 0)
}

/**
 * The `limit` requests that follow the newest `skip` of a query's range, newest first.
 *
 * A store's cursor leads to the next page and no further, so the way to a deep page is counted: months, days, hours and
 * minutes that lie wholly before it are passed over by their number of requests, then halves of the minute. What is read
 * and thrown away is a thousand rows, or all of one millisecond, however deep the page.
 *
 * @param query - measures `requests`; its filters hold for the rows too
 */
export async function pageRows(
  source: PageSource,
  query: Query,
  filters: ScanRequest['filters'],
  skip: number,
  limit: number,
): Promise<readonly StoredEvent[]> {
  const place = await halved(source, query, await passed(source, query, skip))
  let after: ScanCursor | undefined
  let left = place.skip
  for (;;) {
    const page = await source.scan({
      fromMs: query.fromMs,
      toMs: place.toMs,
      filters,
      limit: left <= PASSED_OVER ? left + limit : PASSED_OVER,
      ...(after === undefined ? {} : { after }),
    })
    if (left <= PASSED_OVER) return page.events.slice(left, left + limit)
    if (page.next === undefined) return []
    left -= page.events.length
    after = page.next
  }
}

/** Passes over whole buckets of the calendar, ever shorter ones. */
async function passed(source: PageSource, query: Query, skip: number): Promise<Place> {
  let place: Place = { fromMs: query.fromMs, toMs: query.toMs, skip }
  for (const interval of INTERVALS) {
    if (place.skip <= PASSED_OVER) return place
    if (place.toMs - place.fromMs <= (NOMINAL_MS[interval] ?? 0)) continue
    const { rows } = await source.query({ ...query, fromMs: place.fromMs, toMs: place.toMs, interval })
    for (const row of rows.toSorted((a, b) => Number(b['time_ms']) - Number(a['time_ms']))) {
      const count = Number(row['requests'])
      const startMs = Math.max(place.fromMs, Number(row['time_ms']))
      if (place.skip < count) {
        place = { ...place, fromMs: startMs }
        break
      }
      place = { ...place, toMs: startMs, skip: place.skip - count }
    }
  }
  return place
}

/** Passes over halves of what is left, down to a millisecond. */
async function halved(source: PageSource, query: Query, start: Place): Promise<Place> {
  let place = start
  while (place.skip > PASSED_OVER && place.toMs - place.fromMs > 1) {
    const middle = Math.ceil((place.fromMs + place.toMs) / 2)
    const count = await countRows(source, { ...query, fromMs: middle, toMs: place.toMs })
    if (place.skip < count) place = { ...place, fromMs: middle }
    else place = { ...place, toMs: middle, skip: place.skip - count }
  }
  return place
}
