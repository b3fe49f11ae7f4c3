import { type Handler, json } from '../route.ts'

/** `GET /api/v1/invariants`: one consistent snapshot of the conservation law; `balanced` holds under load too. */
export const invariants: Handler = async ({ app }) => json(await app.ingest.invariants())
