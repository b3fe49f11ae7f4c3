import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const LIBRARY = fileURLToPath(new URL('../../../packages/core/dist', import.meta.url))
const RECORDER = fileURLToPath(new URL('./recorder.mjs', import.meta.url))

/** A directory of its own, or one below a directory that it shares. */
export type SpoolPlace = { readonly dir: string } | { readonly parent: string }

/** What a life has told to be on disk. */
export interface Flushed {
  readonly life: { readonly sourceId: string; readonly epoch: number }
  readonly recorded: number
  readonly lost: number
}

export interface LifeAccount {
  readonly sourceId: string
  readonly epoch: number
  readonly recorded: number
  readonly acked: number
  readonly pending: number
  readonly dropped: Readonly<Record<string, number>>
}

/** A recording process with a spool, and what it has told. */
export class RecorderProcess {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #text = ''
  #errors = ''
  readonly #lines: Record<string, unknown>[] = []

  constructor(place: SpoolPlace, url: string, mode: 'record' | 'drain') {
    if (!existsSync(LIBRARY)) throw new Error(`${LIBRARY} is missing: run npm run build first`)
    const child = spawn(process.execPath, [RECORDER, LIBRARY, JSON.stringify(place), url, mode], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#closed = once(child, 'close')
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString()
    })
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (this.#text + chunk.toString()).split('\n')
      this.#text = lines.pop() ?? ''
      for (const line of lines) this.#lines.push(JSON.parse(line))
    })
  }

  /** The last it told. */
  get flushed(): Flushed | undefined {
    return this.#lines.filter((line) => 'recorded' in line).at(-1) as Flushed | undefined
  }

  /** Resolves once it has told so often that events are on disk, or has ended. */
  async told(times: number): Promise<void> {
    while (this.#lines.filter((line) => 'recorded' in line).length < times && this.#child.exitCode === null)
      await setTimeout(10)
  }

  get errors(): string {
    return this.#errors
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }

  /** Resolves when a draining process has ended by itself. */
  async drained(): Promise<{ readonly pending: number; readonly lives: readonly LifeAccount[] }> {
    await this.#closed
    const told = this.#lines.at(-1)
    if (told === undefined || !('lives' in told)) throw new Error(`The process told nothing: ${this.#errors}`)
    return told as unknown as { readonly pending: number; readonly lives: readonly LifeAccount[] }
  }
}
