import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkloadOptions } from 'tallystick'
import { fillWith, loadOf } from './fill.ts'
import { line, machine, median, option, quantile, usageOf } from './report.ts'
import { commandSeconds, retention } from './scale-change.ts'
import { ask, exported, jsonlScan, RawEngine, timed } from './scale-measure.ts'
import { dashboardQueries } from './scale-queries.ts'
import { startTallystick, untilSealed, workFolder } from './servers.ts'
import { tableSizes } from './sizes.ts'

/**
 * The embedded store over a year of load: filling, bytes, start, questions, export, retention, erasure, re-pricing; beside raw SQL
 * on the same file and a scan of JSONL in the same run; and how each grows with the number of events.
 *
 *   npm run bench -- scale [--events 1000000] [--days 365] [--repeat 20] [--seed 1] [--dir DIR (kept, and filled once)]
 *                          [--small N (the other size; a tenth, at most a million; 0 for none)]
 *                          [--changes all|retention|none (of the directory itself nothing is changed, but a copy takes room)]
 *
 * A fill that was broken off goes on with the same options. Changes are made to a copy of the directory beside it.
 */
const events = Number(option('events', '1000000'))
const days = Number(option('days', '365'))
const repeat = Number(option('repeat', '20'))
const seed = Number(option('seed', '1'))
const small = Number(option('small', String(Math.min(1_000_000, Math.floor(events / 10)))))
const changes = option('changes', 'all')
const kept = option('dir', '')
const DAY_MS = 86_400_000
const EXPORT_ROWS = 1_000_000
const SCAN_ROWS = 1_000_000

/** What is compared between two sizes: milliseconds, or bytes an event. */
type Figures = Map<string, number>

let shownMs = 0

console.log(machine())
const before: Figures = small > 0 ? await measure(workFolder(), small, false) : new Map()
const figures = await measure(kept || workFolder(), events, kept !== '')
if (small > 0) {
  console.log(`\ngrowth from ${small} to ${events} events, as a power of their number: 0 constant, 1 in proportion`)
  for (const [name, value] of figures) {
    const earlier = before.get(name)
    if (earlier === undefined || earlier <= 0 || value <= 0) continue
    const exponent = Math.log(value / earlier) / Math.log(events / small)
    line(name, { small: earlier, large: value, exponent })
  }
}

async function measure(dir: string, count: number, keep: boolean): Promise<Figures> {
  console.log(`\n${count.toLocaleString('en-US')} events over ${days} days in ${dir}`)
  const found: Figures = new Map()
  const load = await filled(dir, count, found)
  for (const [name, bytes] of bytesOf(dir)) line(`bytes of ${name}`, { MB: bytes / 1e6, 'B/event': bytes / count })
  found.set('bytes of the store an event', (statSync(join(dir, 'tallystick.duckdb')).size / count) as number)
  await starts(dir, found)
  await questions(dir, load, found)
  if (changes !== 'none') await changed(dir, load, found)
  if (!keep) rmSync(dir, { recursive: true, force: true })
  return found
}

/** Fills the directory unless an earlier run has, and returns what with. */
async function filled(dir: string, count: number, found: Figures): Promise<WorkloadOptions> {
  const path = join(dir, 'load.json')
  const known = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as { load: WorkloadOptions; done: boolean })
    : undefined
  const load = known?.load ?? loadOf(count, days, { seed })
  if (load.events !== count)
    throw new Error(`${dir} was filled with ${load.events} events; say --events ${load.events}`)
  if (known?.done !== true) {
    const note = (done: boolean): void => writeFileSync(path, JSON.stringify({ load, done }))
    if (known === undefined && existsSync(join(dir, 'journal'))) throw new Error(`${dir} was filled by something else`)
    if (!existsSync(dir)) throw new Error(`there is no directory ${dir}`)
    note(false)
    const started = performance.now()
    const report = await fillWith(dir, load, (done) => progress('filled', done, count, started))
    process.stderr.write('\n')
    note(true)
    // Fewer than there are where it went on behind an earlier one.
    const sent = report.accepted + report.duplicate
    line('fill until durable', {
      s: report.durableSeconds,
      'events/s': sent / report.durableSeconds,
      'main thread busy': report.mainBusy,
      path: 'pipeline in process: validated, deduplicated, priced, journaled, synced',
    })
    line('fill until in the figures', {
      s: report.appliedSeconds,
      'events/s': sent / report.appliedSeconds,
      'CPU us/event': (report.cpuSeconds * 1e6) / sent,
      accepted: report.accepted,
      duplicate: report.duplicate,
    })
    found.set('fill, us/event', (report.appliedSeconds * 1e6) / sent)
  }
  const started = performance.now()
  const server = await startTallystick(dir)
  await untilSealed(server)
  line('sealed after', { s: (performance.now() - started) / 1000, 'peak MB': usageOf(server.pid).peakMb })
  await server.stop({ keep: true })
  return load
}

