import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type * as Core from '@tallystick/core'

/** Threads load compiled code, and so does the thread of the store: the two share memory. */
const BUILT = new URL('../../../packages/core/dist/index.js', import.meta.url)

export async function builtCore(): Promise<typeof Core> {
  if (!existsSync(fileURLToPath(BUILT))) throw new Error('run `npm run build` first: threads load compiled code')
  return (await import(/* @vite-ignore */ BUILT.href)) as typeof Core
}

export type Task =
  | { readonly kind: 'record'; readonly events: number; readonly model: string; readonly agentId: string }
  /** `progress`: how many events have been begun, kept and ended. */
  | { readonly kind: 'until_killed'; readonly progress: SharedArrayBuffer }

export interface Thread {
  readonly worker: Worker
  /** Resolves when the thread has ended and the store has been told. */
  readonly ended: Promise<void>
}

/** Starts `writer.mjs` on one of the store's writers. */
export function startThread(store: Core.SharedEventStore, writer: number, task: Task): Thread {
  const worker = new Worker(new URL('./writer.mjs', import.meta.url), {
    workerData: { handle: store.handle(writer), task },
  })
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', () => {
      store.writerExited(writer)
      resolve()
    })
  })
  return { worker, ended }
}

/** Runs one thread for each task, a few at a time, each with a writer of its own. */
export async function runThreads(store: Core.SharedEventStore, tasks: readonly Task[], atOnce = 10): Promise<void> {
  for (let from = 0; from < tasks.length; from += atOnce) {
    const some = tasks.slice(from, from + atOnce)
    await Promise.all(some.map((task, index) => startThread(store, from + index, task).ended))
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
