import { Worker } from 'node:worker_threads'
import type { ToWorker } from './protocol.ts'

const YOUNG_MB = 12

/** The compiled thread; run from its TypeScript source, the package has none. */
export const THREAD_SCRIPT = import.meta.url.endsWith('.js') ? new URL('./worker.js', import.meta.url) : undefined

let early: Worker | undefined

/**
 * Starts a thread for the next store that is opened, so that it loads the engine, which is half of a start, while the rest of
 * the process loads. It opens nothing before it is told to. Must be followed by {@link dismissEarlyThread}.
 */
export function startThreadEarly(): void {
  if (THREAD_SCRIPT) early ??= startThread(THREAD_SCRIPT)
}

/**
 * Ends the thread that was started early, unless a store has it by now. Waits until it has ended by itself: the engine's binding
 * brings the whole process down when a process ends in the middle of loading it.
 */
export async function dismissEarlyThread(): Promise<void> {
  const thread = early
  early = undefined
  if (thread === undefined) return
  thread.postMessage({ type: 'dismiss' } satisfies ToWorker)
  await new Promise((resolve) => thread.once('exit', resolve))
}

/** The thread that was started early, or a new one. */
export function takeThread(script: URL): Worker {
  const thread = early ?? startThread(script)
  early = undefined
  return thread
}

function startThread(script: URL): Worker {
  return new Worker(script, {
    name: 'tallystick-store',
    // Lines go from bytes to columns; next to nothing is made that a larger nursery would keep from being copied.
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  })
}
