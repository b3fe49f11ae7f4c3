import type { Clock } from '@tallystick/core/event'
import type { Ingest } from '../ingest/ingest.ts'
import type { ControlState } from '../state/state.ts'
import { Counter } from './counter.ts'
import { countOverdue, ROUND } from './overdue.ts'
import { type Outcome, receive } from './receive.ts'
import type { Sender } from './rows.ts'

const TEND_MS = 5_000
const MAX_HELD = 20_000

export interface GenerationsOptions {
  readonly state: ControlState
  readonly ingest: Pick<Ingest, 'submit'>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
  /**
   * Generations of one tenant that are held, and as many traces; beyond it the tenant's oldest are counted as they are, at the next
   * look or after a thousand more. Default 20,000.
   */
  readonly maxHeld?: number
}

/**
 * What Langfuse's clients tell of generations, in parts: a create when a request begins, updates as it goes on, usage with the
 * last. Events never change, so each generation becomes one event when it is whole: when its model, its end and its figures
 * are known. Until then its parts are rows of the control state, so whatever was acknowledged is there after a crash.
 *
 * One that ended without figures, or has figures and no end, becomes an event a minute after its last part; one of which
 * neither ever came, a day after it, as a request that failed as `unfinished`.
 *
 * What comes later is acknowledged where it has no other figures than those counted, and refused otherwise.
 */
export interface Generations {
  /**
   * Takes the events of a batch. Resolves when what is acknowledged is durable.
   *
   * @throws TallystickError as `Ingest.submit` and `ControlState.write`; the same batch sent again is then safe
   */
  receive(batch: readonly unknown[], sender: Sender): Promise<readonly Outcome[]>
  /** Counts what has been waited for long enough. Never rejects. */
  tend(): Promise<void>
  /** Tends now and then from now on. */
  start(): void
  /** Waits for what is under way; what is held is there at the next start. */
  close(): Promise<void>
}

export function createGenerations({
  state,
  ingest,
  clock,
  onError,
  maxHeld = MAX_HELD,
}: GenerationsOptions): Generations {
  const counter = new Counter(ingest, maxHeld)
  const startedMs = clock.now()
  const size = (): number => state.rows('generations').size + state.rows('traces').size
  let tendedSize = size()
  const overdue = async (): Promise<void> => {
    try {
      while (await countOverdue({ state, counter, clock, maxHeld, startedMs }));
    } catch (error) {
      onError(error)
    }
    tendedSize = size()
  }
  let tending: Promise<void> | undefined
  const tend = (): Promise<void> => {
    tending ??= overdue().finally(() => {
      tending = undefined
    })
    return tending
  }
  let timer: NodeJS.Timeout | undefined
  return {
    async receive(batch, sender) {
      const outcomes = await receive(batch, sender, { state, counter, clock, onError })
      if (size() > tendedSize + ROUND) void tend()
      return outcomes
    },
    tend,
    start() {
      timer ??= setInterval(() => void tend(), TEND_MS).unref()
    },
    async close() {
      clearInterval(timer)
      await tending
    },
  }
}
