import { TallystickError } from '@tallystick/core'
import { type Clock, systemClock } from '@tallystick/core/event'
import type { StoredEvent } from '../../store/store.ts'
import { CLIENT_BYTES, createLiveClient, type LiveClient } from './client.ts'
import { frame, HEARTBEAT } from './frames.ts'
import { LIVE_BUCKET_MS, LIVE_MEASURES, LIVE_PLAN } from './plan.ts'
import { createReplayRing } from './replay-ring.ts'
import { createTickFold } from './tick-fold.ts'

export const TICK_MS = 1_000
export const HEARTBEAT_MS = 15_000
/** Ticks kept for clients that come back; and how long the hub goes on folding after the last one has left. */
export const RING_TICKS = 300
const RING_BYTES = 8 * 1024 * 1024
/** A larger tick costs more to move than a query that asks again. */
const MAX_TICK_BYTES = 256 * 1024
/** A client that has read nothing for this long while bytes wait is given up. */
const STALLED_MS = 90_000

/**
 * Live figures: accepted events folded into cells, one merged tick a second while there is anything new, the same bytes
 * for every client.
 *
 * Nobody listening costs nothing: events are folded only while a client is connected or the last one left less than
 * {@link RING_TICKS} seconds ago, so that a page that reconnects is given what it missed; no timer runs otherwise.
 */
export interface LiveHub {
  /** Called with each group of accepted events. Never throws. */
  publish(events: readonly StoredEvent[]): void
  /**
   * Opens a stream. With the `Last-Event-ID` of an earlier one it first gets what it missed, or `reset` when that is not
   * known any more and figures must be asked for again.
   *
   * @throws TallystickError `too_many_streams`, `shutting_down`
   */
  open(lastEventId: string | undefined): ReadableStream<Uint8Array>
  /** Everything was removed: tells whoever watches to ask for the figures again. */
  reset(): void
  stats(): LiveStats
  /** Ends every stream and stops the timers. */
  close(): void
}

export interface LiveStats {
  readonly streams: number
  readonly ticks: number
  /** Ticks that slow clients did not get. */
  readonly skipped: number
  readonly waitingBytes: number
}

export interface LiveHubOptions {
  readonly maxStreams?: number
  readonly clock?: Clock
  /** Runs `job` once after `ms`; returns how to call it off. Tests bring their own. */
  readonly after?: (ms: number, job: () => void) => () => void
}

export function createLiveHub(options: LiveHubOptions = {}): LiveHub {
  const { maxStreams = 200, clock = systemClock, after = afterTimeout } = options
  const clients = new Set<LiveClient>()
  const fold = createTickFold()
  const ring = createReplayRing(RING_TICKS, RING_BYTES)
  // Part of every event id: a sequence number of an earlier life of the server must not be taken for one of this.
  const life = clock.now().toString(36)
  let seq = 0
  let skippedByGone = 0
  let closed = false
  let awake = false
  let lastLeftMs = 0
  let lastTickMs = Number.NEGATIVE_INFINITY
  let stopTick: (() => void) | undefined
  let stopHeartbeat: (() => void) | undefined

  const tick = (): void => {
    stopTick = undefined
    lastTickMs = clock.monotonic()
    const body = fold.take(clock.now())
    if (body === undefined) return
    seq++
    const id = `${life}.${seq}`
    let bytes = frame('tick', { seq, ...body }, id)
    if (bytes.byteLength > MAX_TICK_BYTES) bytes = frame('tick', { seq, ...body, cells: [], truncated: true }, id)
    ring.push(seq, bytes)
    for (const client of clients) client.send(bytes)
  }
  const heartbeat = (): void => {
    const now = clock.monotonic()
    for (const client of [...clients]) {
      if (client.stalledSinceMs !== undefined && now - client.stalledSinceMs >= STALLED_MS) client.end()
      else if (client.waitingBytes === 0) client.send(HEARTBEAT)
    }
    stopHeartbeat = clients.size > 0 ? after(HEARTBEAT_MS, heartbeat) : undefined
  }
  /** Is there anybody, or may somebody come back, for whom it is worth to fold? */
  const listening = (): boolean => {
    if (clients.size === 0 && awake && clock.monotonic() - lastLeftMs > RING_TICKS * TICK_MS) {
      awake = false
      fold.take(0)
      // What happens while asleep is in no tick, so nothing from before may be continued from.
      seq++
      ring.restart(seq)
    }
    return awake
  }
  const onGone = (client: LiveClient): void => {
    if (!clients.delete(client)) return
    skippedByGone += client.skipped
    if (clients.size > 0) return
    lastLeftMs = clock.monotonic()
    stopHeartbeat?.()
    stopHeartbeat = undefined
  }

  return {
    publish(events) {
      if (closed || events.length === 0 || !listening()) return
      fold.add(events)
      stopTick ??= after(Math.max(0, Math.min(TICK_MS, lastTickMs + TICK_MS - clock.monotonic())), tick)
    },
    open(lastEventId) {
      if (closed) throw new TallystickError('shutting_down')
      if (clients.size >= maxStreams)
        throw new TallystickError('too_many_streams', `${clients.size} live streams are open, which is the limit.`)
      const resumable = listening()
      awake = true
      const client = createLiveClient({ monotonic: () => clock.monotonic(), onGone })
      const first = [frame('hello', hello(clock.now(), seq))]
      if (lastEventId !== undefined) {
        const missed = resumable ? replay(ring.since, life, lastEventId) : undefined
        const fits = missed !== undefined && missed.reduce((sum, tick) => sum + tick.byteLength, 0) <= CLIENT_BYTES
        first.push(...(fits ? missed : [frame('reset', { seq })]))
      }
      client.sendAll(first)
      clients.add(client)
      stopHeartbeat ??= after(HEARTBEAT_MS, heartbeat)
      return client.stream
    },
    reset() {
      if (closed || !listening()) return
      fold.take(0)
      seq++
      ring.restart(seq)
      const bytes = frame('reset', { seq })
      for (const client of clients) client.send(bytes)
    },
    stats() {
      let skipped = skippedByGone
      let waitingBytes = 0
      for (const client of clients) {
        skipped += client.skipped
        waitingBytes += client.waitingBytes
      }
      return { streams: clients.size, ticks: seq, skipped, waitingBytes }
    },
    close() {
      closed = true
      stopTick?.()
      stopHeartbeat?.()
      for (const client of [...clients]) client.end()
    },
  }
}

/** What a client needs to read the ticks. */
function hello(nowMs: number, seq: number): unknown {
  return {
    server_ms: nowMs,
    seq,
    tick_ms: TICK_MS,
    bucket_ms: LIVE_BUCKET_MS,
    measures: LIVE_MEASURES,
    // What stands at each place of an aggregate's `c` and `q`.
    counters: LIVE_PLAN.counters.map(({ name }) => name),
    quantities: LIVE_PLAN.quantities.map(({ quantity }) => quantity.name),
  }
}

function replay(
  since: (seq: number) => readonly Uint8Array[] | undefined,
  life: string,
  id: string,
): readonly Uint8Array[] | undefined {
  const [lifeOfId, number = ''] = id.split('.')
  return lifeOfId === life && /^\d{1,15}$/.test(number) ? since(Number(number)) : undefined
}

function afterTimeout(ms: number, job: () => void): () => void {
  const timer = setTimeout(job, ms)
  timer.unref()
  return () => clearTimeout(timer)
}
