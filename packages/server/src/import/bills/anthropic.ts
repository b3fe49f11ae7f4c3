import { TallystickError } from '@tallystick/core'
import type { Fields } from '../exports/fields.ts'
import type { ExportRow } from '../exports/rows.ts'
import { type Bill, type BillPart, type CostKind, nanoUsdOf } from './bill.ts'
import type { Buckets } from './page.ts'

/**
 * Adds a bucket of Anthropic's `/v1/organizations/cost_report`, grouped by `description`, or
 * `/v1/organizations/usage_report/messages`, grouped by `model`. Amounts are decimal text in cents; input tokens are told
 * apart by what the cache did with them; requests are not counted.
 *
 * @throws TallystickError `bad_answer`, also for a report that is not grouped so
 * @source platform.claude.com/docs, Admin API "Cost Report" ("123.45" in USD is $1.23; token_type, cost_type) and "Usage
 * Report"
 */
export function addAnthropic(bucket: ExportRow, part: BillPart | undefined, bill: Bill, buckets: Buckets): void {
  buckets.add(bucket, bill, part, (which, line, dayMs) => {
    if (which === 'cost') bill.charge(dayMs, chargeOf(line))
    else {
      const model = line.text('model')
      if (model === undefined)
        throw new TallystickError(
          'bad_answer',
          'The usage report is not split by model: ask for it with group_by[]=model.',
        )
      bill.use(dayMs, { model, requests: undefined, tokens: tokensOf(line) })
    }
  })
}

const TOKEN_TYPES: ReadonlyMap<string, CostKind> = new Map([
  ['uncached_input_tokens', 'fresh_input'],
  ['cache_read_input_tokens', 'cache_read'],
  ['cache_creation.ephemeral_5m_input_tokens', 'cache_write'],
  ['cache_creation.ephemeral_1h_input_tokens', 'cache_write'],
  ['output_tokens', 'output'],
])

function chargeOf(line: Fields) {
  const currency = line.text('currency') ?? 'USD'
  if (currency !== 'USD')
    throw new TallystickError('bad_answer', `The report is in ${currency}; only USD can be compared.`)
  const type = line.text('cost_type')
  if (type === undefined && line.text('description') === undefined)
    throw new TallystickError(
      'bad_answer',
      'The cost report is not split by description: ask for it with group_by[]=description.',
    )
  const kind = type === 'tokens' ? TOKEN_TYPES.get(line.text('token_type') ?? '') : 'other'
  return { model: line.text('model'), kind, nanoUsd: nanoUsdOf(line.value('amount'), 7) }
}

function tokensOf(line: Fields) {
  const created = line.object('cache_creation')
  return {
    fresh_input: line.count('uncached_input_tokens') ?? 0,
    cache_read: line.count('cache_read_input_tokens') ?? 0,
    cache_write: (created.count('ephemeral_5m_input_tokens') ?? 0) + (created.count('ephemeral_1h_input_tokens') ?? 0),
    output: line.count('output_tokens') ?? 0,
  }
}
