import { setImmediate } from 'node:timers/promises'
import { type Filled, fillFrom, openTallystick, type WorkloadEvent, type WorkloadOptions, workload } from 'tallystick'

/** The load of every benchmark that needs a filled store: `events` over `days` days up to now. */
export function loadOf(events: number, days: number, more: Partial<WorkloadOptions> = {}): WorkloadOptions {
  const toMs = Date.now()
  return { events, fromMs: toMs - days * 86_400_000, toMs, ...more }
}

/** What a fill took. */
export interface FillReport extends Filled {
  /** Until all were durable, and until all were in the figures. */
  readonly durableSeconds: number
  readonly appliedSeconds: number
  readonly cpuSeconds: number
  /** Share of the time until durable in which the main thread was at work: near 1, it is what bounds the rate. */
  readonly mainBusy: number
}

/** More than can be on the way at once: what a fill that was broken off sends again. */
const AGAIN = 50_000

/**
 * Fills a data directory through the real pipeline in this process: every event is validated, deduplicated, priced, journaled,
 * synced and applied, as over HTTP but for the socket and its JSON. A fill that was broken off goes on behind what is there; the last of
 * that is sent again and found to be duplicates.
 */
export async function fillWith(
  dir: string,
  load: WorkloadOptions,
  onProgress?: (done: number) => void,
  reshape?: (event: WorkloadEvent) => WorkloadEvent,
): Promise<FillReport> {
  const tallystick = await openTallystick({ dataDir: dir })
  await tallystick.ingest.applied()
  const there = (await tallystick.store.stats()).events
  const events = (reshape ? reshaped(load, reshape) : workload(load))[Symbol.iterator]()
  for (let passed = 0; passed < there - AGAIN; passed++) {
    events.next()
    if (passed % 10_000 === 0) await setImmediate()
  }
  const [started, cpu, busy] = [performance.now(), process.cpuUsage(), performance.eventLoopUtilization()]
  const filled = await fillFrom(tallystick.ingest, { [Symbol.iterator]: () => events }, onProgress)
  const durableSeconds = (performance.now() - started) / 1000
  const mainBusy = performance.eventLoopUtilization(busy).utilization
  await tallystick.ingest.applied()
  const appliedSeconds = (performance.now() - started) / 1000
  const { system, user } = process.cpuUsage(cpu)
  await tallystick.close()
  return { ...filled, durableSeconds, appliedSeconds, cpuSeconds: (system + user) / 1e6, mainBusy }
}

function* reshaped(load: WorkloadOptions, reshape: (event: WorkloadEvent) => WorkloadEvent): Generator<WorkloadEvent> {
  for (const event of workload(load)) yield reshape(event)
}

/** As {@link fillWith}, for who needs no report. */
export async function fill(dir: string, events: number, days: number): Promise<void> {
  await fillWith(dir, loadOf(events, days), showFilled)
}

export function showFilled(done: number): void {
  if (done % 100_000 === 0) process.stderr.write(`\rfilled ${done.toLocaleString('en-US')}`)
}
