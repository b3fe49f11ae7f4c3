import { parseQuery } from '@tallystick/core/query'
import { periodMembers, protocolQuery } from './asked.ts'
import { exactOf, integer } from './money.ts'

const KINDS = ['llm_request_completed', 'llm_request_failed'] as const

/** `GET /api/v1/analytics/usage/requests`: how many requests completed and how many failed. */
export const usageRequests = protocolQuery(async ({ filters, nowMs, period, shown, signal, store }) => {
  const range = { from: period.fromMs, to: period.toMs }
  const query = parseQuery(
    { ...range, measures: ['requests'], group_by: ['kind'], filters: { kind: KINDS } },
    { nowMs },
  )
  const { rows } = await store.query({ ...query, filters: [...query.filters, ...filters] }, { signal })
  const [successful, failed] = KINDS.map((kind) =>
    exactOf(rows.find((row) => row['kind'] === kind)?.['requests']),
  ) as unknown as readonly [bigint, bigint]
  const total = successful + failed
  return {
    total_requests: integer(total),
    successful_requests: integer(successful),
    failed_requests: integer(failed),
    success_rate: total === 0n ? 0 : Math.round((Number(successful) / Number(total)) * 10_000) / 100,
    ...periodMembers(period),
    filters: shown,
  }
})
