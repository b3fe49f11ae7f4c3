import { TallystickError } from '@tallystick/core'
import type { LegalHold } from '../../state/hold.ts'
import { Members } from '../members.ts'
import { type Handler, json } from '../route.ts'
import { readJson } from './query.ts'

const NAME = /^[A-Za-z0-9._-]{1,64}$/
const REASON_BYTES = 512
const MEMBERS = ['name', 'reason', 'from_ms', 'to_ms']

/** `GET /api/v1/holds`: the legal holds that stand. */
export const listHolds: Handler = ({ app }) => json({ holds: app.holds.all().map(shown) })

/** `POST /api/v1/holds`: from now on nothing in a range of time is dropped. */
export const createHold: Handler = async ({ request, app, principal }) => {
  const members = new Members(await readJson(request, app), MEMBERS)
  const name = members.text('name', 64) ?? ''
  const reason = members.text('reason', REASON_BYTES)
  const fromMs = members.integer('from_ms', 0)
  const toMs = members.integer('to_ms', 1)
  if (!NAME.test(name)) members.wrong('name', 'must be 1 to 64 letters, digits, dots, dashes and underscores')
  if (!members.has('reason')) members.wrong('reason', 'must be given')
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) members.wrong('to_ms', 'must lie behind from_ms')
  if (app.state.rows('holds').has(name)) members.wrong('name', 'is that of a hold already; remove it first')
  members.assertRight()
  const row: LegalHold = {
    id: name,
    name,
    reason: reason as string,
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
    createdMs: app.clock.now(),
  }
  const facts = { reason: row.reason, from_ms: fromMs ?? null, to_ms: toMs ?? null }
  await app.state.write([{ table: 'holds', id: name, row }, ...app.audit.record(principal, 'hold.add', name, facts)])
  return json(shown(row), 201)
}

/** `DELETE /api/v1/holds/:id`: retention goes on where the hold stood. */
export const deleteHold: Handler = async ({ params, app, principal }) => {
  const row = app.state.rows('holds').get(params['id'] ?? '')
  if (row === undefined) throw new TallystickError('hold_not_found', 'There is no such hold.')
  await app.state.write([
    { table: 'holds', id: row.id, row: undefined },
    ...app.audit.record(principal, 'hold.remove', row.id),
  ])
  return json(shown(row))
}

const shown = ({ name, reason, fromMs, toMs, createdMs }: LegalHold): object => ({
  name,
  reason,
  from_ms: fromMs ?? null,
  to_ms: toMs ?? null,
  created_ms: createdMs,
})
