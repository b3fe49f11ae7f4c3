import { type Handler, json } from '../route.ts'
import { SHARED_MEASURES, SPEED_MEASURE, sharedFigures } from './figures.ts'
import { settled } from './parameters.ts'
import { requestFigures } from './requests.ts'

const DAY_MS = 86_400_000
/** The doors let nothing older in. */
const EARLIEST_MS = Date.UTC(2000, 0, 1)

/** `GET /analytics/stats`: what the store holds, how long it keeps it, and the totals of all requests. */
export const stats: Handler = async ({ request, url, app }) => {
  await settled(url, app)
  const { capabilities } = app.store
  // One day ahead is as far as the doors let an event lie.
  const range = { fromMs: EARLIEST_MS, toMs: app.clock.now() + DAY_MS + 1 }
  const [held, { totals, ask }] = await Promise.all([
    app.store.stats(),
    requestFigures(app, range, [], SHARED_MEASURES, request.signal),
  ])
  const speed = await ask({ measures: [SPEED_MEASURE] })
  return json({
    total_events: held.events,
    backend_type: capabilities.backendType,
    ttl_seconds: app.eventsTtlMs === undefined ? null : Math.floor(app.eventsTtlMs / 1000),
    max_events: capabilities.maxEvents ?? null,
    ...sharedFigures(totals, speed.rows[0]?.[SPEED_MEASURE]),
  })
}
