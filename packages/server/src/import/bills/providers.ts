import type { ExportRow } from '../exports/rows.ts'
import { addAnthropic } from './anthropic.ts'
import type { Bill, BillPart } from './bill.ts'
import { addOpenAi } from './openai.ts'
import type { Buckets } from './page.ts'

/** A report that a provider has at an address of its admin API. */
export interface Report {
  readonly part: BillPart
  readonly path: string
  /** Parameters for days from one instant to another. */
  readonly search: (fromMs: number, toMs: number) => Readonly<Record<string, string>>
}

/** A provider whose bills can be read. */
export interface Biller {
  readonly provider: string
  readonly baseUrl: string
  /** Variables that may have the admin key. */
  readonly keys: readonly string[]
  readonly headers: (key: string) => Readonly<Record<string, string>>
  readonly reports: readonly Report[]
  readonly add: (bucket: ExportRow, part: BillPart | undefined, bill: Bill, buckets: Buckets) => void
}

const openAiSearch =
  (by: string, limit: number): Report['search'] =>
  (fromMs, toMs) => ({
    start_time: String(fromMs / 1_000),
    end_time: String(toMs / 1_000),
    bucket_width: '1d',
    'group_by[]': by,
    limit: String(limit),
  })

const anthropicSearch =
  (by: string): Report['search'] =>
  (fromMs, toMs) => ({
    starting_at: new Date(fromMs).toISOString(),
    ending_at: new Date(toMs).toISOString(),
    bucket_width: '1d',
    'group_by[]': by,
    limit: '31',
  })

/**
 * THE table of providers whose bills can be read.
 *
 * @source openai 6.49.0 (npm): paths, parameters, brackets of lists, limits of 180 and 31 days; platform.claude.com/docs,
 * Admin API: paths, parameters, headers, limit of 31 days
 */
export const BILLERS: readonly Biller[] = [
  {
    provider: 'openai',
    baseUrl: 'https://api.openai.com',
    keys: ['OPENAI_ADMIN_KEY'],
    headers: (key) => ({ authorization: `Bearer ${key}` }),
    reports: [
      { part: 'cost', path: '/v1/organization/costs', search: openAiSearch('line_item', 180) },
      { part: 'usage', path: '/v1/organization/usage/completions', search: openAiSearch('model', 31) },
      { part: 'usage', path: '/v1/organization/usage/embeddings', search: openAiSearch('model', 31) },
    ],
    add: addOpenAi,
  },
  {
    provider: 'anthropic',
    baseUrl: 'https://api.anthropic.com',
    keys: ['ANTHROPIC_ADMIN_KEY'],
    headers: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
    reports: [
      { part: 'cost', path: '/v1/organizations/cost_report', search: anthropicSearch('description') },
      { part: 'usage', path: '/v1/organizations/usage_report/messages', search: anthropicSearch('model') },
    ],
    add: addAnthropic,
  },
]