async function starts(dir: string, found: Figures): Promise<void> {
  const [answers, memory]: [number[], number[]] = [[], []]
  for (let round = 0; round < 5; round++) {
    const started = performance.now()
    const server = await startTallystick(dir)
    await ask(server, { measures: ['requests'] })
    answers.push(performance.now() - started)
    await sleep(2_000)
    memory.push(usageOf(server.pid).rssMb)
    await server.stop({ keep: true })
  }
  line('start to first figures', {
    'p50 ms': median(answers),
    'worst ms': Math.max(...answers),
    'RSS MB': median(memory),
  })
  found.set('start to first figures', median(answers))
  found.set('RSS at rest, MB', median(memory))
}

async function questions(dir: string, load: WorkloadOptions, found: Figures): Promise<void> {
  const { events: count, fromMs, toMs } = load
  const ranges = { year: fromMs, '30 days': Math.max(fromMs, toMs - 30 * DAY_MS) }
  const server = await startTallystick(dir)
  const rawSql: [name: string, sql: string, ours: number][] = []
  for (const [range, from] of Object.entries(ranges)) {
    for (const { body, name, sql } of dashboardQueries(from, toMs)) {
      const { answered_from: answered } = await ask(server, body)
      const times = await timed(repeat, () => ask(server, body))
      line(`${name}, ${range}`, { 'p50 ms': median(times), 'p95 ms': quantile(times, 0.95), from: answered })
      found.set(`${name}, ${range}`, median(times))
      if (sql !== undefined)
        rawSql.push([
          `${name}, ${range}`,
          sql.replace('$from', String(from)).replace('$to', String(toMs)),
          median(times),
        ])
    }
  }
  const newest = await timed(repeat, async () => {
    const response = await fetch(`${server.url}/api/v1/events?model=gpt-4o&limit=100`)
    const { events: page } = (await response.json()) as { readonly events: readonly object[] }
    if (page.length === 0) throw new Error('no event of the model')
  })
  line('newest 100 of a model', { 'p50 ms': median(newest), 'p95 ms': quantile(newest, 0.95) })
  found.set('newest 100 of a model', median(newest))
  const exportFrom = Math.round(toMs - (toMs - fromMs) * Math.min(1, EXPORT_ROWS / count))
  const csv = await exported(server, `from=${exportFrom}&to=${toMs}`)
  line('CSV export', { rows: csv.rows, s: csv.ms / 1000, MB: csv.bytes / 1e6, 'us/row': (csv.ms * 1000) / csv.rows })
  found.set('CSV export, us/row', (csv.ms * 1000) / csv.rows)
  line('server', { 'RSS MB': usageOf(server.pid).rssMb, 'peak MB': usageOf(server.pid).peakMb })
  found.set('peak memory, MB', usageOf(server.pid).peakMb)
  await server.stop({ keep: true })

  const engine = await RawEngine.open(join(dir, 'tallystick.duckdb'))
  for (const [name, sql, ours] of rawSql) {
    const times = await timed(Math.min(repeat, 5), () => engine.run(sql))
    line(`raw SQL: ${name}`, { 'p50 ms': median(times), 'ours to raw': ours / median(times) })
  }
  const [code] = await engine.run(`SELECT code FROM dictionary WHERE field = 'requestModel' AND value = 'gpt-4o'`)
  const rawNewest = await timed(Math.min(repeat, 5), () =>
    engine.run(
      `SELECT * FROM events WHERE request_model = ${code?.[0]} ORDER BY timestamp_ms DESC, ordinal DESC LIMIT 100`,
    ),
  )
  line('raw SQL: newest 100', { 'p50 ms': median(rawNewest), 'ours to raw': median(newest) / median(rawNewest) })
  const copy = join(dir, 'copy.csv')
  const [rawCsv] = await timed(1, () =>
    engine.run(
      `COPY (FROM events WHERE timestamp_ms >= ${exportFrom} AND timestamp_ms < ${toMs}) TO '${copy}' (FORMAT csv)`,
    ),
  )
  rmSync(copy, { force: true })
  line('raw SQL: CSV of the rows', { s: (rawCsv as number) / 1000, 'ours to raw': csv.ms / (rawCsv as number) })
  engine.close()
  await sizes(dir, count)
  const scanned = Math.min(count, SCAN_ROWS)
  const scanMs = await jsonlScan({ ...load, events: scanned }, join(dir, 'scan.jsonl'))
  const model = found.get('by model, year') ?? Number.NaN
  line('JSONL scan, tokens by model', {
    rows: scanned,
    ms: scanMs,
    'scan of all to ours': (scanMs * count) / scanned / model,
  })
}

