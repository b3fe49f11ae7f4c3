import type { FeedSocket } from './feed-socket.ts'
import type { MessageChannel } from './message-channel.ts'
import { encode, gap } from './messages.ts'

/**
 * One client's place in a channel. It has no queue: it takes from the channel's ring as fast as its socket does, so that one
 * that reads nothing costs what the socket holds and no more; what the ring has dropped meanwhile is told as a gap.
 */
export interface Reader {
  readonly channel: MessageChannel
  /** Cursor of the last message that was handed to the socket. */
  readonly cursor: string
  /** Messages that were gone before they could be sent. */
  readonly missed: number
  /** Its socket takes nothing at present. */
  readonly blocked: boolean
  /** Sends at most so many messages; returns how many it sent. */
  pump(most: number): number
  /** Is there more that its socket would take? */
  hungry(): boolean
}

export interface ReaderOptions {
  readonly socket: FeedSocket
  readonly channel: MessageChannel
  /** Number of the first message it is to get. */
  readonly from: number
  /** Bytes that may wait in the socket. */
  readonly maxWaitingBytes: number
  readonly nowMs: () => number
  /** Told when a socket that took nothing does again. */
  readonly onReady: (channel: MessageChannel) => void
}

export function createReader({ socket, channel, from, maxWaitingBytes, nowMs, onReady }: ReaderOptions): Reader {
  const { ring } = channel
  let next = from
  let missed = 0
  let blocked = false

  const onSent = (): void => {
    if (!blocked || socket.waitingBytes > maxWaitingBytes / 2) return
    blocked = false
    onReady(channel)
  }
  const skipGone = (): void => {
    const gone = ring.first - next
    missed += gone
    next = ring.first
    socket.send(encode(gap(gone, 'slow', nowMs()), channel.cursor(next - 1)), onSent)
  }
  return {
    channel,
    get cursor() {
      return channel.cursor(next - 1)
    },
    get missed() {
      return missed
    },
    get blocked() {
      return blocked
    },
    pump(most) {
      let sent = 0
      while (sent < most && next < ring.next && !blocked) {
        if (socket.waitingBytes >= maxWaitingBytes) blocked = true
        else if (next < ring.first) {
          skipGone()
          sent++
        } else {
          socket.send(ring.at(next) as Uint8Array, onSent)
          next++
          sent++
        }
      }
      return sent
    },
    hungry: () => !blocked && next < ring.next,
  }
}
