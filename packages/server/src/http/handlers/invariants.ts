import type { ParameterTable } from '../parameters.ts'
import { type Handler, json } from '../route.ts'

export const INVARIANTS_PARAMETERS: ParameterTable = new Map([['audit', ['0', '1']]])

/**
 * `GET /api/v1/invariants`: one consistent snapshot of the conservation law; `balanced` holds under load too. With
 * `?audit=1` journal, store and rollups are compared with each other, which reads the whole journal.
 */
export const invariants: Handler = async ({ app, url }) =>
  json(url.searchParams.get('audit') === '1' ? await app.verify() : await app.ingest.invariants())
