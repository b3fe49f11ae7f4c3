import { TallystickError } from '@tallystick/core'
import { type Clock, systemClock } from '@tallystick/core/event'
import type { Principal } from '../../identity/principal.ts'
import type { StoredEvent } from '../../store/store.ts'
import { createTickChannel, RING_TICKS, TICK_MS, type TickChannel } from './channel.ts'
import { createChannels } from './channels.ts'
import { createLiveClient, type LiveClient } from './client.ts'
import { frame, HEARTBEAT } from './frames.ts'
import { LIVE_BUCKET_MS, LIVE_MEASURES, LIVE_PLAN } from './plan.ts'
import { refuseBeyond } from './seats.ts'

export const HEARTBEAT_MS = 15_000
/** What all channels together keep for clients that come back. */
const RINGS_BYTES = 32 * 1024 * 1024
/** A client that has read nothing for this long while bytes wait is given up. */
const STALLED_MS = 90_000

/**
 * Live figures: accepted events folded into cells, one merged tick a second while there is anything new. Whoever may see the
 * same events is sent the same bytes; nothing in them, their numbers included, tells of events that a client may not see.
 *
 * Nobody listening costs nothing: events are folded only for clients that are connected or left less than
 * {@link RING_TICKS} seconds ago, so that a page that reconnects is given what it missed; no timer runs otherwise.
 */
export interface LiveHub {
  /** Called with each group of accepted events. Never throws. */
  publish(events: readonly StoredEvent[]): void
  /**
   * Opens a stream of what the principal may see. With the `Last-Event-ID` of an earlier one it first gets what it missed, or
   * `reset` when that is not known any more and figures must be asked for again.
   *
   * @throws TallystickError `too_many_streams`, `shutting_down`
   */
  open(lastEventId: string | undefined, principal: Principal): ReadableStream<Uint8Array>
  /** Everything was removed: tells whoever watches to ask for the figures again. */
  reset(): void
  /** Ends the streams of those who may see nothing any more: a key was revoked, a session closed. Returns how many. */
  end(gone: (principal: Principal) => boolean): number
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
  /** Of those, how many may be one key's, agent's or user's. */
  readonly maxStreamsPerKey?: number
  readonly clock?: Clock
  /** Runs `job` once after `ms`; returns how to call it off. Tests bring their own. */
  readonly after?: (ms: number, job: () => void) => () => void
}

interface Seat {
  readonly principal: Principal
  readonly channel: TickChannel
}

export function createLiveHub(options: LiveHubOptions = {}): LiveHub {
  const { maxStreams = 200, maxStreamsPerKey = 10, clock = systemClock, after = afterTimeout } = options
  const clients = new Map<LiveClient, Seat>()
  let ticks = 0
  let skippedByGone = 0
  let closed = false
  let stopHeartbeat: (() => void) | undefined
  const onTick = (): void => {
    ticks++
  }
  const channels = createChannels<TickChannel>({
    monotonic: () => clock.monotonic(),
    nowMs: () => clock.now(),
    create: (life) => createTickChannel({ life, clock, after, onTick }),
    lingerMs: RING_TICKS * TICK_MS,
    max: maxStreams,
    keepBytes: RINGS_BYTES,
  })

  const heartbeat = (): void => {
    const now = clock.monotonic()
    for (const client of [...clients.keys()]) {
      if (client.stalledSinceMs !== undefined && now - client.stalledSinceMs >= STALLED_MS) client.end()
      else if (client.waitingBytes === 0) client.send(HEARTBEAT)
    }
    stopHeartbeat = clients.size > 0 ? after(HEARTBEAT_MS, heartbeat) : undefined
  }
  const onGone = (client: LiveClient): void => {
    const seat = clients.get(client)
    if (seat === undefined) return
    clients.delete(client)
    seat.channel.clients.delete(client)
    channels.left(seat.channel)
    skippedByGone += client.skipped
    if (clients.size > 0) return
    stopHeartbeat?.()
    stopHeartbeat = undefined
  }

  return {
    publish(events) {
      if (closed || events.length === 0) return
      channels.sweep()
      if (channels.size === 0) return
      const whole = channels.onlyWhole()
      if (whole !== undefined) {
        whole.publish(events)
        return
      }
      const parts = new Map<TickChannel, StoredEvent[]>()
      for (const stored of events) {
        channels.each(stored.event, (channel) => {
          const part = parts.get(channel)
          if (part === undefined) parts.set(channel, [stored])
          else part.push(stored)
        })
      }
      for (const [channel, part] of parts) channel.publish(part)
    },
    open(lastEventId, principal) {
      if (closed) throw new TallystickError('shutting_down')
      refuseBeyond({ all: maxStreams, each: maxStreamsPerKey, what: 'live streams' }, principal, clients.values())
      const channel = channels.of(principal)
      const client = createLiveClient({ monotonic: () => clock.monotonic(), onGone })
      const first = [frame('hello', hello(clock.now(), channel.seq))]
      if (lastEventId !== undefined) first.push(...channel.missedSince(lastEventId))
      client.sendAll(first)
      clients.set(client, { principal, channel })
      channel.clients.add(client)
      stopHeartbeat ??= after(HEARTBEAT_MS, heartbeat)
      return client.stream
    },
    reset() {
      if (closed) return
      channels.sweep()
      for (const channel of channels.all()) channel.reset()
    },
    end(gone) {
      const ended = [...clients].filter(([, { principal }]) => gone(principal))
      for (const [client] of ended) client.end()
      return ended.length
    },
    stats() {
      let skipped = skippedByGone
      let waitingBytes = 0
      for (const client of clients.keys()) {
        skipped += client.skipped
        waitingBytes += client.waitingBytes
      }
      return { streams: clients.size, ticks, skipped, waitingBytes }
    },
    close() {
      closed = true
      stopHeartbeat?.()
      for (const client of [...clients.keys()]) client.end()
      for (const channel of channels.all()) channel.close()
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

function afterTimeout(ms: number, job: () => void): () => void {
  const timer = setTimeout(job, ms)
  timer.unref()
  return () => clearTimeout(timer)
}
