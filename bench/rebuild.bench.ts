import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseQuery } from '@tallystick/core/query'
import { openTallystick, type Tallystick } from 'tallystick'
import { fill } from './fill.ts'
import { line, machine, option, quantile } from './report.ts'
import { workFolder } from './servers.ts'

/**
 * Rebuilding the store from the journal, questions asked meanwhile, and what both take on disk.
 *
 *   npm run bench -- rebuild [--events 1000000] [--dir DIR (filled before, kept)]
 */
const events = Number(option('events', '1000000'))
const kept = option('dir', '')
const dir = kept || workFolder()
console.log(machine())
if (!kept) await fill(dir, events, 30)

const bytesBelow = (path: string): number => {
  const stat = statSync(path)
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + bytesBelow(join(path, name)), 0) : stat.size
}
for (const name of readdirSync(dir))
  if (name.startsWith('tallystick.duckdb')) rmSync(join(dir, name), { recursive: true })
const [started, cpu] = [performance.now(), process.cpuUsage()]
const tallystick = await openTallystick({ dataDir: dir })
let done = false
const asking = askMeanwhile(tallystick, () => done)
await tallystick.ingest.applied()
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpu)
done = true
const waits = await asking
const stats = await tallystick.store.stats()
await tallystick.close()
line('rebuild', {
  events: stats.events,
  seconds,
  'events/s': stats.events / seconds,
  'CPU µs/event': (user + system) / stats.events,
})
line('asked meanwhile', { questions: waits.length, 'p50 ms': quantile(waits, 0.5), 'worst ms': quantile(waits, 1) })
line('at rest', {
  'store bytes/event': bytesBelow(join(dir, 'tallystick.duckdb')) / stats.events,
  'journal bytes/event': bytesBelow(join(dir, 'journal')) / stats.events,
})
if (!kept) rmSync(dir, { recursive: true, force: true })

/** Asks how many events there are, four times a second; never fewer than were known to be applied. The ms that each answer took. */
async function askMeanwhile({ ingest, store }: Tallystick, done: () => boolean): Promise<readonly number[]> {
  const nowMs = Date.now()
  const all = parseQuery({ measures: ['events'], from: 0, to: nowMs + 86_400_000 }, { nowMs })
  const waits: number[] = []
  for (; !done(); await sleep(250)) {
    const { appliedOrdinal, targetOrdinal } = ingest.progress()
    const asked = performance.now()
    const { rows } = await store.query(all)
    waits.push(performance.now() - asked)
    const events = Number(rows[0]?.['events'] ?? 0)
    if (events < appliedOrdinal || events > targetOrdinal)
      throw new Error(`${events} events where ${appliedOrdinal} of ${targetOrdinal} records were applied`)
    process.stderr.write(
      `\rapplied ${appliedOrdinal.toLocaleString('en-US')} of ${targetOrdinal.toLocaleString('en-US')} `,
    )
  }
  return waits
}
