import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseQuery } from '@tallystick/core/query'
import { openTallystick, type WorkloadOptions, workload } from 'tallystick'

const BIN = fileURLToPath(new URL('../../packages/server/bin/tallystick.js', import.meta.url))

/** How a change of stored data was felt by those who went on working. */
export interface Felt {
  /** Until nobody was shown an expired event any more, and until nothing of them was left in the store. */
  readonly hiddenMs: number
  readonly ms: number
  readonly cpuMs: number
  readonly events: number
  /** Greatest times of a batch until it was durable, until it was in the figures, and of a question; and of the latter before. */
  readonly ackMs: number
  readonly lagMs: number
  readonly queryMs: number
  readonly queryBeforeMs: number
}

/**
 * Drops single events before `beforeMs` from a data directory while batches come in and totals are asked for.
 *
 * @param load the load that the directory was filled with; what comes in is of its shape and of now
 */
export async function retention(dir: string, load: WorkloadOptions, beforeMs: number): Promise<Felt> {
  const tallystick = await openTallystick({ dataDir: dir })
  await tallystick.ingest.applied()
  const query = parseQuery(
    { from: load.fromMs, to: load.toMs, measures: ['requests', 'cost_nano_usd'], group_by: ['model'] },
    { nowMs: load.toMs },
  )
  let worst = { ackMs: 0, lagMs: 0, queryMs: 0 }
  let working = true
  const note = (name: keyof typeof worst, started: number): void => {
    worst[name] = Math.max(worst[name], performance.now() - started)
  }
  const write = async (): Promise<void> => {
    const toMs = Date.now()
    const more = workload({ ...load, events: 1_000_000, seed: (load.seed ?? 1) + 1, fromMs: toMs - 60_000, toMs })
    while (working) {
      const items = Array.from({ length: 100 }, () => more.next().value)
      const started = performance.now()
      await tallystick.ingest.submit({ items, door: 'native' })
      note('ackMs', started)
      await tallystick.ingest.applied()
      note('lagMs', started)
      await sleep(5)
    }
  }
  const read = async (): Promise<void> => {
    while (working) {
      const started = performance.now()
      await tallystick.store.query(query)
      note('queryMs', started)
      await sleep(5)
    }
  }
  const others = Promise.all([write(), read()])
  await sleep(3_000)
  const queryBeforeMs = worst.queryMs
  worst = { ackMs: 0, lagMs: 0, queryMs: 0 }
  const [started, cpu] = [performance.now(), process.cpuUsage()]
  const pruned = tallystick.store.prune({ eventsBeforeMs: beforeMs })
  const expired = { fromMs: load.fromMs, toMs: beforeMs, filters: [], limit: 1 }
  while ((await tallystick.store.scan(expired)).events.length > 0) await sleep(1)
  const hiddenMs = performance.now() - started
  const { eventsDropped } = await pruned
  const ms = performance.now() - started
  const { system, user } = process.cpuUsage(cpu)
  working = false
  await others
  await tallystick.close()
  return { hiddenMs, ms, cpuMs: (system + user) / 1000, events: eventsDropped, ...worst, queryBeforeMs }
}

/** Seconds that a command of the command line took; undefined if this build has no such command. */
export async function commandSeconds(args: readonly string[]): Promise<number | undefined> {
  const started = performance.now()
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (data) => {
    errors += data
  })
  const [code] = (await once(child, 'close')) as [number]
  if (code === 0) return (performance.now() - started) / 1000
  if (/unknown command/.test(errors)) return undefined
  throw new Error(`${args.join(' ')} ended with ${code}: ${errors}`)
}
