import { createReadStream, createWriteStream, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DuckDBInstance } from '@duckdb/node-api'
import { workload } from 'tallystick'
import { fill, loadOf } from './fill.ts'
import { line, machine, median, option, quantile, usageOf } from './report.ts'
import { startTallystick, untilSealed, workFolder } from './servers.ts'
import { tableSizes } from './sizes.ts'

/**
 * Dashboard queries over HTTP against a raw DuckDB scan of the same file and a scan of the same events as JSONL.
 *
 *   npm run bench -- query [--events 1000000] [--days 30] [--repeat 20] [--dir DIR (kept, and filled once)]
 */
const events = Number(option('events', '1000000'))
const days = Number(option('days', '30'))
const repeat = Number(option('repeat', '20'))
const kept = option('dir', '')
const dir = kept || workFolder()
console.log(machine())

let started = performance.now()
if (!existsSync(join(dir, 'journal'))) {
  await fill(dir, events, days)
  process.stderr.write('\n')
  line('fill', { events, 'events/s': events / ((performance.now() - started) / 1000) })
}

const server = await startTallystick(dir)
started = performance.now()
await untilSealed(server)
line('sealed after', { s: (performance.now() - started) / 1000 })
const now = Date.now()
const from = now - days * 86_400_000
const base = { from, to: now + 60_000 }
const QUERIES: Readonly<Record<string, object>> = {
  totals: { ...base, measures: ['requests', 'input_tokens', 'output_tokens', 'cost_nano_usd', 'error_ratio'] },
  'series, 1 h': { ...base, measures: ['requests', 'cost_nano_usd'], interval: '1h' },
  'series, days of Kathmandu': {
    ...base,
    measures: ['requests', 'cost_nano_usd'],
    interval: '1d',
    time_zone: 'Asia/Kathmandu',
  },
  'by provider': { ...base, measures: ['requests', 'cost_nano_usd'], group_by: ['provider'] },
  'by model': { ...base, measures: ['requests', 'cost_nano_usd', 'error_ratio'], group_by: ['model'] },
  'by agent': { ...base, measures: ['requests', 'cost_nano_usd'], group_by: ['agent_id'] },
  'by key': { ...base, measures: ['requests', 'cost_nano_usd'], group_by: ['api_key_id'] },
  'by status': { ...base, measures: ['requests'], group_by: ['status_code'] },
  'p50 p95 p99 by model': {
    ...base,
    measures: ['duration_ms_p50', 'duration_ms_p95', 'duration_ms_p99'],
    group_by: ['model'],
  },
  'p95 series, 1 h': { ...base, measures: ['duration_ms_p50', 'duration_ms_p95'], interval: '1h' },
  'p95 series of a provider, 1 h': {
    ...base,
    measures: ['duration_ms_p50', 'duration_ms_p95'],
    interval: '1h',
    filters: { provider: ['openai'] },
  },
  'spend by model, days': { ...base, measures: ['cost_nano_usd'], group_by: ['model'], interval: '1d', limit: 8 },
  'one model by agent (raw)': {
    ...base,
    measures: ['requests', 'cost_nano_usd'],
    group_by: ['agent_id'],
    filters: { model: ['gpt-4o'] },
  },
  'input p95 by model (raw)': { ...base, measures: ['input_tokens_p95'], group_by: ['model'] },
}
for (const [name, query] of Object.entries(QUERIES)) {
  const times: number[] = []
  let from = ''
  for (let round = 0; round < repeat; round++) {
    started = performance.now()
    const response = await fetch(`${server.url}/api/v1/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(query),
    })
    const answer = (await response.json()) as { answered_from: string }
    times.push(performance.now() - started)
    from = answer.answered_from
  }
  line(name, { 'p50 ms': median(times), 'p95 ms': quantile(times, 0.95), from })
}
line('server', { 'RSS MB': usageOf(server.pid).rssMb, 'peak MB': usageOf(server.pid).peakMb })
await server.stop({ keep: true })

const instance = await DuckDBInstance.create(join(dir, 'tallystick.duckdb'), { access_mode: 'READ_ONLY', threads: '2' })
const connection = await instance.connect()
const RAW: Readonly<Record<string, string>> = {
  'raw DuckDB, by model':
    'SELECT request_model, count(*), sum(input_tokens), sum(output_tokens), sum(cost_nano_usd) FROM events GROUP BY 1',
  'raw DuckDB, p95 by model': 'SELECT request_model, quantile_cont(duration_ms, 0.95) FROM events GROUP BY 1',
}
for (const [name, sql] of Object.entries(RAW)) {
  const times: number[] = []
  for (let round = 0; round < repeat; round++) {
    started = performance.now()
    await (await connection.run(sql)).getRows()
    times.push(performance.now() - started)
  }
  line(name, { 'p50 ms': median(times), 'p95 ms': quantile(times, 0.95) })
}
for (const { table, rows, bytes } of await tableSizes(connection, join(dir, 'tallystick.duckdb')))
  line(`bytes of ${table}`, { rows, 'B/event': bytes / events })
connection.closeSync()
instance.closeSync()

const scanned = Math.min(events, 1_000_000)
const jsonl = join(dir, 'scan.jsonl')
const out = createWriteStream(jsonl)
for (const event of workload(loadOf(scanned, days)))
  if (!out.write(`${JSON.stringify(event)}\n`)) await new Promise<void>((resolve) => out.once('drain', () => resolve()))
await new Promise<void>((resolve) => out.end(() => resolve()))
started = performance.now()
const totals = new Map<string, number>()
for await (const text of createInterface({ input: createReadStream(jsonl) })) {
  const event = JSON.parse(text) as { model: string; input_tokens: number }
  totals.set(event.model, (totals.get(event.model) ?? 0) + event.input_tokens)
}
line(`JSONL scan of ${scanned}`, { ms: performance.now() - started, models: totals.size })

if (kept) rmSync(jsonl, { force: true })
else rmSync(dir, { recursive: true, force: true })
