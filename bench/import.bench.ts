import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeClaudeLogs } from './claude-logs.ts'
import { line, machine, median, option, usageOf } from './report.ts'
import { startTallystick, workFolder } from './servers.ts'

/**
 * Importing the session logs of Claude Code through a running server: cold, again when nothing is new, and after one file has
 * grown; against bare reading of the same files with JSON.parse of the lines that matter.
 *
 *   npm run bench -- import [--messages 100000] [--files 1000] [--rounds 3]
 */
const messages = Number(option('messages', '100000'))
const files = Number(option('files', '1000'))
const rounds = Number(option('rounds', '3'))
const BIN = fileURLToPath(new URL('../../packages/server/bin/tallystick.js', import.meta.url))
console.log(machine())

const logs = workFolder()
const bytes = writeClaudeLogs(logs, files, Math.round(messages / files), Date.now())
line('logs', { files, messages, MB: bytes / 1e6 })

interface Measured {
  readonly ms: number
  readonly cpuMs: number
}

/** Every file read whole, cut into lines, and lines with usage parsed. */
function floor(): Measured & { readonly found: number } {
  const started = performance.now()
  const before = process.cpuUsage()
  let found = 0
  for (const name of readdirSync(logs, { recursive: true }) as string[]) {
    if (!name.endsWith('.jsonl')) continue
    for (const text of readFileSync(join(logs, name), 'utf8').split('\n'))
      if (text.includes('"usage"') && (JSON.parse(text) as { type: string }).type === 'assistant') found++
  }
  const { user, system } = process.cpuUsage(before)
  return { found, ms: performance.now() - started, cpuMs: (user + system) / 1000 }
}

interface Imported extends Measured {
  readonly peakMb: number
  readonly summary: { readonly accepted: number; readonly files_unchanged: number }
}

/** The command line as a person runs it, start of the process included. */
function imported(url: string, data: string, more: readonly string[] = []): Promise<Imported> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const args = [BIN, 'import', 'claude-code', logs, '--server', url, '--data', data, '--json', ...more]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    let last = { cpuSeconds: 0, peakMb: 0 }
    const look = (): void => {
      const { cpuSeconds, peakMb } = usageOf(child.pid as number)
      // A process that has ended is still listed for a moment, without memory.
      last = { cpuSeconds: Math.max(last.cpuSeconds, cpuSeconds || 0), peakMb: Math.max(last.peakMb, peakMb || 0) }
    }
    const watch = setInterval(look, 10)
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString()
      look()
    })
    child.on('close', (code) => {
      clearInterval(watch)
      if (code !== 0) reject(new Error(`import ended with ${code}`))
      else
        resolve({
          ms: performance.now() - started,
          cpuMs: last.cpuSeconds * 1000,
          peakMb: last.peakMb,
          summary: JSON.parse(text) as Imported['summary'],
        })
    })
  })
}

const floors: Measured[] = []
const cold: Imported[] = []
const again: Imported[] = []
const dry: Imported[] = []
let serverCpuMs = 0
for (let round = 0; round < rounds; round++) {
  const server = await startTallystick()
  floors.push(floor())
  const before = usageOf(server.pid).cpuSeconds
  cold.push(await imported(server.url, server.dir))
  serverCpuMs += (usageOf(server.pid).cpuSeconds - before) * 1000
  again.push(await imported(server.url, server.dir))
  dry.push(await imported(server.url, server.dir, ['--dry-run', '--again']))
  await server.stop()
}
const show = (name: string, runs: readonly (Measured & { readonly peakMb?: number })[]): Measured => {
  const figures = { ms: median(runs.map((run) => run.ms)), cpuMs: median(runs.map((run) => run.cpuMs)) }
  const peaks = runs.flatMap((run) => run.peakMb ?? [])
  line(name, {
    ms: figures.ms,
    'CPU ms': figures.cpuMs,
    ...(peaks.length > 0 ? { 'peak MB': Math.max(...peaks) } : {}),
  })
  return figures
}
const bare = show('bare reading and parsing', floors)
const first = show('import, cold', cold)
show('import, nothing new', again)
show('import --dry-run --again', dry)
line('server, cold import', { 'CPU ms': serverCpuMs / rounds })
line('cold to bare', { time: first.ms / bare.ms, CPU: first.cpuMs / bare.cpuMs })
for (const { summary } of cold) if (summary.accepted !== messages) throw new Error(`accepted ${summary.accepted}`)
for (const { summary } of again) if (summary.files_unchanged !== files) throw new Error('something was read again')
rmSync(logs, { recursive: true, force: true })
