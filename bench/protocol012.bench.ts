import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fillWith, loadOf, showFilled } from './fill.ts'
import { line, machine, median, option, quantile, usageOf } from './report.ts'
import { startTallystick, untilSealed, workFolder } from './servers.ts'

/**
 * Each query of Protocol 012 over HTTP beside its documented target, all time and one agent's, with what it costs the server
 * in CPU.
 *
 *   npm run bench -- protocol012 [--events 1000000] [--agents 1000] [--days 30] [--repeat 20] [--dir DIR (kept, and filled once)]
 */
const events = Number(option('events', '1000000'))
const agents = Number(option('agents', '1000'))
const days = Number(option('days', '30'))
const repeat = Number(option('repeat', '20'))
const kept = option('dir', '')
const dir = kept || workFolder()

/** Target and greatest time of each query, ms, as the protocol documents them. */
const QUERIES: Readonly<Record<string, readonly [target: number, greatest: number]>> = {
  'spending/total': [100, 1_000],
  'spending/by-agent': [200, 2_000],
  'budget/status': [200, 2_000],
  'spending/by-provider': [200, 2_000],
  'usage/requests': [100, 1_000],
  'usage/tokens/by-agent': [300, 3_000],
  'usage/models': [300, 3_000],
  'spending/avg-per-request': [150, 1_500],
}
/** Nothing, a span without whole days, and filters. */
const SEARCHES: readonly string[] = [
  '',
  `start=${Date.now() - 7 * 86_400_000}`,
  'agent_id=7',
  'provider_id=ip_openai_001',
]

console.log(machine())
let started = performance.now()
if (!existsSync(join(dir, 'journal'))) {
  let turn = 0
  await fillWith(dir, loadOf(events, days, { agents }), showFilled, (event) =>
    event['provider'] === undefined
      ? event
      : { ...event, provider_id: `ip_${event['provider']}_00${1 + (turn++ % 2)}` },
  )
  process.stderr.write('\n')
  line('fill', { events, agents, 'events/s': events / ((performance.now() - started) / 1000) })
}

const server = await startTallystick(dir)
started = performance.now()
await untilSealed(server)
line('sealed after', { s: (performance.now() - started) / 1000 })
for (const [path, [target, greatest]] of Object.entries(QUERIES)) {
  for (const search of SEARCHES) {
    const times: number[] = []
    const before = usageOf(server.pid).cpuSeconds
    for (let round = 0; round < repeat; round++) {
      const from = performance.now()
      const response = await fetch(`${server.url}/api/v1/analytics/${path}?${search}`)
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`${path}?${search}: ${response.status}`)
      times.push(performance.now() - from)
    }
    line(`${path}${search === '' ? '' : `?${search.replace(/=\d{13}/, '=<7 days ago>')}`}`.padEnd(52), {
      'p50 ms': median(times),
      'p95 ms': quantile(times, 0.95),
      'CPU ms': ((usageOf(server.pid).cpuSeconds - before) / repeat) * 1000,
      'target ms': target,
      'of target': median(times) / target,
      'max ms': greatest,
    })
  }
}
line('server', { 'RSS MB': usageOf(server.pid).rssMb, 'peak MB': usageOf(server.pid).peakMb })
await server.stop({ keep: true })
if (!kept) rmSync(dir, { recursive: true, force: true })
