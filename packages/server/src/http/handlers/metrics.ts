import { seesAll } from '../../identity/principal.ts'
import type { Handler } from '../route.ts'
import { scrapeAnswer } from '../scrape.ts'

/** `GET /metrics`: the figures of whoever asks, and of the server as a whole for whoever sees that. */
export const metrics: Handler = async ({ app, principal, request, url }) => {
  const what = { share: principal.tenantId, operation: seesAll(principal) }
  const accept = request.headers.get('accept') ?? undefined
  const { type, body } = await scrapeAnswer(app.metrics, what, url.searchParams, accept)
  return new Response(body, { headers: { 'content-type': type } })
}
