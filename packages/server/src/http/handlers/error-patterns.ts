import type { FieldName } from '@tallystick/core/event'
import { ErrorPatterns } from '@tallystick/core/insight'
import { parseQuery } from '@tallystick/core/query'
import type { ScanCursor } from '../../store/store.ts'
import { ERROR_PATTERNS_DOC } from '../openapi/error-patterns.ts'
import { documentedParameters, type ParameterTable } from '../parameters.ts'
import { type Handler, json } from '../route.ts'
import { limitOf, selectionOf } from './events.ts'
import { waitsForApplied } from './query.ts'

const OWN: ParameterTable = documentedParameters(ERROR_PATTERNS_DOC)
/** Messages are in no totals: failures are read one by one, the newest first, and no more than these. */
const MOST_READ = 50_000
const PAGE = 5_000
/** Patterns kept apart; further ones are one. */
const MOST_PATTERNS = 1_000
const FIELDS: readonly FieldName[] = ['timestampMs', 'success', 'errorType', 'errorCode', 'errorMessage', 'statusCode']

/**
 * `GET /api/v1/error-patterns`: failures of a range that are the same but for numbers and ids, the most frequent first. Every
 * dimension is a filter, as for `GET /api/v1/events`.
 */
export const errorPatterns: Handler = async ({ app, store, url, request: { signal } }) => {
  const nowMs = app.clock.now()
  const parameters = url.searchParams
  const selection = selectionOf(parameters, OWN, nowMs)
  const limit = limitOf(parameters.get('limit'))
  if (waitsForApplied(url)) await app.ingest.applied(app.limits.appliedWaitMs)
  const failed = parseQuery({ measures: ['events'], filters: { success: [false] } }, { nowMs }).filters
  const request = { ...selection, filters: [...selection.filters, ...failed] }
  const patterns = new ErrorPatterns(MOST_PATTERNS)
  let read = 0
  let after: ScanCursor | undefined
  do {
    signal.throwIfAborted()
    const page = await app.queries.run(
      () => store.scan({ ...request, limit: PAGE, fields: FIELDS, ...(after === undefined ? {} : { after }) }),
      signal,
    )
    for (const { event } of page.events) patterns.add(event)
    read += page.events.length
    after = page.next
  } while (after !== undefined && read < MOST_READ)
  return json({
    from_ms: selection.fromMs,
    to_ms: selection.toMs,
    read,
    // Older failures of the range were not looked at.
    read_from_ms: after?.timestampMs ?? null,
    patterns: patterns
      .top(limit)
      .map(({ type, code, statusCode, message, samples, count, firstSeenMs, lastSeenMs }) => ({
        type,
        code: code ?? null,
        status_code: statusCode ?? null,
        message: message ?? null,
        samples,
        count,
        first_seen_ms: firstSeenMs,
        last_seen_ms: lastSeenMs,
      })),
  })
}
