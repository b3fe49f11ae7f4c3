import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A fault of the next statements; see `faults.mjs`. */
export interface EngineFault {
  /** Statements that contain this; all of them unless given. */
  readonly match?: string
  readonly how: 'lose_answer' | 'refuse' | 'error'
  /** 1 unless given. */
  readonly times?: number
  readonly code?: number
  readonly message?: string
}

export interface ClickhouseEngineOptions {
  /** Of the engine's data. One of its own, removed at the end, unless given. */
  readonly directory?: string
  readonly user?: string
  readonly password?: string
  /** A configuration of ClickHouse, for what no statement can set: clusters, for example. */
  readonly configFile?: string
}

/** The engine that a test file runs; all its databases are one server's. */
export interface ClickhouseEngine {
  /** `http://127.0.0.1:PORT`; stays the same over a restart. */
  readonly url: string
  /** Can it be killed, started again and made to fail? Not a server that was there before. */
  readonly owned: boolean
  readonly pid: number | undefined
  /** The URL of a store in that database, which the store makes. */
  storeUrl(database: string): string
  /** Runs one statement and gives its output. Formats are named in the statement. */
  run(statement: string, database?: string): Promise<string>
  fail(fault: EngineFault): Promise<void>
  /** kill -9. */
  kill(): Promise<void>
  /** After {@link kill}: on the same directory and port. */
  restart(): Promise<void>
  /** Ends it and removes its directory. */
  stop(): Promise<void>
}

const SERVER = join(import.meta.dirname, 'server.mjs')

/**
 * Starts the engine, or takes the server that `TALLYSTICK_TEST_CLICKHOUSE_URL` names.
 *
 * @example
 * const engine = await startClickhouse()
 * const store = await openStore(engine.storeUrl('a_test'))
 * afterAll(() => engine.stop())
 */
export async function startClickhouse(options: ClickhouseEngineOptions = {}): Promise<ClickhouseEngine> {
  const given = process.env['TALLYSTICK_TEST_CLICKHOUSE_URL']
  return given === undefined || options.user !== undefined || options.configFile !== undefined
    ? OwnEngine.start(options)
    : new GivenServer(given)
}

abstract class Endpoint {
  abstract readonly url: string
  /** `user:password@`, or nothing. */
  abstract readonly credentials: string

  storeUrl(database: string): string {
    const { protocol, host } = new URL(this.url)
    return `${protocol === 'https:' ? 'clickhouses' : 'clickhouse'}://${this.credentials}${host}/${database}`
  }

  async run(statement: string, database = 'default'): Promise<string> {
    const { username, password } = new URL(`http://${this.credentials}x`)
    const response = await fetch(`${this.url}/?database=${encodeURIComponent(database)}`, {
      method: 'POST',
      body: statement,
      headers: {
        'X-ClickHouse-User': decodeURIComponent(username) || 'default',
        'X-ClickHouse-Key': decodeURIComponent(password),
      },
    })
    const text = await response.text()
    if (!response.ok) throw new Error(text)
    return text
  }
}

class GivenServer extends Endpoint implements ClickhouseEngine {
  readonly url: string
  readonly credentials: string
  readonly owned = false
  readonly pid = undefined

  constructor(given: string) {
    super()
    const { host, password, protocol, username } = new URL(given)
    this.url = `${protocol.replace('clickhouse', 'http')}//${host}`
    this.credentials = username === '' ? '' : `${username}:${password}@`
  }

  async fail(): Promise<void> {
    throw new Error('faults need the engine of the tests')
  }
  async kill(): Promise<void> {
    throw new Error('a given server is not killed')
  }
  async restart(): Promise<void> {}
  async stop(): Promise<void> {}
}

class OwnEngine extends Endpoint implements ClickhouseEngine {
  readonly #options: ClickhouseEngineOptions & { readonly directory: string }
  readonly owned = true
  #child: ChildProcess | undefined
  #port = 0

  static async start(options: ClickhouseEngineOptions): Promise<OwnEngine> {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'tallystick-clickhouse-')))
    const engine = new OwnEngine({ ...options, directory })
    await engine.restart()
    return engine
  }

  private constructor(options: ClickhouseEngineOptions & { readonly directory: string }) {
    super()
    this.#options = options
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get credentials(): string {
    const { user, password = '' } = this.#options
    return user === undefined ? '' : `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async fail(fault: EngineFault): Promise<void> {
    await fetch(`${this.url}/faults`, { method: 'POST', body: JSON.stringify(fault) })
  }

  async restart(): Promise<void> {
    const { configFile, directory, password, user } = this.#options
    const options = { path: directory, port: String(this.#port), user, password, 'config-file': configFile }
    const flags = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
    // The channel ends the child when this process is gone.
    const child = spawn(process.execPath, [SERVER, ...flags], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
    this.#child = child
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      this.#port = (JSON.parse(line) as { port: number }).port
      child.stdout?.resume()
      return
    }
    throw new Error('the engine has ended without saying its port')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#end('SIGKILL')
    if (this.#options.directory) await rm(this.#options.directory, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
}
