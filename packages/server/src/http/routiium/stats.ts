import { type Handler, json } from '../route.ts'
import { SHARED_MEASURES, SPEED_MEASURE, sharedFigures } from './figures.ts'
import { settled } from './parameters.ts'
import { requestFigures } from './requests.ts'

const DAY_MS = 86_400_000
/** The doors let nothing older in. */
const EARLIEST_MS = Date.UTC(2000, 0, 1)

/** `GET /analytics/stats`: what the store holds, how long it keeps it, and the totals of all requests. */
export const stats: Handler = async (call) => {
  const { url, app, store } = call
  await settled(url, app)
  const { capabilities } = store
  // One day ahead is as far as the doors let an event lie.
  const range = { fromMs: EARLIEST_MS, toMs: app.clock.now() + DAY_MS + 1 }
  const [held, { totals, ask }] = await Promise.all([store.stats(), requestFigures(call, range, [], SHARED_MEASURES)])
  const speed = await ask({ measures: [SPEED_MEASURE] })
  return json({
    total_events: held.events,
    backend_type: capabilities.backendType,
    ttl_seconds: app.retention.eventsMs === undefined ? null : Math.floor(app.retention.eventsMs / 1000),
    max_events: capabilities.maxEvents ?? null,
    ...sharedFigures(totals, speed.rows[0]?.[SPEED_MEASURE]),
  })
}
