import { readBody } from '../body.ts'
import { type Handler, json } from '../route.ts'

/** `POST /analytics/clear`: removes every event and total, durably. A body is not looked at, but may not be endless. */
export const clear: Handler = async ({ request, app, principal }) => {
  const body = await readBody(request.body, app.limits.queryBytes, app.budget)
  app.budget.give(body.byteLength)
  app.holds.assertFree()
  // First: what is not written down is not removed.
  await app.state.write(app.audit.record(principal, 'events.clear'))
  await app.ingest.clear(app.limits.appliedWaitMs)
  return json({ success: true, message: 'Analytics data cleared' })
}
