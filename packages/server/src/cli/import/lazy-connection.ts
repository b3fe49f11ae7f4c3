import type { Connection } from '../connection.ts'

/** A connection that is made when it is first used: an import that finds nothing new opens no data directory. */
export class LazyConnection implements Connection {
  readonly url: string | undefined
  readonly #open: () => Promise<Connection>
  #opening: Promise<Connection> | undefined

  constructor(url: string | undefined, open: () => Promise<Connection>) {
    this.url = url
    this.#open = open
  }

  get used(): boolean {
    return this.#opening !== undefined
  }

  async call(path: string, init?: RequestInit): Promise<Response> {
    this.#opening ??= this.#open()
    return (await this.#opening).call(path, init)
  }

  async close(): Promise<void> {
    // What failed to open has nothing to close; whoever called has been told.
    const opened = await this.#opening?.catch(() => undefined)
    await opened?.close()
  }
}
