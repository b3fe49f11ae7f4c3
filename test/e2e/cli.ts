import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The built command line, run as a person runs it. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** A public trace that stands beside a checkout, not in it; without it the tests over it are skipped. */
export const AZURE = join(ROOT, '../shared/data/azure-llm-2023/code.csv')
export const BIN = join(ROOT, 'packages/server/bin/tallystick.js')

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export const folder = (): string => mkdtempSync(join(tmpdir(), 'tallystick-e2e-'))

/** Environment without the settings of whoever runs the tests. */
export const ENV = Object.fromEntries(
  Object.entries({ ...process.env, NO_COLOR: '1', TZ: 'UTC' }).filter(([name]) => !name.startsWith('TALLYSTICK_')),
)

/** How a command is run. */
interface Run {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Another build than this one. */
  readonly bin?: string
  /** What is piped in; nothing unless given. */
  readonly input?: string
}

export function start(args: readonly string[], { cwd = ROOT, env = {}, bin = BIN, input }: Run = {}): ChildProcess {
  const stdin = input === undefined ? 'ignore' : 'pipe'
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { ...ENV, ...env },
    stdio: [stdin, 'pipe', 'pipe'],
  })
  child.stdin?.end(input)
  return child
}

/** Runs a command to its end; with `killAfterMs` it is ended by SIGKILL then, wherever it is. */
export function tallystick(
  args: readonly string[],
  options: Run & { readonly killAfterMs?: number } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = start(args, options)
    let out = ''
    let err = ''
    child.stdout?.on('data', (data) => {
      out += data
    })
    child.stderr?.on('data', (data) => {
      err += data
    })
    const timer =
      options.killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), options.killAfterMs)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, out, err })
    })
  })
}

export interface Served {
  readonly url: string
  readonly process: ChildProcess
  stop(): Promise<number | null>
}

/** Starts a server on a free port and waits for its address. */
export function serve(
  dataDir: string,
  more: readonly string[] = [],
  bin: string = BIN,
  env: Readonly<Record<string, string>> = {},
): Promise<Served> {
  return new Promise((resolve, reject) => {
    const child = start(['serve', '--port', '0', '--data', dataDir, '--log-level', 'error', ...more], { bin, env })
    const closed = new Promise<number | null>((done) => child.on('close', done))
    let text = ''
    child.stderr?.on('data', (data) => {
      text += data
    })
    child.stdout?.on('data', (data) => {
      text += data
      const url = /https?:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0]
      if (url !== undefined)
        resolve({
          url,
          process: child,
          stop: () => {
            child.kill('SIGTERM')
            return closed
          },
        })
    })
    void closed.then((code) => reject(new Error(`serve ended with ${code}: ${text}`)))
  })
}
