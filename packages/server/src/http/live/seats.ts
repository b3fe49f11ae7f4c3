import { TallystickError } from '@tallystick/core'
import type { Principal } from '../../identity/principal.ts'

export interface SeatLimits {
  readonly all: number
  /** For each key, agent or user; a server without keys knows nobody apart. */
  readonly each: number
  /** Of what, for the message. */
  readonly what: string
}

/** @throws TallystickError `too_many_streams` when all seats are taken, or all that one of them may have */
export function refuseBeyond(
  { all, each, what }: SeatLimits,
  principal: Principal,
  taken: Iterable<{ readonly principal: Principal }>,
): void {
  let seats = 0
  let own = 0
  for (const seat of taken) {
    seats++
    if (nameOf(seat.principal) === nameOf(principal)) own++
  }
  if (seats >= all) throw new TallystickError('too_many_streams', `${seats} ${what} are open, which is the limit.`)
  if (principal.kind !== 'local' && own >= each)
    throw new TallystickError('too_many_streams', `${own} ${what} of ${principal.name} are open, which is the limit.`)
}

const nameOf = ({ keyId, name }: Principal): string => (keyId === undefined ? `name ${name}` : `key ${keyId}`)