async function sizes(dir: string, count: number): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const path = join(dir, 'tallystick.duckdb')
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' })
  const connection = await instance.connect()
  for (const { bytes, rows, table } of await tableSizes(connection, path))
    if (bytes > count / 20) line(`bytes of ${table}`, { rows, 'B/event': bytes / count })
  connection.closeSync()
  instance.closeSync()
}

async function changed(dir: string, load: WorkloadOptions, found: Figures): Promise<void> {
  // Beside it: a folder cannot be copied into itself.
  const copy = `${dir}-changed`
  const month = Math.min(30 * DAY_MS, (load.toMs - load.fromMs) / 12)
  const anew = (): void => {
    rmSync(copy, { recursive: true, force: true })
    cpSync(dir, copy, {
      recursive: true,
      mode: 2, // COPYFILE_FICLONE: shares blocks where the file system can
      filter: (path) => !/\/(load\.json|server\.json|LOCK)$/.test(path),
    })
  }
  anew()
  const felt = await retention(copy, load, load.fromMs + month)
  line('retention of a month', {
    events: felt.events,
    'ms until out of sight': felt.hiddenMs,
    's until gone': felt.ms / 1000,
    'CPU s': felt.cpuMs / 1000,
    'worst ack ms': felt.ackMs,
    'worst lag ms': felt.lagMs,
    'worst query ms': felt.queryMs,
    'before ms': felt.queryBeforeMs,
  })
  found.set('retention of a month, ms until out of sight', felt.hiddenMs)
  found.set('retention of a month, s until gone', felt.ms / 1000)
  if (changes === 'retention') {
    rmSync(copy, { recursive: true, force: true })
    return
  }
  anew()
  const erased = await commandSeconds(['erase', '--user', 'user-1', '--data', copy, '--json'])
  if (erased !== undefined) line('erasing the commonest user', { s: erased })
  if (erased !== undefined) found.set('erasing a user, s', erased)
  const instants = ['--from', String(load.toMs - month), '--to', String(load.toMs)]
  const repriced = await commandSeconds(['reprice', ...instants, '--yes', '--data', copy])
  if (repriced !== undefined) line('re-pricing a month', { s: repriced })
  if (repriced !== undefined) found.set('re-pricing a month, s', repriced)
  rmSync(copy, { recursive: true, force: true })
}

function bytesOf(dir: string): readonly (readonly [name: string, bytes: number])[] {
  const below = (path: string): number => {
    const stat = statSync(path)
    if (!stat.isDirectory()) return stat.size
    return readdirSync(path).reduce((sum, name) => sum + below(join(path, name)), 0)
  }
  return ['tallystick.duckdb', 'journal', 'dedup'].map((name) => [name, below(join(dir, name))])
}

function progress(what: string, done: number, of: number, started: number): void {
  const now = performance.now()
  if (now - shownMs < 2_000) return
  shownMs = now
  const rate = done / ((now - started) / 1000)
  const left = Math.round((of - done) / rate)
  process.stderr.write(
    `\r${what} ${done.toLocaleString('en-US')}, ${Math.round(rate).toLocaleString('en-US')}/s, ${left} s left   `,
  )
}
