import { setTimeout } from 'node:timers/promises'
import type { Law } from './figures.ts'
import { HttpClient } from './http-client.ts'

const EVERY_MS = 15

/** Asks for the conservation law all the time, under load and across restarts, and keeps every answer that does not balance. */
export class LawWatch {
  readonly unbalanced: Law[] = []
  polls = 0
  readonly #client = new HttpClient()
  readonly #ending = new AbortController()
  readonly #running: Promise<void>

  /** @param url where the server is at this moment; it may not answer */
  constructor(url: () => string) {
    this.#running = this.#watch(url)
  }

  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#running
    this.#client.close()
  }

  async #watch(url: () => string): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        const { status, json } = await this.#client.call(`${url()}/api/v1/invariants`)
        if (status === 200) this.#judge(json as Law)
      } catch {
        // Killed or not up yet.
      }
      await setTimeout(EVERY_MS)
    }
  }

  #judge(law: Law): void {
    this.polls++
    if (!law.balanced || !law.server.balanced || !law.link.balanced || law.store.balanced === false)
      this.unbalanced.push(law)
  }
}
