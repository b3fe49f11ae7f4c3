import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Asked, standIn } from '../exports/testing/stand-in.ts'
import { nanoUsdOf } from './bill.ts'
import { lineItem } from './openai.ts'
import { BILLERS, type Biller } from './providers.ts'
import { billFromApi, billFromFiles } from './read-bill.ts'
import { ANTHROPIC_COSTS, ANTHROPIC_USAGE, OPENAI_COSTS, OPENAI_USAGE } from './testing/reports.ts'

const biller = (provider: string): Biller => BILLERS.find((one) => one.provider === provider) as Biller
const openai = biller('openai')
const anthropic = biller('anthropic')

function files(...texts: readonly object[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-bill-'))
  return texts.map((text, index) => {
    const path = join(folder, `${index}.json`)
    writeFileSync(path, JSON.stringify(text, null, 2))
    return path
  })
}

const OPENAI_COST_DAYS = [
  {
    day: '2026-11-01',
    rows: [
      {
        model: 'gpt-4o-2024-08-06',
        cost_nano_usd: 7_250_000,
        cost_fresh_input_nano_usd: 2_500_000,
        cost_cache_read_nano_usd: 1_000_000,
        cost_cache_write_nano_usd: 0,
        cost_output_nano_usd: 3_750_000,
        cost_other_nano_usd: 0,
        lines: 4,
      },
      {
        cost_nano_usd: -30_000_000,
        cost_fresh_input_nano_usd: 0,
        cost_cache_read_nano_usd: 0,
        cost_cache_write_nano_usd: 0,
        cost_output_nano_usd: 0,
        cost_other_nano_usd: -30_000_000,
        lines: 1,
      },
    ],
  },
  { day: '2026-11-02', rows: [] },
]

describe("OpenAI's reports", () => {
  it('add up by day and model, amounts to the nano-USD', async () => {
    const bill = await billFromFiles(openai, files(OPENAI_COSTS, OPENAI_USAGE))
    // In a file nothing says what an empty day is of.
    expect(bill.days('cost')).toEqual(OPENAI_COST_DAYS.slice(0, 1))
    expect(bill.days('usage')).toEqual([
      {
        day: '2026-11-01',
        rows: [
          {
            model: 'gpt-4o-2024-08-06',
            requests: 12,
            fresh_input_tokens: 1_000,
            cache_read_tokens: 800,
            cache_write_tokens: 0,
            output_tokens: 375,
          },
          {
            model: 'text-embedding-3-small',
            requests: 1,
            fresh_input_tokens: 5,
            cache_read_tokens: 0,
            cache_write_tokens: 0,
            output_tokens: 0,
          },
        ],
      },
    ])
  })

  it('a bucket that is there twice counts once', async () => {
    const once = await billFromFiles(openai, files(OPENAI_COSTS))
    const twice = await billFromFiles(openai, files(OPENAI_COSTS, OPENAI_COSTS))
    expect(twice.days('cost')).toEqual(once.days('cost'))
  })

  it.each([
    ['gpt-4o-2024-08-06, input', 'gpt-4o-2024-08-06', 'fresh_input'],
    ['gpt-4o-2024-08-06, cached input', 'gpt-4o-2024-08-06', 'cache_read'],
    ['gpt-5.6-sol, cached input write', 'gpt-5.6-sol', 'cache_write'],
    ['gpt-6-test, input_tokens', 'gpt-6-test', 'fresh_input'],
    ['GPT-4o', 'gpt-4o', undefined],
    ['evals | gpt-4o-mini-2024-07-18, output', 'gpt-4o-mini-2024-07-18', 'output'],
    ['web search tool calls | gpt-4o', 'gpt-4o', 'other'],
    ['assistants api | file search', undefined, 'other'],
    ['vector store storage', undefined, 'other'],
  ])('line item %s is of %s, %s', (text, model, kind) => {
    expect(lineItem(text)).toEqual({ model, kind })
  })

  it('reports that are not split are refused with what to ask for', async () => {
    const costs = {
      data: [{ start_time: 1_793_491_200, results: [{ amount: { value: 1, currency: 'usd' }, line_item: null }] }],
    }
    await expect(billFromFiles(openai, files(costs))).rejects.toThrow(/group_by=line_item/)
    const usage = { data: [{ start_time: 1_793_491_200, results: [{ input_tokens: 1, model: null }] }] }
    await expect(billFromFiles(openai, files(usage))).rejects.toThrow(/group_by=model/)
  })
})

describe("Anthropic's reports", () => {
  it('add up by day and model; amounts are cents', async () => {
    const bill = await billFromFiles(anthropic, files(ANTHROPIC_COSTS, ANTHROPIC_USAGE))
    expect(bill.days('cost')[0]?.rows).toEqual([
      {
        model: 'claude-opus-5',
        cost_nano_usd: 1_487_891_200,
        cost_fresh_input_nano_usd: 1_237_891_200,
        cost_cache_read_nano_usd: 0,
        cost_cache_write_nano_usd: 50_000_000,
        cost_output_nano_usd: 200_000_000,
        cost_other_nano_usd: 0,
        lines: 4,
      },
      {
        cost_nano_usd: 10_000_000,
        cost_fresh_input_nano_usd: 0,
        cost_cache_read_nano_usd: 0,
        cost_cache_write_nano_usd: 0,
        cost_output_nano_usd: 0,
        cost_other_nano_usd: 10_000_000,
        lines: 1,
      },
    ])
    expect(bill.days('usage')).toEqual([
      {
        day: '2026-11-01',
        rows: [
          {
            model: 'claude-opus-5',
            fresh_input_tokens: 1_500,
            cache_read_tokens: 200,
            cache_write_tokens: 1_500,
            output_tokens: 500,
          },
        ],
      },
    ])
  })
})

describe('an admin API', () => {
  let api: Awaited<ReturnType<typeof standIn>> | undefined
  afterEach(() => api?.close())

  /** The report cut into pages of one bucket each. */
  const paged = (report: { data: readonly object[] }, { search }: Asked): object => {
    const index = Number((search.get('page') ?? 'page_0').slice(5))
    const more = index + 1 < report.data.length
    return { data: report.data.slice(index, index + 1), has_more: more, next_page: more ? `page_${index + 1}` : null }
  }

  it('of OpenAI is asked page by page', async () => {
    api = await standIn((asked) => ({
      body: asked.path.endsWith('/costs')
        ? paged(OPENAI_COSTS, asked)
        : asked.path.endsWith('/completions')
          ? paged(OPENAI_USAGE, asked)
          : { data: [], has_more: false },
    }))
    const bill = await billFromApi(openai, new URL(api.url), 'sk-admin', Date.UTC(2026, 10, 1), Date.UTC(2026, 10, 3))
    expect(bill.days('cost')).toEqual(OPENAI_COST_DAYS)
    expect(bill.days('usage')).toHaveLength(1)
    expect(api.asked[0]?.headers.authorization).toBe('Bearer sk-admin')
    expect(Object.fromEntries(api.asked[1]?.search ?? [])).toEqual({
      start_time: '1793491200',
      end_time: '1793664000',
      bucket_width: '1d',
      'group_by[]': 'line_item',
      limit: '180',
      page: 'page_1',
    })
  })

  it('of Anthropic is asked in its own way', async () => {
    api = await standIn((asked) => ({
      body: paged(asked.path.endsWith('cost_report') ? ANTHROPIC_COSTS : ANTHROPIC_USAGE, asked),
    }))
    const bill = await billFromApi(
      anthropic,
      new URL(api.url),
      'sk-ant-admin',
      Date.UTC(2026, 10, 1),
      Date.UTC(2026, 10, 2),
    )
    expect(bill.days('cost')[0]?.rows).toHaveLength(2)
    expect(api.asked[0]).toMatchObject({ headers: { 'x-api-key': 'sk-ant-admin', 'anthropic-version': '2023-06-01' } })
    expect(api.asked[0]?.search.get('starting_at')).toBe('2026-11-01T00:00:00.000Z')
  })

  it('that is none is told of', async () => {
    api = await standIn(() => ({ body: '<html>' }))
    await expect(billFromApi(openai, new URL(api.url), 'k', 0, 1)).rejects.toMatchObject({ code: 'bad_answer' })
  })
})

it.each([
  ['123.78912', 7, 1_237_891_200n],
  [1.29e-5, 9, 12_900n],
  ['-0.0300000000005', 9, -30_000_000n],
  ['0.0300000015', 9, 30_000_002n],
  ['99999999999999999999.5', 9, 99_999_999_999_999_999_999_500_000_000n],
])('%s with %i places more is %s nano-USD', (amount, shift, nano) => {
  expect(nanoUsdOf(amount, shift)).toBe(nano)
})
