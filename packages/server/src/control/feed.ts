import type { Change, ControlState } from '../state/state.ts'
import { COPIED, type Portion, wholeOf } from './portion.ts'

/** Writes that are remembered for whoever follows; who is further behind takes the whole. */
const MOST_WRITES = 20_000
/** When nobody has asked for as long, nothing is remembered any more: most servers have no followers. */
const FORGET_MS = 5 * 60_000

/** What the owner of the control state tells those that follow it. */
export interface ControlFeed {
  /** The latest position; undefined while nobody follows. */
  position(): string | undefined
  /** Has somebody asked in the last minutes? */
  followed(): boolean
  /**
   * What has changed since a position, as soon as there is anything; nothing after `waitMs`. Of a position that is not known
   * any more, or without one, everything.
   */
  after(position: string | undefined, waitMs: number, signal?: AbortSignal): Promise<Portion>
  /** Whoever waits is answered. */
  close(): void
}

export interface FeedOptions {
  readonly state: Pick<ControlState, 'rows' | 'onChange'>
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic: () => number
  readonly mintId: () => string
  readonly mostWrites?: number
}

/**
 * Writes to tables that are copied, each with a number, from the moment on in which somebody first asks. They show here as they
 * do in `rows`: at once, and what is taken back is told likewise. Numbers mean something in one life of one process only, so a
 * position has its name before the number; after a restart everybody takes the whole once.
 */
export function createControlFeed({ state, monotonic, mintId, mostWrites = MOST_WRITES }: FeedOptions): ControlFeed {
  const copied: ReadonlySet<unknown> = new Set(COPIED)
  let name: string | undefined
  let writes: (readonly Change[])[] = []
  /** Number of the last write that is not remembered. */
  let forgotten = 0
  let askedMs = 0
  let stop: (() => void) | undefined
  let closed = false
  const waiting = new Set<() => void>()

  const latest = (): number => forgotten + writes.length
  const positionOf = (number: number): string => `${name}.${number}`
  const wake = (): void => {
    for (const go of [...waiting]) go()
  }
  const remember = (changes: readonly Change[]): void => {
    const told = changes.filter(({ table }) => copied.has(table))
    if (told.length === 0) return
    if (waiting.size === 0 && monotonic() - askedMs > FORGET_MS) {
      end()
      return
    }
    writes.push(told)
    if (writes.length > mostWrites) {
      const gone = Math.ceil(mostWrites / 2)
      writes = writes.slice(gone)
      forgotten += gone
    }
    wake()
  }
  const begin = (): void => {
    if (stop !== undefined) return
    name = mintId()
    stop = state.onChange(remember)
  }
  const end = (): void => {
    stop?.()
    stop = undefined
    name = undefined
    writes = []
    forgotten = 0
  }
  /** The number of a position that can be gone on from. */
  const numberOf = (position: string | undefined): number | undefined => {
    const at = position?.lastIndexOf('.') ?? -1
    if (position === undefined || position.slice(0, at) !== name) return undefined
    const number = Number(position.slice(at + 1))
    return Number.isSafeInteger(number) && number >= forgotten && number <= latest() ? number : undefined
  }
  const wait = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer)
        waiting.delete(go)
        signal?.removeEventListener('abort', go)
        resolve()
      }
      const timer = setTimeout(go, ms)
      waiting.add(go)
      signal?.addEventListener('abort', go, { once: true })
    })

  return {
    position: () => (name === undefined ? undefined : positionOf(latest())),
    followed: () => stop !== undefined && (waiting.size > 0 || monotonic() - askedMs <= FORGET_MS),
    async after(position, waitMs, signal) {
      askedMs = monotonic()
      begin()
      const from = numberOf(position)
      if (from === undefined) return { whole: true, position: positionOf(latest()), changes: wholeOf(state) }
      if (from === latest() && waitMs > 0 && !closed && signal?.aborted !== true) await wait(waitMs, signal)
      askedMs = monotonic()
      // More may have happened than is remembered while it waited for its turn.
      const still = numberOf(position)
      if (still === undefined) return { whole: true, position: positionOf(latest()), changes: wholeOf(state) }
      return { whole: false, position: positionOf(latest()), changes: writes.slice(still - forgotten).flat() }
    },
    close() {
      closed = true
      stop?.()
      stop = undefined
      wake()
    },
  }
}
