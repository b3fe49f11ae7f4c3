/** The last messages of a channel, by number. What clients have not been sent yet waits here, once for all of them. */
export interface MessageRing {
  push(message: Uint8Array): void
  /** Undefined where it is gone, or has not come yet. */
  at(seq: number): Uint8Array | undefined
  /** Number of the oldest message it has; `next` where it has none. */
  readonly first: number
  /** Number that the next message will get. */
  readonly next: number
  readonly bytes: number
  /** From now on it keeps at most so many bytes. */
  bound(maxBytes: number): void
  /** Forgets what it has; numbers go on. */
  clear(): void
}

/** What a message costs beside its bytes. */
const OVERHEAD_BYTES = 128
/** The room of messages that are gone is given back once it is as large as what is left, and no sooner than this. */
const SPARE = 1_024

/** Numbers begin at 1, so that 0 is the place before all messages. */
export function createMessageRing(maxBytes = Number.POSITIVE_INFINITY): MessageRing {
  let messages: (Uint8Array | undefined)[] = []
  let gone = 0
  let first = 1
  let bytes = 0
  let most = maxBytes

  const trim = (): void => {
    while (bytes > most && gone < messages.length) {
      bytes -= (messages[gone] as Uint8Array).byteLength + OVERHEAD_BYTES
      messages[gone] = undefined
      gone++
      first++
    }
    if (gone < SPARE || gone * 2 < messages.length) return
    messages = messages.slice(gone)
    gone = 0
  }
  const ring: MessageRing = {
    push(message) {
      messages.push(message)
      bytes += message.byteLength + OVERHEAD_BYTES
      trim()
    },
    at: (seq) => (seq < first ? undefined : messages[gone + seq - first]),
    get first() {
      return first
    },
    get next() {
      return first + messages.length - gone
    },
    get bytes() {
      return bytes
    },
    bound(maxBytes) {
      most = maxBytes
      trim()
    },
    clear() {
      first = ring.next
      messages = []
      gone = 0
      bytes = 0
    },
  }
  return ring
}
