import { TallystickError } from '@tallystick/core'
import type { ImportRecord, ReadOptions } from '../record.ts'
import { rowRecords } from './export-files.ts'
import { baseUrl, below, get, keyFrom } from './http.ts'
import { eventOfSpendLog } from './litellm.ts'
import { type ReadRow, readRows } from './rows.ts'

const DAY_MS = 86_400_000
/** LiteLLM's own page asks for no more. */
const PAGE_ROWS = 100
/** Rows are written up to a minute late, and requests last: what is this recent is asked for again next time. */
const SETTLING_MS = 3_600_000
const FIRST_DAYS = 30

/** Newest first: the paged address, and the one that older versions have for it. */
const PAGED = ['/spend/logs/v2', '/spend/logs/ui'] as const

/**
 * Spend logs from LiteLLM's HTTP API, a day of UTC at a time and page by page, from where the last run ended (30 days back
 * at first). Versions without a paged address are asked for whole days.
 *
 * @throws TallystickError `usage`, `unauthorized`, `server_unreachable`, `bad_answer`
 * @source BerriAI/litellm: litellm/proxy/spend_tracking/spend_management_endpoints.py (parameters, UTC, inclusive range,
 * `total_is_capped`: the number of pages may be less than there are)
 */
export async function* spendLogs(options: ReadOptions): AsyncGenerator<ImportRecord> {
  const { values, env, nowMs, marks, sinceMs } = options
  const base = baseUrl(values.get('url') as string, '--url')
  const key = keyFrom(env, ['LITELLM_API_KEY', 'LITELLM_MASTER_KEY'], values.get('key-file'))
  const headers = { authorization: `Bearer ${key}`, accept: 'application/json' }
  const mark = { key: `${base.origin}${base.pathname}`, value: nowMs - SETTLING_MS }
  const from = sinceMs ?? (marks.get(mark.key) as number | undefined) ?? nowMs - FIRST_DAYS * DAY_MS
  let complete = true
  for (let at = from; at < nowMs; ) {
    const end = Math.min(nowMs, at - (at % DAY_MS) + DAY_MS)
    for await (const record of rowRecords(rowsBetween(base, headers, at, end), eventOfSpendLog, sinceMs)) {
      if ('problem' in record) complete = false
      yield record
    }
    at = end
  }
  if (complete && sinceMs === undefined) yield { mark }
}

async function* rowsBetween(
  base: URL,
  headers: Readonly<Record<string, string>>,
  fromMs: number,
  toMs: number,
): AsyncGenerator<ReadRow> {
  for (const path of PAGED) {
    const pages = pagesOf(base, path, headers, fromMs, toMs)
    const first = await pages.next()
    if (first.done) continue
    yield* first.value
    for await (const page of pages) yield* page
    return
  }
  yield* wholeDay(base, headers, fromMs)
}

/**
 * None if the address is not there. The last page is empty: totals may be capped, and a page be shorter than was asked for.
 * One that is the page before again, of a server that knows no pages, is the end too.
 */
async function* pagesOf(
  base: URL,
  path: string,
  headers: Readonly<Record<string, string>>,
  fromMs: number,
  toMs: number,
): AsyncGenerator<readonly ReadRow[]> {
  let before: unknown
  for (let page = 1; ; page++) {
    const search = new URLSearchParams({
      start_date: second(fromMs),
      end_date: second(toMs + 999),
      page: String(page),
      page_size: String(PAGE_ROWS),
    })
    const response = await get(below(base, path, search), headers)
    if (response === undefined) return
    const rows = await rowsOf(response, `${base.origin} ${second(fromMs).slice(0, 10)} page ${page}`)
    const [first] = rows
    const name = first !== undefined && 'row' in first ? first.row['request_id'] : undefined
    if (page > 1 && (rows.length === 0 || name === before)) return
    before = name
    yield rows
    if (rows.length === 0) return
  }
}

/** `YYYY-MM-DD HH:MM:SS`, which is all that the API reads. */
const second = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

async function* wholeDay(
  base: URL,
  headers: Readonly<Record<string, string>>,
  fromMs: number,
): AsyncGenerator<ReadRow> {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
  const search = new URLSearchParams({ start_date: day(fromMs), end_date: day(fromMs + DAY_MS), summarize: 'false' })
  const response = await get(below(base, '/spend/logs', search), headers)
  if (response === undefined)
    throw new TallystickError('bad_answer', `${base.origin} has no spend logs: is it a LiteLLM proxy with a database?`)
  yield* await rowsOf(response, `${base.origin} ${day(fromMs)}`)
}

async function rowsOf(response: Response, name: string): Promise<readonly ReadRow[]> {
  const rows: ReadRow[] = []
  if (response.body === null) return rows
  for await (const row of readRows(response.body as unknown as AsyncIterable<Uint8Array>, name)) rows.push(row)
  return rows
}
