import { WAKE } from './memory.ts'

/** How long an event may lie in a ring that is not half full. */
const EVERY_MS = 50
/** How long one wait for a half full ring lasts: what nobody refers to any more is let go after that. */
const WAIT_MS = 1_000

/** `Atomics.waitAsync`, which not every runtime has. */
type WaitAsync = (
  ints: Int32Array<SharedArrayBuffer>,
  index: number,
  value: number,
  timeoutMs: number,
) => { readonly async: boolean; readonly value: string | Promise<string> }

export interface Collector {
  collect(): void
}

/**
 * Collects now and then, and at once when a ring is half full, for as long as somebody else holds on to the collector. Keeps
 * no process alive.
 */
export function collectOften(collector: Collector, rings: readonly Int32Array<SharedArrayBuffer>[]): void {
  const held = new WeakRef(collector)
  const timer = setInterval(() => {
    const collector = held.deref()
    if (collector === undefined) clearInterval(timer)
    else collector.collect()
  }, EVERY_MS)
  letExit(timer)
  const { waitAsync } = Atomics as { readonly waitAsync?: WaitAsync }
  if (waitAsync !== undefined) for (const ring of rings) collectWhenWoken(held, ring, waitAsync)
}

function collectWhenWoken(held: WeakRef<Collector>, ring: Int32Array<SharedArrayBuffer>, waitAsync: WaitAsync): void {
  const value = Atomics.load(ring, WAKE)
  const collector = held.deref()
  if (collector === undefined) return
  collector.collect()
  const again = (): void => collectWhenWoken(held, ring, waitAsync)
  const waiting = waitAsync(ring, WAKE, value, WAIT_MS)
  if (waiting.async) (waiting.value as Promise<string>).then(again, again)
  // Woken while it collected. Not at once, or a busy writer would keep everything else from running.
  else letExit(setTimeout(again, 0))
}

/** In Node a timer keeps its process alive unless it is told not to; elsewhere a timer is a number. */
function letExit(timer: unknown): void {
  ;(timer as { unref?(): void }).unref?.()
}
