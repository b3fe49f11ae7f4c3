import { TallystickError } from '@tallystick/core'
import { parseQuery } from '@tallystick/core/query'
import type { AppContext } from '../app-context.ts'
import { parseJson } from '../batch.ts'
import { readBody } from '../body.ts'
import { bodyFormat, isGzipped } from '../media.ts'
import { type Handler, json } from '../route.ts'

/**
 * `POST /api/v1/query`. With `?consistency=applied` it first waits for everything acknowledged so far; a store that
 * cannot apply it, or not in time, is answered with `store_unavailable`.
 */
export const query: Handler = async ({ request, url, app, store }) => {
  const { headers, signal } = request
  if (bodyFormat(headers.get('content-type') ?? undefined) !== 'json')
    throw new TallystickError('unsupported_media_type', 'A query is one JSON object; send application/json.')
  if (isGzipped(headers.get('content-encoding') ?? undefined))
    throw new TallystickError('unsupported_encoding', 'A query is small; send it uncompressed.')
  const parsed = parseQuery(await readJson(request, app), { nowMs: app.clock.now() })
  if (waitsForApplied(url)) await app.ingest.applied(app.limits.appliedWaitMs)
  return json(await app.queries.run(() => store.query(parsed, { signal }), signal))
}

/** The body of a request as JSON, however it is called. @throws TallystickError `body_too_large`, `invalid_json`, `overloaded` */
/** @param empty what a body of no bytes is; without it that is no JSON */
export async function readJson(request: Request, app: AppContext, empty?: unknown): Promise<unknown> {
  const bytes = await readBody(request.body, app.limits.queryBytes, app.budget)
  try {
    return bytes.byteLength === 0 && empty !== undefined ? empty : parseJson(bytes)
  } finally {
    app.budget.give(bytes.byteLength)
  }
}

export function waitsForApplied(url: URL): boolean {
  return url.searchParams.get('consistency') === 'applied'
}
