import { addressEvidence } from '../address/evidence.ts'
import { readBody } from '../body.ts'
import { type Handler, json } from '../route.ts'

/** `POST /api/v1/events` for requests that come as a `Request`; `node-ingest.ts` is the same for sockets. */
export const ingestEvents: Handler = async (call) => {
  const { request, url, app, principal } = call
  const { door, budget, limits } = app
  const { headers } = request
  const plan = door.plan({
    contentType: headers.get('content-type') ?? undefined,
    contentEncoding: headers.get('content-encoding') ?? undefined,
    idempotencyKey: headers.get('idempotency-key') ?? undefined,
    search: url.search,
    header: (name) => headers.get(name) ?? undefined,
  })
  const bytes = await readBody(request.body, limits.bodyBytes, budget)
  try {
    return json(await door.take(bytes, plan, principal, app.clientAddress.observed(addressEvidence(call))))
  } finally {
    budget.give(bytes.byteLength)
  }
}
