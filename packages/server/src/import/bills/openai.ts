import { TallystickError } from '@tallystick/core'
import { inferProvider } from '@tallystick/core/provider'
import type { Fields } from '../exports/fields.ts'
import type { ExportRow } from '../exports/rows.ts'
import { type Bill, type BillPart, type CostKind, nanoUsdOf } from './bill.ts'
import type { Buckets } from './page.ts'

/**
 * Adds a bucket of OpenAI's `/v1/organization/costs`, grouped by `line_item`, or `/v1/organization/usage/...`, grouped by
 * `model`. Amounts are USD; input tokens include cached and cache-write ones.
 *
 * @throws TallystickError `bad_answer`, also for a report that is not grouped so
 * @source openai 6.49.0 (npm): resources/admin/organization/usage.d.ts; line items such as `gpt-4o-2024-08-06, cached input`
 * as seen in public senders (find_string over code, 2026-11)
 */
export function addOpenAi(bucket: ExportRow, part: BillPart | undefined, bill: Bill, buckets: Buckets): void {
  buckets.add(bucket, bill, part, (which, line, dayMs) => {
    if (which === 'cost') bill.charge(dayMs, chargeOf(line))
    else
      bill.use(dayMs, {
        model: grouped(line.text('model'), 'usage', 'model'),
        requests: line.count('num_model_requests'),
        tokens: tokensOf(line),
      })
  })
}

function grouped(name: string | undefined, report: string, by: string): string {
  if (name !== undefined) return name
  throw new TallystickError('bad_answer', `The ${report} report is not split by ${by}: ask for it with group_by=${by}.`)
}

function chargeOf(line: Fields) {
  const amount = line.object('amount')
  const currency = amount.text('currency') ?? 'usd'
  if (currency.toLowerCase() !== 'usd')
    throw new TallystickError('bad_answer', `The report is in ${currency}; only USD can be compared.`)
  return {
    ...lineItem(grouped(line.text('line_item'), 'costs', 'line_item')),
    nanoUsd: nanoUsdOf(amount.value('value'), 9),
  }
}

/**
 * The model and kind of a line item.
 *
 * @example lineItem('gpt-4o-2024-08-06, cached input') // { model: 'gpt-4o-2024-08-06', kind: 'cache_read' }
 * @example lineItem('assistants api | file search') // { model: undefined, kind: 'other' }
 */
export function lineItem(text: string): { readonly model: string | undefined; readonly kind: CostKind | undefined } {
  const [, about, item = '', tokens] = /^(?:(.*)\|)?\s*([^,|]*)(?:,\s*(.*))?$/.exec(text.trim()) ?? []
  const name = item.trim().toLowerCase()
  const model = inferProvider(name) === 'openai' ? name : undefined
  if (model === undefined || /search|call|storage|session|container/.test(about ?? '')) return { model, kind: 'other' }
  return { model, kind: tokens === undefined ? undefined : kindOf(tokens.toLowerCase()) }
}

function kindOf(tokens: string): CostKind | undefined {
  if (tokens.includes('write')) return 'cache_write'
  if (tokens.includes('cached')) return 'cache_read'
  if (tokens.includes('input')) return 'fresh_input'
  return tokens.includes('output') ? 'output' : undefined
}

function tokensOf(line: Fields) {
  const input = line.count('input_tokens') ?? 0
  const cache_read = line.count('input_cached_tokens') ?? 0
  const cache_write = line.count('input_cache_write_tokens') ?? 0
  const fresh_input = line.count('input_uncached_tokens') ?? Math.max(0, input - cache_read - cache_write)
  return { fresh_input, cache_read, cache_write, output: line.count('output_tokens') ?? 0 }
}
