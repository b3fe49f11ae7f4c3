import { type UsageEvent, uuidv7TimeMs } from '@tallystick/core/event'
import { FIRST_RESERVATION, SETTLED } from './hot-table.ts'
import type { IdIndex } from './id-index.ts'
import { identityKey } from './identity.ts'
import { dayOf, placementOf } from './placement.ts'
import { Reservation } from './reservation.ts'

/** One event that asks for its id. */
export interface Claim {
  readonly event: UsageEvent
  /** {@link contentHash} of what the client sent. */
  readonly contentHash: string
  readonly receivedMs: number
  /** The id was minted here a moment ago: nobody can have sent it before. */
  readonly minted: boolean
}

/**
 * `fresh`: the id is reserved for the caller. `duplicate`, `conflict`: it is taken, by the same or by other content; where the
 * first content is not known any more it counts as the same. A reservation: another delivery holds it; claim again when that is `done`.
 */
export type ClaimResult = 'fresh' | 'duplicate' | 'conflict' | Reservation

/**
 * Each event once: the ids of all retained events, exactly, whatever memory allows.
 *
 * An id is reserved before its event is journaled and taken when the event is durable, so two deliveries of one event can
 * never both be accepted, and a failed write leaves nothing behind.
 */
export class Dedup {
  readonly index: IdIndex
  readonly salt: string
  /** Width of a bucket of ids that name no day of their own. */
  readonly strayDays: number
  readonly #open = new Map<number, Reservation>()
  readonly #key = new Uint32Array(4)
  #lastNumber = FIRST_RESERVATION - 1

  constructor(index: IdIndex, salt: string, strayDays: number) {
    this.index = index
    this.salt = salt
    this.strayDays = strayDays
  }

  /** Begins a delivery of at most `capacity` claims. It must end with `settle` or `release`. */
  reserve(capacity: number): Reservation {
    this.#lastNumber = this.#lastNumber >= 0xffff_ffff ? FIRST_RESERVATION : this.#lastNumber + 1
    const reservation = new Reservation(this.#lastNumber, capacity, ({ number }) => this.#open.delete(number))
    this.#open.set(reservation.number, reservation)
    return reservation
  }

  /** Claims an id for a reservation. Throws `DamagedRunError` when a file of ids turns out to be damaged. */
  claim(reservation: Reservation, { event, contentHash, receivedMs, minted }: Claim): ClaimResult {
    const { index } = this
    const key = this.#key
    identityKey(this.salt, event, key)
    const hash0 = Number.parseInt(contentHash.slice(0, 8), 16)
    const hash1 = Number.parseInt(contentHash.slice(8, 16), 16)
    const idMs = uuidv7TimeMs(event.eventId)
    if (!minted && index.find(key, idMs === undefined ? undefined : dayOf(idMs))) {
      const { found } = index
      if (found.mark !== SETTLED && found.mark !== reservation.number) {
        const holder = this.#open.get(found.mark)
        if (holder) return holder
      }
      const same = (found.hash0 === hash0 && found.hash1 === hash1) || (found.hash0 === 0 && found.hash1 === 0)
      return same ? 'duplicate' : 'conflict'
    }
    const place = placementOf(idMs, event.timestampMs, receivedMs, this.strayDays)
    reservation.hold(key, index.add(key, place, hash0, hash1, reservation.number, receivedMs))
    return 'fresh'
  }

  /** Takes in an event of the journal or the store, if it is not known yet. */
  adopt(event: UsageEvent, contentHash: string, receivedMs: number): void {
    const key = this.#key
    identityKey(this.salt, event, key)
    const idMs = uuidv7TimeMs(event.eventId)
    if (this.index.find(key, idMs === undefined ? undefined : dayOf(idMs))) return
    const place = placementOf(idMs, event.timestampMs, receivedMs, this.strayDays)
    const hash0 = Number.parseInt(contentHash.slice(0, 8), 16)
    const hash1 = Number.parseInt(contentHash.slice(8, 16), 16)
    this.index.add(key, place, hash0, hash1, SETTLED, receivedMs)
  }

  /** Resolves once every delivery that is open now has ended. */
  async settled(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ done }) => done))
  }
}
