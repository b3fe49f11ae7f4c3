import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { fill } from './fill.ts'
import { line, machine, median, option, quantile, usageOf } from './report.ts'
import { type Server, startTallystick, workFolder } from './servers.ts'

/**
 * Routiium's endpoints: a CSV of everything over HTTP against DuckDB's own COPY of the same columns of the same file, by turns;
 * then how long each endpoint takes.
 *
 *   npm run bench -- export [--events 1000000] [--days 30] [--rounds 3] [--repeat 50] [--dir DIR (filled before, kept)]
 */
const events = Number(option('events', '1000000'))
const days = Number(option('days', '30'))
const rounds = Number(option('rounds', '3'))
const repeat = Number(option('repeat', '50'))
const kept = option('dir', '')
const dir = kept || workFolder()
console.log(machine())
if (!kept) await fill(dir, events, days)

const now = Math.floor(Date.now() / 1000)
const everything = `start=${now - (days + 30) * 86_400}`

/** Codes stay codes, and what the exporter leaves empty costs the engine nothing: a floor, not a peer. */
const COPIED = `COALESCE(CAST(event_id AS VARCHAR), event_id_text), timestamp_ms // 1000, endpoint, method, request_model,
  stream, status_code, success, duration_ms, input_tokens, output_tokens, backend, upstream_mode`

interface Measured {
  readonly ms: number
  readonly cpuSeconds: number
}

async function exported(server: Server, columns: string): Promise<Measured & { readonly bytes: number }> {
  const before = usageOf(server.pid).cpuSeconds
  const started = performance.now()
  const response = await fetch(`${server.url}/analytics/export?format=csv&${everything}${columns}`)
  let bytes = 0
  for await (const chunk of response.body as ReadableStream<Uint8Array>) bytes += chunk.byteLength
  return { bytes, ms: performance.now() - started, cpuSeconds: usageOf(server.pid).cpuSeconds - before }
}

async function copied(): Promise<Measured & { readonly bytes: number }> {
  const file = join(dir, 'copy.csv')
  const instance = await DuckDBInstance.create(join(dir, 'tallystick.duckdb'), {
    access_mode: 'READ_ONLY',
    threads: '2',
  })
  const connection = await instance.connect()
  const before = process.cpuUsage()
  const started = performance.now()
  await connection.run(
    `COPY (SELECT ${COPIED} FROM events ORDER BY timestamp_ms, ordinal) TO '${file.replaceAll("'", "''")}' (HEADER)`,
  )
  const ms = performance.now() - started
  const { user, system } = process.cpuUsage(before)
  connection.closeSync()
  instance.closeSync()
  const bytes = statSync(file).size
  rmSync(file)
  return { bytes, ms, cpuSeconds: (user + system) / 1e6 }
}

const figures = (name: string, measured: readonly (Measured & { readonly bytes: number })[]): Measured => {
  const ms = median(measured.map((one) => one.ms))
  const cpuSeconds = median(measured.map((one) => one.cpuSeconds))
  line(name, { ms, 'CPU s': cpuSeconds, MB: (measured[0]?.bytes ?? 0) / 1e6, 'events/s': events / (ms / 1000) })
  return { ms, cpuSeconds }
}

const seed: (Measured & { readonly bytes: number })[] = []
const all: typeof seed = []
const copy: typeof seed = []
for (let round = 0; round < rounds; round++) {
  const server = await startTallystick(dir)
  seed.push(await exported(server, '&columns=seed'))
  all.push(await exported(server, ''))
  await server.stop({ keep: true })
  // One process at a time may have the file open.
  copy.push(await copied())
}
const floor = figures("DuckDB's COPY, 13 columns", copy)
const ours = figures('export, 13 columns', seed)
figures('export, all columns', all)
line('ratio to COPY, 13 columns', { time: ours.ms / floor.ms, CPU: ours.cpuSeconds / floor.cpuSeconds })

const server = await startTallystick(dir)
const PATHS: Readonly<Record<string, string>> = {
  stats: '/analytics/stats',
  'events, 100 newest': `/analytics/events?${everything}&order=desc&limit=100`,
  'events, 100 of one model': `/analytics/events?${everything}&model=gpt-4o&limit=100`,
  'aggregate, last hour': '/analytics/aggregate',
  'aggregate, everything': `/analytics/aggregate?${everything}`,
  'export, 1,000 as CSV': `/analytics/export?${everything}&format=csv&limit=1000`,
}
for (const [name, path] of Object.entries(PATHS)) {
  const times: number[] = []
  for (let round = 0; round < repeat; round++) {
    const started = performance.now()
    await (await fetch(server.url + path)).arrayBuffer()
    times.push(performance.now() - started)
  }
  line(name, { 'p50 ms': median(times), 'p99 ms': quantile(times, 0.99) })
}
line('server', { 'RSS MB': usageOf(server.pid).rssMb, 'peak MB': usageOf(server.pid).peakMb })
await server.stop({ keep: true })

// Removed for good, so on a copy of its own.
if (!kept) {
  const cleared = await startTallystick(dir)
  const started = performance.now()
  await fetch(`${cleared.url}/analytics/clear`, { method: 'POST' })
  line('clear, everything', { ms: performance.now() - started })
  await cleared.stop({ keep: true })
  rmSync(dir, { recursive: true, force: true })
}
