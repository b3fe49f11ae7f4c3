import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openTallystick } from 'tallystick'
import { fill } from './fill.ts'
import { line, machine, option } from './report.ts'
import { workFolder } from './servers.ts'

/**
 * Rebuilding the store from the journal, and what both take on disk.
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
const started = performance.now()
const tallystick = await openTallystick({ dataDir: dir })
await tallystick.ingest.applied()
const seconds = (performance.now() - started) / 1000
const stats = await tallystick.store.stats()
await tallystick.close()
line('rebuild', { events: stats.events, seconds, 'events/s': stats.events / seconds })
line('at rest', {
  'store bytes/event': bytesBelow(join(dir, 'tallystick.duckdb')) / stats.events,
  'journal bytes/event': bytesBelow(join(dir, 'journal')) / stats.events,
})
if (!kept) rmSync(dir, { recursive: true, force: true })
