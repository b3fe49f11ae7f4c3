import type { Random } from '../event/index.ts'

const SEQ_RANGE = 0x4000000
const MS_RANGE = 0x1000000000000
const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-7([0-9a-f]{3})-([89ab][0-9a-f]{3})-([0-9a-f]{12})$/

/**
 * Ids of the events that brought none: UUIDv7 (RFC 9562), made from what is stored anyway when somebody asks.
 *
 * 48 bits of the event's instant, 26 bits of its `seq` in place of the counter, 48 random bits that are the recorder's
 * own. Two events of one recorder have the same id only if 67 million of them share a millisecond; of two recorders only
 * if instant, `seq` and all random bits agree. So recording makes no text, and a minted id leads back to its event without
 * an index.
 */
export class MintedIds {
  readonly #own: string

  constructor(random: Random) {
    this.#own = randomHex(random, 6)
  }

  idOf(timestampMs: number, seq: number): string {
    const ms = hex(timestampMs % MS_RANGE, 12)
    const low = seq % SEQ_RANGE
    return `${ms.slice(0, 8)}-${ms.slice(8)}-7${hex(low >>> 14, 3)}-${hex(0x8000 | (low & 0x3fff), 4)}-${this.#own}`
  }

  /** The `seq` modulo {@link MintedIds.seqRange} of an id that this recorder may have minted; undefined of any other. */
  seqOf(id: string): number | undefined {
    const match = id.length === 36 ? UUID.exec(id) : null
    if (match === null || match[5] !== this.#own) return undefined
    return (Number.parseInt(match[3] as string, 16) << 14) | (Number.parseInt(match[4] as string, 16) & 0x3fff)
  }

  static readonly seqRange = SEQ_RANGE
}

/** So many random bytes as lower-case hex digits. */
export function randomHex(random: Random, bytes: number): string {
  return [...random.fill(new Uint8Array(bytes))].map((byte) => hex(byte, 2)).join('')
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
