import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Config } from '../../config/config.ts'
import { ImportState, type StoreMoment } from '../../import/state.ts'
import { connect, runningServer } from '../connection.ts'
import type { Terminal } from '../terminal.ts'
import { LazyConnection } from './lazy-connection.ts'
import { directoryState, storeMoment } from './store-moment.ts'

/** Between two writes of what was read: a run that is killed reads this much again. */
const SAVE_EVERY_MS = 2_000

export interface SessionOptions {
  readonly server?: string
  readonly dryRun?: boolean
  readonly again?: boolean
}

/** One run of an import: where it sends to, what earlier runs remember, and what this one leaves for the next. */
export class ImportSession {
  readonly connection: LazyConnection
  readonly state: ImportState
  readonly #dataDir: string
  readonly #terminal: Terminal
  #moment: StoreMoment | undefined
  #savedMs = performance.now()

  private constructor(connection: LazyConnection, state: ImportState, dataDir: string, terminal: Terminal) {
    this.#terminal = terminal
    this.connection = connection
    this.state = state
    this.#dataDir = dataDir
  }

  /** @throws TallystickError what connecting throws */
  static async open(
    source: string,
    options: SessionOptions,
    config: Config,
    terminal: Terminal,
  ): Promise<ImportSession> {
    const dataDir = resolve(config.text('data_dir'))
    const named = options.server ?? (terminal.env['TALLYSTICK_URL'] || undefined)
    const url = named ?? (await runningServer(dataDir))
    const connection = new LazyConnection(url, () => connect(config, options.server ?? url, terminal, 'write'))
    const session = new ImportSession(connection, new ImportState(statePath(dataDir, source, named)), dataDir, terminal)
    await session.#remember(options)
    return session
  }

  async #remember({ dryRun, again }: SessionOptions): Promise<void> {
    const local = this.connection.url === undefined
    // A directory that nobody has written to since is known without opening it, which takes longer than all the rest.
    if (local && !again && this.state.describes(directoryState(this.#dataDir) ?? '')) this.#moment = this.state.trust()
    else if (!(local && dryRun)) {
      this.#moment = await storeMoment(this.connection)
      if (this.#moment !== undefined && !again) this.state.match(this.#moment)
    }
  }

  /** Now and then writes what was acknowledged so far. */
  keep(): void {
    const now = performance.now()
    if (now - this.#savedMs < SAVE_EVERY_MS) return
    this.#savedMs = now
    this.#save()
  }

  /** Closes the connection after everything was acknowledged. */
  async end(): Promise<void> {
    const { connection, state } = this
    const after = connection.used ? await storeMoment(connection) : undefined
    await connection.close()
    if (this.#moment === undefined) return
    // The store as it was found, with what it holds by now: if it was cleared meanwhile, the state is about another one.
    this.#moment = { store: this.#moment.store, ordinal: Math.max(this.#moment.ordinal, after?.ordinal ?? 0) }
    const directory = connection.url === undefined ? directoryState(this.#dataDir) : undefined
    if (state.changed || (connection.used && directory !== undefined))
      this.#write(this.#moment, { directory, names: true })
  }

  /** Closes the connection after a failure; what was acknowledged by then stays so. */
  async abort(): Promise<void> {
    this.#save()
    await this.connection.close()
  }

  #save(): void {
    if (this.#moment !== undefined && this.state.changed) this.#write(this.#moment, { names: false })
  }

  /** What cannot be remembered is read again next time, which is no reason to stop. */
  #write(moment: StoreMoment, { directory, names }: { directory?: string | undefined; names: boolean }): void {
    try {
      if (names) this.state.saveNames(moment)
      this.state.save(moment, directory)
    } catch (error) {
      this.#terminal.err(`The next import will read everything again: ${(error as Error).message}\n`)
      this.#moment = undefined
    }
  }
}

/** One file for each source and each place it is sent to. */
function statePath(dataDir: string, source: string, server: string | undefined): string {
  const place = server === undefined ? '' : `.${createHash('sha256').update(server).digest('hex').slice(0, 16)}`
  return join(dataDir, 'import', `${source}${place}.json`)
}
