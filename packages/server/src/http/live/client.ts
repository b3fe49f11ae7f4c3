import { frame } from './frames.ts'

/** Bytes that may wait for one client. */
export const CLIENT_BYTES = 1024 * 1024

/** One open stream. What it cannot take is skipped and told to it later, so that a stalled reader costs a fixed amount. */
export interface LiveClient {
  readonly stream: ReadableStream<Uint8Array>
  /** Queues a frame, or skips it when the client is too far behind. */
  send(bytes: Uint8Array): void
  /** Queues a frame the client asked for or must have; refused only by a client that is gone. */
  sendAll(frames: readonly Uint8Array[]): void
  /** Ticks skipped in all. */
  readonly skipped: number
  readonly waitingBytes: number
  /** Monotonic ms since which bytes have waited without any being read; undefined when none wait. */
  readonly stalledSinceMs: number | undefined
  /** Ends the stream; what still waits is thrown away. */
  end(): void
}

export interface LiveClientOptions {
  readonly monotonic: () => number
  readonly onGone: (client: LiveClient) => void
  readonly maxBytes?: number
}

/**
 * The queue is ours rather than the stream's controller's, because only then can it be emptied when a stalled client is
 * given up.
 */
export function createLiveClient({ monotonic, onGone, maxBytes = CLIENT_BYTES }: LiveClientOptions): LiveClient {
  let queue: Uint8Array[] = []
  let waiting = 0
  let missed = 0
  let skipped = 0
  let ended = false
  let stalledSince: number | undefined
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let pulled: (() => void) | undefined

  const flush = (): void => {
    if (pulled === undefined || controller === undefined) return
    const next = queue.shift()
    if (next === undefined) return
    waiting -= next.byteLength
    stalledSince = queue.length > 0 ? monotonic() : undefined
    const resolve = pulled
    pulled = undefined
    controller.enqueue(next)
    resolve()
  }
  const enqueue = (bytes: Uint8Array): void => {
    if (queue.length === 0) stalledSince = monotonic()
    queue.push(bytes)
    waiting += bytes.byteLength
    flush()
  }
  const finish = (): void => {
    ended = true
    queue = []
    waiting = 0
    stalledSince = undefined
    pulled?.()
    pulled = undefined
    onGone(client)
  }

  const client: LiveClient = {
    stream: new ReadableStream<Uint8Array>(
      {
        start(own) {
          controller = own
        },
        pull() {
          return new Promise((resolve) => {
            pulled = resolve
            flush()
          })
        },
        cancel() {
          if (!ended) finish()
        },
      },
      { highWaterMark: 0 },
    ),
    send(bytes) {
      if (ended) return
      if (waiting + bytes.byteLength > maxBytes) {
        missed++
        skipped++
        return
      }
      if (missed > 0) {
        enqueue(frame('gap', { missed }))
        missed = 0
      }
      enqueue(bytes)
    },
    sendAll(frames) {
      if (!ended) for (const bytes of frames) enqueue(bytes)
    },
    get skipped() {
      return skipped
    },
    get waitingBytes() {
      return waiting
    },
    get stalledSinceMs() {
      return stalledSince
    },
    end() {
      if (ended) return
      finish()
      controller?.close()
    },
  }
  return client
}
