import { periodMembers, protocolQuery } from './asked.ts'
import { completed } from './completed.ts'
import { amount, integer } from './money.ts'

/** `GET /api/v1/analytics/spending/total`: what completed requests have cost. */
export const spendingTotal = protocolQuery(async (asked) => {
  const { requests, spendNanoUsd, unpriced } = await completed(asked)
  return {
    ...amount('total_spend', spendNanoUsd),
    currency: 'USD',
    total_requests: integer(requests),
    unpriced_requests: integer(unpriced),
    ...periodMembers(asked.period),
    filters: asked.shown,
  }
})
