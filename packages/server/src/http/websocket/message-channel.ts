import type { Channel } from '../live/channels.ts'
import { createMessageRing, type MessageRing } from './message-ring.ts'
import { encodeText } from './messages.ts'
import type { Reader } from './reader.ts'

/** The messages of one view, in one order, and those who read them. */
export interface MessageChannel extends Channel {
  readonly ring: MessageRing
  readonly readers: Set<Reader>
  /** Adds a message, given as JSON. */
  push(json: string): void
  /** Names the place behind a message. */
  cursor(seq: number): string
  /** The message a cursor stands behind; undefined for one of another channel, or of none. */
  seqOf(cursor: string): number | undefined
}

/** @param life part of every cursor: a number of another channel must not be taken for one of this */
export function createMessageChannel(life: string): MessageChannel {
  const ring = createMessageRing()
  const readers = new Set<Reader>()
  const cursor = (seq: number): string => `${life}.${seq}`
  return {
    ring,
    readers,
    cursor,
    get idle() {
      return readers.size === 0
    },
    push(json) {
      ring.push(encodeText(json, cursor(ring.next)))
    },
    seqOf(text) {
      const [lifeOfText, number = '', ...rest] = text.split('.')
      if (lifeOfText !== life || rest.length > 0 || !/^\d{1,15}$/.test(number)) return undefined
      const seq = Number(number)
      return seq < ring.next ? seq : undefined
    },
    keep: ring.bound,
    close: ring.clear,
  }
}
