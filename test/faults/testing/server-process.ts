import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { start } from '../../e2e/cli.ts'

const MIB_IN_KB = 1024

/** Every process that has not ended yet, so that a failing test leaves none behind. */
const running = new Set<ServerProcess>()

/** The built server, started as a person starts it; to be killed, stopped and looked at. */
export class ServerProcess {
  readonly child: ChildProcess
  readonly dataDir: string
  /** Exit code, or null after a signal. */
  readonly closed: Promise<number | null>
  /** The address, once it answers; rejects when the process ends before that. */
  readonly ready: Promise<string>
  /** Empty until `ready`. */
  url = ''
  /** What was written to standard error: the log, one JSON object a line, and messages for people. */
  errors = ''
  #ended = false

  constructor(dataDir: string, flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    this.dataDir = dataDir
    const child = start(['serve', '--port', '0', '--data', dataDir, '--log-level', 'warn', ...flags], { env })
    this.child = child
    running.add(this)
    let output = ''
    this.closed = new Promise((resolve) => {
      child.once('close', (code) => {
        this.#ended = true
        running.delete(this)
        resolve(code)
      })
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString()
    })
    this.ready = new Promise((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        const url = /https?:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0]
        if (url === undefined) return
        this.url = url
        resolve(url)
      })
      void this.closed.then((code) => reject(new Error(`The server ended with ${code}: ${this.errors}`)))
    })
    // Whoever kills it while it starts does not wait for it to be ready.
    this.ready.catch(() => undefined)
  }

  static async start(
    dataDir: string,
    flags: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServerProcess> {
    const server = new ServerProcess(dataDir, flags, env)
    await server.ready
    return server
  }

  get pid(): number {
    return this.child.pid as number
  }

  get alive(): boolean {
    return !this.#ended
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.closed
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM')
    return this.closed
  }

  /** Resident memory now and at its highest, MiB, as the kernel counts it. */
  memory(): { readonly nowMib: number; readonly peakMib: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    const of = (name: string): number =>
      Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / MIB_IN_KB)
    return { nowMib: of('VmRSS'), peakMib: of('VmHWM') }
  }
}

/** Ends what a test has left running. */
export async function endServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.kill()))
}
