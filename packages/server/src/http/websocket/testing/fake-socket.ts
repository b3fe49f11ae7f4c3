import type { FeedSocket } from '../feed-socket.ts'

/** A message as a client reads it. */
export type Told = Readonly<Record<string, unknown>> & { readonly type: string; readonly cursor?: string }

/** A connection whose other end reads when it is told to. */
export interface FakeSocket extends FeedSocket {
  /** Everything it was sent. */
  readonly told: Told[]
  readonly closed: { readonly code: number; readonly reason: string } | undefined
  readonly pings: number
  /** From now on what is sent waits. */
  stall(): void
  /** The system takes all that waits. */
  drain(): void
}

export function createFakeSocket(): FakeSocket {
  let stalled = false
  let waiting = 0
  let pings = 0
  let taken: (() => void)[] = []
  let closed: FakeSocket['closed']
  const told: Told[] = []
  return {
    told,
    get closed() {
      return closed
    },
    get pings() {
      return pings
    },
    get waitingBytes() {
      return waiting
    },
    send(message, sent) {
      told.push(JSON.parse(Buffer.from(message).toString()) as Told)
      if (sent !== undefined) taken.push(sent)
      if (stalled) waiting += message.byteLength
      else for (const job of taken.splice(0)) job()
    },
    ping() {
      pings++
    },
    close(code, reason) {
      closed = { code, reason }
    },
    stall() {
      stalled = true
    },
    drain() {
      stalled = false
      waiting = 0
      const jobs = taken
      taken = []
      for (const job of jobs) job()
    },
  }
}
