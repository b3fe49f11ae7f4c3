import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A server under measurement: its own process, its own folder, ended and removed by `stop`. */
export interface Server {
  readonly pid: number
  readonly port: number
  readonly url: string
  readonly dir: string
  /** From spawn to the first line with an address. */
  readonly startMs: number
  stop(options?: { readonly keep?: boolean }): Promise<void>
}

const BIN = fileURLToPath(new URL('../../packages/server/bin/tallystick.js', import.meta.url))
const BARE = fileURLToPath(new URL('./bare-server.js', import.meta.url))

export function startTallystick(dir: string = workFolder(), more: readonly string[] = []): Promise<Server> {
  return start([BIN, 'serve', '--port', '0', '--data', dir, '--log-level', 'error', ...more], dir)
}

/** Fewer late rows than this may wait for the next quarter-hour; they take no time to read. */
const LATE_ROWS = 50_000

/** Waits until all that is old enough stands in cells, so that what is measured next is not measured beside sealing. */
export async function untilSealed({ url }: Server): Promise<void> {
  const dueMs = Date.now() - 20 * 60_000
  for (;;) {
    const response = await fetch(`${url}/api/v1/status`)
    const { store } = (await response.json()) as {
      store: { sealed_to_ms: number; newest_ms: number | null; late_events: number; lag_events: number }
    }
    // No further than there are events.
    const wantedMs = Math.min(dueMs, store.newest_ms ?? 0)
    if (store.sealed_to_ms >= wantedMs && store.lag_events === 0 && store.late_events < LATE_ROWS) return
    await sleep(250)
  }
}

export function startBare(more: readonly string[] = [], dir: string = workFolder()): Promise<Server> {
  return start([BARE, join(dir, 'bare.jsonl'), ...more], dir)
}

/** Any other script that prints its address. */
export function startScript(args: readonly string[], dir: string = workFolder()): Promise<Server> {
  return start(args, dir)
}

export function workFolder(): string {
  return mkdtempSync(join(process.env['TALLYSTICK_BENCH_DIR'] ?? tmpdir(), 'tallystick-bench-'))
}

async function start(args: readonly string[], dir: string): Promise<Server> {
  const started = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const url = await addressOf(child)
  return {
    pid: child.pid as number,
    port: Number(new URL(url).port),
    url,
    dir,
    startMs: performance.now() - started,
    stop: async (options) => {
      const ended = new Promise((resolve) => child.on('close', resolve))
      child.kill('SIGTERM')
      await ended
      if (!options?.keep) rmSync(dir, { recursive: true, force: true })
    },
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    let errors = ''
    child.stderr?.on('data', (data) => {
      errors += data
    })
    child.stdout?.on('data', (data) => {
      text += data
      const url = /https?:\/\/[\d.a-z]+:\d+/.exec(text)?.[0]
      if (url) resolve(url)
    })
    child.on('close', (code) => reject(new Error(`the server ended with ${code} before it gave an address\n${errors}`)))
  })
}
