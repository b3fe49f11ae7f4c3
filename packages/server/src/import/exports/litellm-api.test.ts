import { afterEach, describe, expect, it } from 'vitest'
import { type ImportRecord, newProgress, type ReadOptions } from '../record.ts'
import { eventOfSpendLog } from './litellm.ts'
import { litellm } from './source-litellm.ts'
import { SPEND_LOGS } from './testing/spend-logs.ts'
import { type Asked, standIn } from './testing/stand-in.ts'

const NOW = Date.UTC(2026, 10, 2, 12)
const PAGE = 100

type StandIn = Awaited<ReturnType<typeof standIn>>
let proxy: StandIn | undefined
afterEach(() => proxy?.close())

/** 250 rows, of 1 November. */
const ROWS = Array.from({ length: 250 }, (_, index) => ({ ...SPEND_LOGS[0], request_id: `chatcmpl-${index}` }))

/** Answers as LiteLLM does, with a total that is capped as newer versions do. */
function pageOf({ search }: Asked): object {
  const page = Number(search.get('page'))
  const rows = search.get('start_date')?.startsWith('2026-11-01') ? ROWS : []
  return {
    data: rows.slice((page - 1) * PAGE, page * PAGE),
    total: PAGE,
    page,
    page_size: PAGE,
    total_pages: 1,
    total_is_capped: true,
  }
}

function optionsFor(url: string, more: Partial<ReadOptions> = {}): ReadOptions {
  return {
    paths: [],
    values: new Map([['url', url]]),
    env: { LITELLM_API_KEY: 'sk-1234' },
    nowMs: NOW,
    marks: new Map(),
    known: { has: () => false, add: () => true },
    progress: newProgress(),
    ...more,
  }
}

async function read(options: ReadOptions): Promise<readonly ImportRecord[]> {
  const records: ImportRecord[] = []
  for await (const record of litellm.read(options)) records.push(record)
  return records
}

const itemsIn = (records: readonly ImportRecord[]) =>
  records.flatMap((record) => ('item' in record ? [record.item] : []))

describe("LiteLLM's API", () => {
  it('is read to its last page, a day at a time, with the key in a header', async () => {
    proxy = await standIn((asked) => ({ body: pageOf(asked) }))
    const records = await read(optionsFor(`${proxy.url}/gateway/`, { sinceMs: NOW - 36 * 3_600_000 }))
    expect(itemsIn(records)).toEqual(ROWS.map(eventOfSpendLog))
    expect(
      proxy.asked.map(({ path, search }) => [
        path,
        search.get('start_date'),
        search.get('end_date'),
        search.get('page'),
      ]),
    ).toEqual([
      ['/gateway/spend/logs/v2', '2026-11-01 00:00:00', '2026-11-02 00:00:00', '1'],
      ['/gateway/spend/logs/v2', '2026-11-01 00:00:00', '2026-11-02 00:00:00', '2'],
      ['/gateway/spend/logs/v2', '2026-11-01 00:00:00', '2026-11-02 00:00:00', '3'],
      ['/gateway/spend/logs/v2', '2026-11-01 00:00:00', '2026-11-02 00:00:00', '4'],
      ['/gateway/spend/logs/v2', '2026-11-02 00:00:00', '2026-11-02 12:00:00', '1'],
    ])
    expect(new Set(proxy.asked.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer sk-1234']))
  })

  it('is read to its end where pages are shorter than was asked for, and where there are none', async () => {
    const range = { sinceMs: Date.UTC(2026, 10, 1), nowMs: Date.UTC(2026, 10, 1, 12) }
    const short = (page: number) => ROWS.slice((page - 1) * 60, page * 60)
    proxy = await standIn(({ search }) => ({ body: { data: short(Number(search.get('page'))) } }))
    expect(itemsIn(await read(optionsFor(proxy.url, range)))).toHaveLength(ROWS.length)
    await proxy.close()
    proxy = await standIn(() => ({ body: ROWS }))
    expect(itemsIn(await read(optionsFor(proxy.url, range)))).toHaveLength(ROWS.length)
  })

  it('goes on next time where it ended, less an hour for rows that were late', async () => {
    proxy = await standIn((asked) => ({ body: pageOf(asked) }))
    const [last] = (await read(optionsFor(proxy.url))).slice(-1)
    expect(last).toMatchObject({ mark: { value: NOW - 3_600_000 } })
    const before = proxy.asked.length
    const { mark } = last as { mark: { key: string; value: number } }
    await read(optionsFor(proxy.url, { marks: new Map([[mark.key, mark.value]]), nowMs: NOW + 60_000 }))
    expect(proxy.asked.slice(before).map(({ search }) => search.get('start_date'))).toEqual(['2026-11-02 11:00:00'])
  })

  it('older versions have another address, or whole days only', async () => {
    const older = (path: string) => (asked: Asked) =>
      asked.path === path ? { body: path === '/spend/logs' ? ROWS : pageOf(asked) } : { status: 404 }
    for (const path of ['/spend/logs/ui', '/spend/logs']) {
      proxy = await standIn(older(path))
      const records = await read(
        optionsFor(proxy.url, { nowMs: Date.UTC(2026, 10, 1, 12), sinceMs: Date.UTC(2026, 10, 1) }),
      )
      expect(itemsIn(records)).toHaveLength(ROWS.length)
      expect(proxy.asked.at(-1)?.path).toBe(path)
      await proxy.close()
    }
    expect(proxy?.asked.at(-1)?.search.get('summarize')).toBe('false')
  })

  it('waits when it is told to, and gives up when the key is refused', async () => {
    proxy = await standIn((asked, before) =>
      before < 2 ? { status: before === 0 ? 429 : 503, headers: { 'retry-after': '0' } } : { body: pageOf(asked) },
    )
    expect(itemsIn(await read(optionsFor(proxy.url, { sinceMs: Date.UTC(2026, 10, 1) })))).toHaveLength(ROWS.length)
    await proxy.close()
    proxy = await standIn(() => ({ status: 401 }))
    await expect(read(optionsFor(proxy.url))).rejects.toMatchObject({ code: 'unauthorized' })
    expect(proxy.asked).toHaveLength(1)
  })

  it('does not take the key to where it is led', async () => {
    proxy = await standIn(() => ({ status: 307, headers: { location: 'http://127.0.0.1:9/elsewhere' } }))
    await expect(read(optionsFor(proxy.url))).rejects.toMatchObject({ code: 'bad_answer' })
  })

  it('wants a key, and an address that is one', async () => {
    await expect(read(optionsFor('http://127.0.0.1:9', { env: {} }))).rejects.toThrow(/LITELLM_API_KEY/)
    await expect(read(optionsFor('litellm.example.com'))).rejects.toMatchObject({ code: 'usage' })
  })
})
