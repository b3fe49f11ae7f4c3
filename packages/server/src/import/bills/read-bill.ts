import { createReadStream } from 'node:fs'
import { TallystickError } from '@tallystick/core'
import { parseExactJson } from '../exports/exact-json.ts'
import { below, get } from '../exports/http.ts'
import { type ExportRow, readRows } from '../exports/rows.ts'
import { Bill } from './bill.ts'
import { Buckets } from './page.ts'
import type { Biller, Report } from './providers.ts'

/** No provider has a bill of more pages; one that never ends is at fault. */
const MOST_PAGES = 10_000

/**
 * The bill in files: pages of the provider's reports as it answered them, of costs, usage or both, or their buckets alone.
 *
 * @throws TallystickError `file_unreadable`, `bad_answer`
 */
export async function billFromFiles(biller: Biller, paths: readonly string[]): Promise<Bill> {
  const bill = new Bill()
  const buckets = new Buckets()
  for (const path of paths) {
    for await (const read of readFile(path)) {
      if ('problem' in read) throw new TallystickError('file_unreadable', `${read.where} ${read.problem}`)
      biller.add(read.row, undefined, bill, buckets)
    }
  }
  return bill
}

async function* readFile(path: string): ReturnType<typeof readRows> {
  try {
    yield* readRows(createReadStream(path), path)
  } catch (cause) {
    if (cause instanceof TallystickError) throw cause
    throw new TallystickError('file_unreadable', `${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

/**
 * The bill of some days from the provider's admin API, page by page.
 *
 * @param fromMs midnight of UTC, as `toMs`
 * @throws TallystickError `unauthorized`, `server_unreachable`, `bad_answer`
 */
export async function billFromApi(biller: Biller, base: URL, key: string, fromMs: number, toMs: number): Promise<Bill> {
  const bill = new Bill()
  const buckets = new Buckets()
  for (const report of biller.reports)
    for await (const bucket of bucketsOf(report, base, biller.headers(key), fromMs, toMs))
      biller.add(bucket, report.part, bill, buckets)
  return bill
}

async function* bucketsOf(
  { path, search }: Report,
  base: URL,
  headers: Readonly<Record<string, string>>,
  fromMs: number,
  toMs: number,
): AsyncGenerator<ExportRow> {
  let page: string | undefined
  for (let count = 0; count < MOST_PAGES; count++) {
    const parameters = new URLSearchParams({ ...search(fromMs, toMs), ...(page === undefined ? {} : { page }) })
    const response = await get(below(base, path, parameters), headers)
    if (response === undefined) throw new TallystickError('bad_answer', `${base.origin} has no ${path}.`)
    const { data, next_page, has_more } = (await jsonOf(response)) as {
      data?: unknown
      next_page?: unknown
      has_more?: unknown
    }
    if (!Array.isArray(data)) throw new TallystickError('bad_answer', `${base.origin}${path} answered without data.`)
    for (const bucket of data) yield bucket as ExportRow
    if (has_more !== true || typeof next_page !== 'string') return
    page = next_page
  }
  throw new TallystickError('bad_answer', `${base.origin}${path} has more than ${MOST_PAGES} pages.`)
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return parseExactJson(await response.text()) ?? {}
  } catch (cause) {
    throw new TallystickError('bad_answer', 'The provider answered with something that is not JSON.', { cause })
  }
}
