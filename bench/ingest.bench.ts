import { load } from './load.ts'
import { line, machine, median, option, usageOf } from './report.ts'
import { startBare, startTallystick } from './servers.ts'

/**
 * Durable ingest over HTTP: validated, deduplicated, priced, journaled, synced, with DuckDB applying, against a bare server that
 * parses, appends and syncs, and one that also keeps the ids in a set. Rounds alternate; the ratios are of medians in one run.
 *
 *   npm run bench -- ingest [--seconds 10] [--rounds 3] [--batches 1,100,500] [--connections 12] [--sustained 60]
 */
const seconds = Number(option('seconds', '8'))
const rounds = Number(option('rounds', '3'))
const connections = Number(option('connections', '12'))
const sustained = Number(option('sustained', '60'))
console.log(machine())

for (const batch of option('batches', '1,100,500').split(',').map(Number)) {
  const rates = { bare: [] as number[], deduplicating: [] as number[], tallystick: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    for (const floor of ['bare', 'deduplicating'] as const) {
      const bare = await startBare(floor === 'bare' ? [] : ['dedup'])
      const result = await load({ port: bare.port, path: '/api/v1/events', connections, batch, seconds })
      rates[floor].push(result.events / result.seconds)
      line(`${floor}, batch ${batch}`, {
        'events/s': result.events / result.seconds,
        'p50 ms': result.p50Ms,
        'p99 ms': result.p99Ms,
        refused: result.refused,
      })
      await bare.stop()
    }

    const server = await startTallystick()
    const result = await load({ port: server.port, path: '/api/v1/events', connections, batch, seconds })
    rates.tallystick.push(result.events / result.seconds)
    const lagMs = await applied(server.url, result.events)
    line(`tallystick, batch ${batch}`, {
      'events/s': result.events / result.seconds,
      'p50 ms': result.p50Ms,
      'p99 ms': result.p99Ms,
      refused: result.refused,
      'lag ms': lagMs,
      'peak MB': usageOf(server.pid).peakMb,
    })
    await server.stop()
  }
  line(`ratio, batch ${batch}`, {
    'of bare': median(rates.tallystick) / median(rates.bare),
    'of deduplicating': median(rates.tallystick) / median(rates.deduplicating),
    tallystick: median(rates.tallystick),
    bare: median(rates.bare),
    deduplicating: median(rates.deduplicating),
  })
}

if (sustained > 0) {
  const server = await startTallystick()
  const result = await load({ port: server.port, path: '/api/v1/events', connections, batch: 100, seconds: sustained })
  const lagMs = await applied(server.url, result.events)
  const usage = usageOf(server.pid)
  line(`sustained ${sustained} s, batch 100`, {
    'events/s': result.events / result.seconds,
    'p50 ms': result.p50Ms,
    'p99 ms': result.p99Ms,
    'lag ms': lagMs,
    'CPU s': usage.cpuSeconds,
    'load CPU s': result.cpuSeconds,
    'peak MB': usage.peakMb,
  })
  await server.stop()
}

/** Waits until every event is in the figures and returns how long that took; throws when one is missing or doubled. */
async function applied(url: string, expected: number): Promise<number> {
  const start = performance.now()
  const response = await fetch(`${url}/api/v1/query?consistency=applied`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ measures: ['requests'], from: 0, to: Date.now() + 86_400_000 }),
  })
  const answer = (await response.json()) as { rows: { requests: number }[] }
  if (answer.rows[0]?.requests !== expected)
    throw new Error(`expected ${expected} requests, found ${JSON.stringify(answer)}`)
  return performance.now() - start
}
