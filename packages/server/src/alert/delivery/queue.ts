import type { Timers } from '@tallystick/core'
import type { Clock, Random } from '@tallystick/core/event'
import type { AlertTarget, Delivery } from '../../state/alert.ts'
import type { ControlState } from '../../state/state.ts'
import { backoffMs } from './backoff.ts'
import type { Message } from './message.ts'
import type { Outcome } from './outcome.ts'

/** A delivery is tried for this long. */
export const GIVE_UP_MS = 24 * 3_600_000
/** Attempts under way at once; to one destination one. */
const CONCURRENCY = 8
/** The state could not be written; what was to be written is tried again. */
const STATE_RETRY_MS = 5_000
/** Timers of the runtime hold no more than 2^31 ms; also, a wall clock that was set is noticed after this time. */
const LONGEST_SLEEP_MS = 60_000

/** A message and where it goes. */
export interface Letter {
  readonly target: AlertTarget
  readonly message: Message
}

export interface QueueOptions {
  readonly state: ControlState
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  /** One attempt; must not reject. */
  readonly send: (target: AlertTarget, message: Message) => Promise<Outcome>
  /** Undefined where there is nothing left to tell, or nobody to tell it to. */
  readonly letterOf: (delivery: Delivery) => Letter | undefined
  readonly onError: (error: unknown) => void
}

export interface Queue {
  /** Begins to send: what stands in the state, and what has been added. */
  start(): void
  /** These stand in the state, durably: sent before that, they could come again under another id after a crash. */
  add(ids: Iterable<string>): void
  /** How many are not settled. */
  open(): number
  /** Resolves once nothing is due and no attempt is under way. */
  idle(): Promise<void>
  /** No further attempts; waits for those under way. */
  stop(): Promise<void>
}

/**
 * Sends the deliveries of the control state, each at least once: a row is there before the first attempt and says that it
 * was taken after it, so that a process which dies in between sends again, under the same id.
 */
export function createQueue({ state, clock, random, timers, send, letterOf, onError }: QueueOptions): Queue {
  const underWay = new Map<string, Promise<void>>()
  /** Destinations of the attempts under way. */
  const busy = new Set<string>()
  let cancelWake: (() => void) | undefined
  /** Ids of what is not settled, in the order in which it came. */
  const open = new Set([...state.rows('deliveries').values()].filter(isOpen).map(({ id }) => id))
  let started = false
  let stopped = false

  const attempt = async (delivery: Delivery): Promise<void> => {
    const letter = letterOf(delivery)
    const outcome: Outcome =
      letter === undefined
        ? { ok: false, final: true, detail: 'the alert, its rule or this target of it was removed' }
        : await send(letter.target, letter.message)
    const after = settled(delivery, outcome)
    for (;;) {
      try {
        await state.write([{ table: 'deliveries', id: delivery.id, row: after }])
        if (!isOpen(after)) open.delete(delivery.id)
        return
      } catch (error) {
        onError(error)
        if (stopped) return
        // Unwritten, it would be sent again and again.
        await new Promise<void>((resolve) => timers.after(STATE_RETRY_MS, resolve))
      }
    }
  }

  const settled = (delivery: Delivery, outcome: Outcome): Delivery => {
    const attempts = delivery.attempts + 1
    const nowMs = clock.now()
    if (outcome.ok) {
      const { lastError: _, ...rest } = delivery
      return { ...rest, attempts, deliveredMs: nowMs }
    }
    const nextMs = nowMs + backoffMs(attempts, outcome.retryAfterMs ?? 0, random)
    const over = outcome.final === true || nextMs > delivery.untilMs
    return {
      ...delivery,
      attempts,
      lastError: outcome.detail,
      ...(over ? { givenUpMs: nowMs } : { nextMs }),
    }
  }

  const pump = (): void => {
    cancelWake?.()
    cancelWake = undefined
    if (stopped || !started) return
    const nowMs = clock.now()
    let wakeMs = Number.POSITIVE_INFINITY
    const waiting = new Set<string>()
    for (const id of open) {
      const delivery = state.rows('deliveries').get(id)
      if (delivery === undefined || !isOpen(delivery)) {
        open.delete(id)
        continue
      }
      const destination = destinationOf(delivery.target)
      // In the order of the alert: that it is over is told after that it fired.
      const story = JSON.stringify([delivery.firingId, destination])
      if (waiting.has(story)) continue
      waiting.add(story)
      if (underWay.has(id)) continue
      // A wall clock that was set back leaves instants far ahead.
      const dueMs = Math.min(delivery.nextMs, nowMs + 2 * 3_600_000)
      if (dueMs > nowMs) wakeMs = Math.min(wakeMs, dueMs - nowMs)
      else if (underWay.size < CONCURRENCY && !busy.has(destination)) begin(delivery, destination)
    }
    if (wakeMs < Number.POSITIVE_INFINITY) cancelWake = timers.after(Math.min(wakeMs, LONGEST_SLEEP_MS), pump)
  }

  const begin = (delivery: Delivery, destination: string): void => {
    busy.add(destination)
    underWay.set(
      delivery.id,
      attempt(delivery)
        .catch(onError)
        .finally(() => {
          underWay.delete(delivery.id)
          busy.delete(destination)
          pump()
        }),
    )
  }

  return {
    start() {
      started = true
      pump()
    },
    add(ids) {
      for (const id of ids) open.add(id)
      pump()
    },
    open: () => open.size,
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay.values())
    },
    async stop() {
      stopped = true
      cancelWake?.()
      await Promise.all(underWay.values())
    },
  }
}

const isOpen = ({ deliveredMs, givenUpMs }: Delivery): boolean => deliveredMs === undefined && givenUpMs === undefined

/** Where a target leads, as a text to compare: secret or not, it is the same place. */
export function destinationOf(target: AlertTarget): string {
  return JSON.stringify([target.kind, target.kind === 'mail' ? target.to : target.url])
}
