import { TallystickError } from '@tallystick/core'
import { readNotes, takeNotes } from '../../control/notes.ts'
import { portionLines } from '../../control/portion.ts'
import type { AppContext } from '../app-context.ts'
import { parseJson } from '../batch.ts'
import { readBody } from '../body.ts'
import { type Handler, json } from '../route.ts'
import { streamBody } from '../stream-body.ts'

/** Connections are not held for ever: what stands between may cut a silent one. */
const MOST_WAIT_MS = 30_000

/** `GET /api/v1/control/changes`: what has changed since a position, as soon as there is anything; or everything. */
export const controlChanges: Handler = async ({ app, url, request }) => {
  assertOwner(app)
  const waitMs = Number(url.searchParams.get('wait_ms') ?? 0)
  if (!Number.isSafeInteger(waitMs) || waitMs < 0 || waitMs > MOST_WAIT_MS)
    throw new TallystickError('out_of_range', `wait_ms must be an integer from 0 to ${MOST_WAIT_MS}.`)
  const portion = await app.controlFeed.after(url.searchParams.get('after') ?? undefined, waitMs, request.signal)
  return new Response(streamBody(portionLines(portion), app), { headers: { 'content-type': 'application/x-ndjson' } })
}

/** `POST /api/v1/control/notes`. */
export const takeControlNotes: Handler = async ({ app, request }) => {
  assertOwner(app)
  const bytes = await readBody(request.body, app.limits.bodyBytes, app.budget)
  try {
    return json({ taken: await takeNotes(readNotes(parseJson(bytes)), app.state, app.audit) })
  } finally {
    app.budget.give(bytes.byteLength)
  }
}

/** A copy of a copy would be as old as both together, and nobody would know. */
function assertOwner({ follows }: AppContext): void {
  if (follows === undefined) return
  throw new TallystickError(
    'control_elsewhere',
    `This server follows ${follows.owner.url}, which owns the control state: set control.url to that.`,
  )
}
