import type { Clock } from '../event/index.ts'

/** How to speak to the server: the native batch, or the single posts of Protocol 012. */
export type Protocol = 'native' | 'protocol012'

/** A server that did not know the native route is asked again this often: it may have been replaced by ours. */
const PROBE_MS = 600_000

/**
 * Finds out which protocol a server speaks: native until its route turns out not to be there, then Protocol 012, with a
 * native attempt now and then.
 *
 * A server that has answered natively stays native: a 404 from it is somebody's proxy, and falling back would lose what
 * the narrower protocol cannot say.
 */
export class ProtocolChoice {
  readonly #clock: Clock
  readonly #fixed: boolean
  #current: Protocol
  #certain = false
  #probeAtMs = 0

  constructor(wanted: Protocol | 'auto', clock: Clock) {
    this.#clock = clock
    this.#fixed = wanted !== 'auto'
    this.#current = wanted === 'auto' ? 'native' : wanted
  }

  get current(): Protocol {
    return this.#current
  }

  /** The server has answered natively before. */
  get certainlyNative(): boolean {
    return this.#certain
  }

  /** For the next request. */
  next(): Protocol {
    if (this.#fixed || this.#current === 'native' || this.#clock.monotonic() < this.#probeAtMs) return this.#current
    this.#probeLater()
    return 'native'
  }

  answered(spoken: Protocol): void {
    if (spoken !== 'native') return
    this.#current = 'native'
    this.#certain = true
  }

  /** The route was not there. True: the same events can be said in the other protocol at once. */
  missing(spoken: Protocol): boolean {
    if (this.#fixed || this.#certain) return false
    // Neither route: nobody there who takes events. Whoever comes next is asked natively first.
    this.#current = spoken === 'native' ? 'protocol012' : 'native'
    if (spoken === 'native') this.#probeLater()
    return spoken === 'native'
  }

  #probeLater(): void {
    this.#probeAtMs = this.#clock.monotonic() + PROBE_MS
  }
}
