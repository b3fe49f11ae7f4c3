import { TallystickError } from '@tallystick/core'
import { Members } from '../members.ts'
import { type Handler, json } from '../route.ts'
import { readJson } from './query.ts'
import { tenantOf } from './tenants.ts'

const USER_BYTES = 256

/** `POST /api/v1/erasures`: takes a user out of everything the server keeps, or only counts; answers when it is done. */
export const createErasure: Handler = async ({ request, app, principal }) => {
  const members = new Members(await readJson(request, app), ['user_id', 'tenant_id', 'dry_run'])
  const userId = members.text('user_id', USER_BYTES)
  const dryRun = members.flag('dry_run') ?? false
  if (!members.has('user_id')) members.wrong('user_id', 'must be given')
  const tenantId = tenantOf(members, principal)
  members.assertRight()
  if (userId === undefined) throw new TallystickError('invalid_body')
  const user = { userId, ...(tenantId === undefined ? {} : { tenantId }) }
  if (dryRun) return json({ dry_run: true, events: await app.erasure.count(user) })
  const { pseudonym, events, records, segments, rows } = await app.erasure.erase(user, principal)
  return json({ dry_run: false, pseudonym, events, records, segments, rows })
}

/** `GET /api/v1/erasures`: how far the one under way is. */
export const showErasure: Handler = ({ app }) => {
  const progress = app.erasure.progress()
  if (progress === undefined) return json({ running: null })
  const { pseudonym, startedMs, step, done, of } = progress
  return json({
    running: { pseudonym, started_ms: startedMs, step, segments_done: done ?? null, segments: of ?? null },
  })
}
