import type { Handler } from '../route.ts'
import { jsonFormat, listing } from './listing.ts'
import { selectionOf } from './parameters.ts'

const HOUR_SECONDS = 3_600

/** `GET /analytics/events`: the documents of a period, oldest first unless `order=desc`, all of them unless `limit`. */
export const events: Handler = (call) => {
  const selection = selectionOf(call.url.searchParams, call.app.clock.now(), HOUR_SECONDS)
  const { start, end } = selection.period
  return listing(
    call,
    selection,
    jsonFormat((count) => ({ count, start, end })),
    { 'content-type': 'application/json' },
  )
}
