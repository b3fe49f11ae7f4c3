import { isTallystickError } from '@tallystick/core'
import type { Connection } from './connection.ts'

/**
 * A connection that is made when it is called and given back once nobody has called for a while, so that a process that
 * runs all day does not keep a data directory from the server that somebody wants to start. Each time it is found anew who
 * answers: a server may have come, gone, or come back at another address.
 */
export class Reach {
  readonly #connect: () => Promise<Connection>
  readonly #restMs: () => number
  #current: Promise<Connection> | undefined
  #calls = 0
  #resting: ReturnType<typeof setTimeout> | undefined
  #closing: Promise<unknown> = Promise.resolve()

  /** @param restMs how long a connection that nobody calls is kept */
  constructor(connect: () => Promise<Connection>, restMs: () => number) {
    this.#connect = connect
    this.#restMs = restMs
  }

  /** As `Connection.call`. A server that no longer answers is looked for once more. */
  async call(path: string, init?: RequestInit): Promise<Response> {
    this.#calls++
    clearTimeout(this.#resting)
    try {
      const before = this.#current
      const connection = this.#connection()
      try {
        return await (await connection).call(path, init)
      } catch (error) {
        if (!isTallystickError(error) || error.code !== 'server_unreachable' || init?.signal?.aborted) throw error
        this.#forget(connection)
        // One that has just been made is as new as it can be.
        if (before !== connection) throw error
        return await (await this.#connection()).call(path, init)
      }
    } finally {
      this.#calls--
      if (this.#calls === 0) this.#rest()
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#resting)
    if (this.#current !== undefined) this.#forget(this.#current)
    await this.#closing
  }

  #connection(): Promise<Connection> {
    // What is being closed still holds the directory.
    this.#current ??= this.#closing.then(this.#connect)
    const opening = this.#current
    // What could not be opened is opened anew by the next call.
    opening.catch(() => {
      if (this.#current === opening) this.#current = undefined
    })
    return opening
  }

  #forget(connection: Promise<Connection>): void {
    if (this.#current !== connection) return
    this.#current = undefined
    this.#closing = connection.then((open) => open.close()).catch(() => undefined)
  }

  #rest(): void {
    this.#resting = setTimeout(() => {
      if (this.#current !== undefined && this.#calls === 0) this.#forget(this.#current)
    }, this.#restMs())
    this.#resting.unref()
  }
}
