import type { Clock } from '@tallystick/core/event'
import type { Audit } from '../state/audit-log.ts'
import type { ControlState } from '../state/state.ts'
import { mintKey } from './api-key.ts'
import { LOCAL } from './principal.ts'

/**
 * Makes the key by which whoever started the server gets in and makes others.
 *
 * @returns its text, which is not kept
 */
export async function createFirstKey(
  state: Pick<ControlState, 'write'>,
  clock: Pick<Clock, 'now'>,
  audit: Pick<Audit, 'record'>,
): Promise<string> {
  const { id, text, secretHash } = mintKey()
  await state.write([
    { table: 'keys', id, row: { id, name: 'first key', secretHash, scopes: ['admin'], createdMs: clock.now() } },
    ...audit.record(LOCAL, 'key.create', id, { name: 'first key', scopes: 'admin' }),
  ])
  return text
}
