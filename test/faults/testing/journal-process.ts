import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { openJournal, readJournal } from '@tallystick/core/journal'

/** What a process runs: a script beside this file, and the built module that it is given. */
export interface Writer {
  readonly script: string
  readonly module: string
}

const JOURNAL: Writer = { script: './journal-writer.mjs', module: '../../../packages/core/dist/journal/index.js' }
const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** A writing process, and what it has been promised. */
export class JournalProcess {
  readonly acked = new Set<number>()
  cursor = 0
  readonly errors: string[] = []
  readonly #writer: Writer
  #child: ChildProcess | undefined
  #text = ''

  constructor(writer = JOURNAL) {
    this.#writer = writer
  }

  get highestAcked(): number {
    let highest = 0
    for (const id of this.acked) highest = Math.max(highest, id)
    return highest
  }

  /** Starts it and waits until it holds the journal. */
  async start(dir: string, firstId: number, mode: 'synced' | 'unsynced' = 'synced'): Promise<void> {
    const built = pathOf(this.#writer.module)
    if (!existsSync(built)) throw new Error(`${built} is missing: run npm run build first`)
    const script = pathOf(this.#writer.script)
    const child = spawn(process.execPath, [script, pathToFileURL(built).href, dir, String(firstId), mode], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#text = ''
    child.stderr?.on('data', (chunk: Buffer) => this.errors.push(chunk.toString()))
    const opened = new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`The writer ended: ${this.errors.join('')}`)))
      child.stdout?.on('data', (chunk: Buffer) => {
        if (this.#take(chunk)) resolve()
      })
    })
    await opened
    child.removeAllListeners('exit')
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }

  #take(chunk: Buffer): boolean {
    this.#text += chunk.toString()
    const lines = this.#text.split('\n')
    this.#text = lines.pop() ?? ''
    let opened = false
    for (const line of lines) {
      const [word, from, to] = line.split(' ')
      if (word === 'acked') for (let id = Number(from); id <= Number(to); id++) this.acked.add(id)
      else if (word === 'cursor') this.cursor = Math.max(this.cursor, Number(from))
      else if (word === 'open') opened = true
      else this.errors.push(line)
    }
    return opened
  }
}

/** What a directory breaks of what was promised, after it has been opened and closed as a start would; and its highest id. */
export async function examine(
  dir: string,
  acked: ReadonlySet<number>,
  cursor: number,
): Promise<{ broken: string[]; highest: number }> {
  const broken: string[] = []
  const journal = await openJournal({ dir })
  if ((journal.cursors().get('report')?.ordinal ?? 0) < cursor) broken.push('a saved cursor went back')
  const seen = new Set<number>()
  let highest = 0
  for await (const { records } of readJournal({ dir, to: journal.end().position })) {
    for (const { body } of records) {
      const { id, square } = body['e'] as { readonly id: number; readonly square: number }
      if (square !== id * id) broken.push(`id ${id} has another content`)
      if (seen.has(id)) broken.push(`id ${id} is there twice`)
      seen.add(id)
      highest = Math.max(highest, id)
    }
  }
  for (const id of acked) if (!seen.has(id)) broken.push(`acked id ${id} is lost`)
  await journal.close()
  return { broken, highest }
}
