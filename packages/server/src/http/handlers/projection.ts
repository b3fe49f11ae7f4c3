import { exactToJson } from '@tallystick/core/event'
import { type Outlook, outlookOf, outlookQuery, type Spend } from '@tallystick/core/insight'
import { parseQuery } from '@tallystick/core/query'
import { PROJECTION_DOC } from '../openapi/projection.ts'
import { documentedParameters } from '../parameters.ts'
import { type Handler, json } from '../route.ts'
import { selectionOf } from './events.ts'
import { waitsForApplied } from './query.ts'

const OWN = documentedParameters(PROJECTION_DOC)

/**
 * `GET /api/v1/projection`: spend today, in seven days and this month, by the days of a zone, and what the month comes to.
 * Filters are parameters as with `GET /api/v1/events`.
 */
export const projection: Handler = async ({ app, store, url, request: { signal } }) => {
  const nowMs = app.clock.now()
  const { filters } = selectionOf(url.searchParams, OWN, nowMs)
  const timeZone = url.searchParams.get('time_zone') ?? 'UTC'
  const query = { ...parseQuery(outlookQuery(nowMs, timeZone), { nowMs }), filters }
  if (waitsForApplied(url)) await app.ingest.applied(app.limits.appliedWaitMs)
  const { rows, complete_to_ms } = await app.queries.run(() => store.query(query, { signal }), signal)
  return json({ now_ms: nowMs, complete_to_ms, time_zone: timeZone, ...outlookJson(outlookOf(rows, nowMs, timeZone)) })
}

function outlookJson(outlook: Outlook): object {
  const { today, yesterday, lastDays, previousDays, month, lastMonth, wholeDays, monthEnd } = outlook
  return {
    today: spendJson(today),
    yesterday: spendJson(yesterday),
    last_7_days: spendJson(lastDays),
    previous_7_days: spendJson(previousDays),
    this_month: spendJson(month),
    last_month: spendJson(lastMonth),
    whole_days: wholeDays,
    month_end:
      monthEnd === undefined
        ? null
        : {
            expected_nano_usd: exactToJson(monthEnd.expectedNanoUsd),
            low_nano_usd: exactToJson(monthEnd.lowNanoUsd),
            high_nano_usd: exactToJson(monthEnd.highNanoUsd),
          },
  }
}

const spendJson = ({ fromMs, toMs, costNanoUsd, requests, unpricedRequests }: Spend): object => ({
  from_ms: fromMs,
  to_ms: toMs,
  cost_nano_usd: costNanoUsd === null ? null : exactToJson(costNanoUsd),
  requests: exactToJson(requests),
  unpriced_requests: exactToJson(unpricedRequests),
})
