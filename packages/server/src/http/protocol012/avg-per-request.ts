import { QUANTITY_OF, type Quantity } from '@tallystick/core/query'
import { periodMembers, protocolQuery } from './asked.ts'
import { COMPLETED, completed } from './completed.ts'
import { amount, integer, perRequest } from './money.ts'

const COST = QUANTITY_OF.get('cost_nano_usd') as Quantity

/**
 * `GET /api/v1/analytics/spending/avg-per-request`: mean, median, least and greatest cost of a completed request. One
 * without a price counts as 0, as it does in the sum. Totals outlive single events, ranks do not: `ranked_requests` says
 * how many the median, the least and the greatest are of.
 */
export const avgPerRequest = protocolQuery(async (asked) => {
  const { filters, period, shown, signal, store } = asked
  const { requests, spendNanoUsd, unpriced } = await completed(asked)
  const { fromMs, toMs } = period
  const spread = await store.spread(
    { fromMs, toMs, filters: [...filters, ...COMPLETED], quantity: COST, absentAs: 0 },
    { signal },
  )
  const [lower, upper] = spread?.middle ?? [0, 0]
  return {
    ...perRequest('average_cost_per_request', spendNanoUsd, requests),
    total_requests: integer(requests),
    ...amount('total_spend', spendNanoUsd),
    ...perRequest('median_cost_per_request', BigInt(lower) + BigInt(upper), 2n),
    ...perRequest('min_cost_per_request', BigInt(spread?.least ?? 0), 1n),
    ...perRequest('max_cost_per_request', BigInt(spread?.greatest ?? 0), 1n),
    ranked_requests: spread?.count ?? 0,
    unpriced_requests: integer(unpriced),
    ...periodMembers(period),
    filters: shown,
  }
})
