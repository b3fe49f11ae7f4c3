import type { Clock } from '@tallystick/core/event'
import type { StoredEvent } from '../../store/store.ts'
import type { Channel } from './channels.ts'
import { CLIENT_BYTES, type LiveClient } from './client.ts'
import { frame } from './frames.ts'
import { createReplayRing } from './replay-ring.ts'
import { createTickFold } from './tick-fold.ts'

export const TICK_MS = 1_000
/** Ticks kept for clients that come back; and how long events are folded for them after the last one has left. */
export const RING_TICKS = 300
/** A larger tick costs more to move than a query that asks again. */
const MAX_TICK_BYTES = 256 * 1024

/** The ticks of one view: the same bytes for every client that has it. */
export interface TickChannel extends Channel {
  readonly clients: Set<LiveClient>
  readonly seq: number
  publish(events: readonly StoredEvent[]): void
  /** What a client that has read up to there has missed, or `reset`. */
  missedSince(lastEventId: string): readonly Uint8Array[]
  reset(): void
}

export interface TickChannelOptions {
  /** Part of every id: a number of another channel must not be taken for one of this. */
  readonly life: string
  readonly clock: Clock
  readonly after: (ms: number, job: () => void) => () => void
  readonly onTick: () => void
}

export function createTickChannel({ life, clock, after, onTick }: TickChannelOptions): TickChannel {
  const clients = new Set<LiveClient>()
  const fold = createTickFold()
  const ring = createReplayRing(RING_TICKS, Number.POSITIVE_INFINITY)
  let seq = 0
  let lastTickMs = Number.NEGATIVE_INFINITY
  let stopTick: (() => void) | undefined

  const send = (bytes: Uint8Array): void => {
    for (const client of clients) client.send(bytes)
  }
  const tick = (): void => {
    stopTick = undefined
    lastTickMs = clock.monotonic()
    const body = fold.take(clock.now())
    if (body === undefined) return
    seq++
    onTick()
    const id = `${life}.${seq}`
    let bytes = frame('tick', { seq, ...body }, id)
    if (bytes.byteLength > MAX_TICK_BYTES) bytes = frame('tick', { seq, ...body, cells: [], truncated: true }, id)
    ring.push(seq, bytes)
    send(bytes)
  }
  return {
    clients,
    get seq() {
      return seq
    },
    get idle() {
      return clients.size === 0
    },
    publish(events) {
      fold.add(events)
      stopTick ??= after(Math.max(0, Math.min(TICK_MS, lastTickMs + TICK_MS - clock.monotonic())), tick)
    },
    missedSince(lastEventId) {
      const [lifeOfId, number = ''] = lastEventId.split('.')
      const missed = lifeOfId === life && /^\d{1,15}$/.test(number) ? ring.since(Number(number)) : undefined
      const fits = missed !== undefined && missed.reduce((sum, { byteLength }) => sum + byteLength, 0) <= CLIENT_BYTES
      return fits ? missed : [frame('reset', { seq })]
    },
    reset() {
      fold.take(0)
      seq++
      ring.restart(seq)
      send(frame('reset', { seq }))
    },
    keep: ring.bound,
    close() {
      stopTick?.()
    },
  }
}
