import { type ClientOptions, WebSocket } from 'ws'
import { until } from '../../testing/raw.ts'
import type { Told } from './fake-socket.ts'

/** A client of `WS /ws` over a real socket. */
export class FeedClient {
  readonly told: Told[] = []
  readonly socket: WebSocket
  /** How it ended. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  #status = 0

  /** @param first what it says first; nothing when undefined */
  constructor(url: string, first?: unknown, options: ClientOptions = {}) {
    this.socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, options)
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
    })
    this.socket.on('message', (data) => this.told.push(JSON.parse(String(data)) as Told))
    this.socket.on('error', ({ message }) => {
      this.#status = Number(/^Unexpected server response: (\d+)$/.exec(message)?.[1] ?? 0)
    })
    if (first !== undefined)
      this.socket.on('open', () => this.socket.send(typeof first === 'string' ? first : JSON.stringify(first)))
  }

  /** Status of the answer where the handshake was refused. */
  get status(): number {
    return this.#status
  }

  of(type: string): Told[] {
    return this.told.filter((message) => message.type === type)
  }

  /** Waits for so many messages of a type. */
  async until(type: string, count = 1): Promise<Told[]> {
    await until(() => this.of(type).length >= count)
    return this.of(type)
  }

  leave(): void {
    this.socket.terminate()
  }
}
