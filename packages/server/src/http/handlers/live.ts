import type { Handler } from '../route.ts'

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' }

/** `GET /api/v1/live`: `hello`, then a `tick` a second while there is anything new; `gap` and `reset` when some are missing. */
export const live: Handler = ({ request, app, principal }) => {
  // HEAD is answered from this handler too, and nobody would ever read or close its stream.
  if (request.method === 'HEAD') return new Response(null, { headers: HEADERS })
  return new Response(app.live.open(request.headers.get('last-event-id') ?? undefined, principal), { headers: HEADERS })
}
