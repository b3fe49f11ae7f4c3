import { TallystickError } from '@tallystick/core'
import { readRepriceRequest } from '../../reprice/request.ts'
import { type Handler, json } from '../route.ts'
import { readJson } from './query.ts'

/** `POST /api/v1/repricings`: begins one; what it comes to is asked for by its id. */
export const startRepricing: Handler = async ({ request, app, principal }) => {
  const asked = readRepriceRequest(await readJson(request, app), app.clock.now())
  const { fromMs, toMs } = asked.query
  const run = await app.repricings.start(asked, (id, version) =>
    app.audit.record(principal, 'events.reprice', id, {
      version,
      from_ms: fromMs,
      to_ms: toMs,
      model: asked.model ?? null,
      provider: asked.provider ?? null,
    }),
  )
  return json(run, 202)
}

/** `GET /api/v1/repricings`. */
export const listRepricings: Handler = ({ app }) => json({ repricings: app.repricings.list() })

/** `GET /api/v1/repricings/:id`. */
export const showRepricing: Handler = ({ app, params }) => {
  const run = app.repricings.show(params['id'] ?? '')
  if (run === undefined) throw new TallystickError('repricing_not_found')
  return json(run)
}
