import { ErrorPatterns } from '../error-patterns.ts'
import { CALLS, countOf, isOther, otherMark, type ReportSource, textOf } from './ask.ts'
import type { ReportErrors } from './report.ts'
import { spent } from './totals.ts'

const KINDS = 20
const PATTERNS = 10
/** Failures that are read one by one; more would keep the store from its other work. */
const READ = 50_000
const MOST_PATTERNS = 1_000

export async function errorsOf({ ask, scan }: ReportSource): Promise<ReportErrors> {
  const { rows } = await ask({
    measures: ['failed_requests', 'cost_nano_usd'],
    group_by: ['error_type', 'error_code', 'status_code'],
    filters: { success: [false] },
    order_by: '-failed_requests',
    limit: KINDS,
  })
  const patterns = new ErrorPatterns(MOST_PATTERNS)
  let events = 0
  const all = await scan(
    {
      filters: { ...CALLS, success: [false] },
      fields: ['kind', 'timestampMs', 'success', 'errorType', 'errorCode', 'errorMessage', 'statusCode'],
      limit: READ,
    },
    (event) => {
      events++
      patterns.add(event)
    },
  )
  const failed = rows.filter((row) => countOf(row, 'failed_requests') > 0)
  return {
    requests: failed.reduce((sum, row) => sum + countOf(row, 'failed_requests'), 0),
    by_kind: failed.map((row) => {
      const status = isOther(row) ? null : row['status_code']
      return {
        error_type: isOther(row) ? null : textOf(row, 'error_type'),
        error_code: isOther(row) ? null : textOf(row, 'error_code'),
        status_code: typeof status === 'number' ? status : null,
        ...otherMark(row),
        requests: countOf(row, 'failed_requests'),
        cost_nano_usd: spent(row),
      }
    }),
    patterns: patterns
      .top(PATTERNS)
      .map(({ type, code, statusCode, message, samples, count, firstSeenMs, lastSeenMs }) => ({
        type,
        code: code ?? null,
        status_code: statusCode ?? null,
        message: message ?? null,
        count,
        first_seen_ms: firstSeenMs,
        last_seen_ms: lastSeenMs,
        sample_messages: samples,
      })),
    patterns_read: { events, all },
  }
}
