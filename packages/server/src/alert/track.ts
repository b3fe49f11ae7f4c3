/** Even where a rule holds at once: what comes and goes within this time is one alert and not several. */
const LEAST_QUIET_MS = 5 * 60_000

export type Step = 'fire' | 'resolve' | undefined

/**
 * How long each subject of one rule has held, or has not: it fires after `forMs` of holding, and is over after as much of not
 * holding, five minutes at the least. In memory: after a restart both begin anew, so that either comes later but never twice.
 */
export class Track {
  readonly #heldSince = new Map<string, number>()
  readonly #quietSince = new Map<string, number>()

  step(
    key: string,
    now: { readonly holds: boolean; readonly open: boolean; readonly toMs: number },
    forMs: number,
  ): Step {
    const { holds, open, toMs } = now
    // What has fired need not hold any longer to fire; it stands until then, in case the firing could not be written.
    const [since, other] = open ? [this.#quietSince, this.#heldSince] : [this.#heldSince, this.#quietSince]
    other.delete(key)
    if (holds === open) {
      since.delete(key)
      return undefined
    }
    const sinceMs = since.get(key) ?? toMs
    since.set(key, sinceMs)
    if (toMs - sinceMs < (open ? Math.max(forMs, LEAST_QUIET_MS) : forMs)) return undefined
    return open ? 'resolve' : 'fire'
  }

  /** Forgets what began to hold and was not measured again. */
  keepHeld(keys: ReadonlySet<string>): void {
    for (const key of this.#heldSince.keys()) if (!keys.has(key)) this.#heldSince.delete(key)
  }
}
