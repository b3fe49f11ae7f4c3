import { systemClock } from '@tallystick/core/event'
import type { WireEvent } from './api.ts'
import { login } from './login.svelte.ts'

/** What the server says once a second while events arrive. */
export interface Tick {
  readonly seq: number
  readonly at_ms: number
  readonly accepted: number
  readonly cells: readonly {
    readonly time_ms: number
    readonly provider: string | null
    readonly model: string | null
  }[]
  readonly events: readonly WireEvent[]
  /** There were too many cells to list. */
  readonly truncated?: boolean
}

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000

/**
 * The live stream. It says what changed, the panels ask again: a tick's cells know provider and model only, and figures
 * under any other filter could not be folded from them.
 *
 * The browser reconnects by itself after a cut; after a refusal (a restart behind a proxy, too many streams) it gives up,
 * so that case is retried here, ever more slowly.
 */
export class Live {
  state = $state<'connecting' | 'live' | 'lost'>('connecting')
  /** When the stream was cut. */
  lostMs = $state<number | null>(null)

  readonly #onTick: (tick: Tick) => void
  /** Something may have been missed. */
  readonly #onReset: () => void
  #source: EventSource | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #retryMs = FIRST_RETRY_MS
  #opened = false

  constructor(onTick: (tick: Tick) => void, onReset: () => void) {
    this.#onTick = onTick
    this.#onReset = onReset
  }

  open(): void {
    this.close()
    const source = new EventSource('/api/v1/live')
    this.#source = source
    source.onopen = () => {
      this.state = 'live'
      this.lostMs = null
      this.#retryMs = FIRST_RETRY_MS
      if (this.#opened) this.#onReset()
      this.#opened = true
    }
    source.onerror = () => {
      this.lostMs ??= systemClock.now()
      this.state = 'lost'
      if (source.readyState !== EventSource.CLOSED) return
      // A stream cannot say why it was refused.
      void login.look()
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.open(), this.#retryMs)
      this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2)
    }
    source.addEventListener('tick', (message) => {
      const tick = readTick(message.data)
      if (tick) this.#onTick(tick)
    })
    for (const name of ['reset', 'gap']) source.addEventListener(name, () => this.#onReset())
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#source?.close()
    this.#source = null
  }
}

function readTick(text: unknown): Tick | null {
  try {
    const tick = JSON.parse(String(text)) as Partial<Tick>
    return typeof tick.at_ms === 'number' && Array.isArray(tick.cells) && Array.isArray(tick.events)
      ? (tick as Tick)
      : null
  } catch {
    return null
  }
}
