import type { UsageEvent } from '@tallystick/core/event'
import { type HealthSettings, ProviderHealth, type ProviderReport, tellsOfNow } from '@tallystick/core/insight'

/** Names come from outside: no more providers than this are watched for whoever asks. */
export const MAX_PROVIDERS = 100

/** One provider, as whoever may see its requests is told of it. */
export interface ProviderRow extends ProviderReport {
  readonly provider: string
}

/** The providers of one tenant, or of all. */
export class ProviderRoll {
  readonly #settings: HealthSettings
  readonly #isRoom: () => boolean
  readonly #providers = new Map<string, ProviderHealth>()
  /** When there was no room for a provider last. */
  #leftOutMs = Number.NEGATIVE_INFINITY

  /** @param isRoom may one more be watched, beside {@link MAX_PROVIDERS}? */
  constructor(settings: HealthSettings, isRoom: () => boolean = () => true) {
    this.#settings = settings
    this.#isRoom = isRoom
  }

  get size(): number {
    return this.#providers.size
  }

  /** Were all providers that were asked of late watched? */
  whole(nowMs: number): boolean {
    return nowMs - this.#leftOutMs > this.#settings.silenceMs
  }

  add(event: UsageEvent, nowMs: number): void {
    const { provider } = event
    if (provider === undefined) return
    let health = this.#providers.get(provider)
    if (health === undefined) {
      if (!tellsOfNow(event, nowMs, this.#settings.windowMs)) return
      if (this.#providers.size >= MAX_PROVIDERS || !this.#isRoom()) {
        this.#leftOutMs = nowMs
        return
      }
      health = new ProviderHealth(nowMs, this.#settings)
      this.#providers.set(provider, health)
    }
    health.add(event, nowMs)
  }

  /** Judges each. Where it is crowded, here or as a whole, those that nobody has asked for long are let go. */
  judge(nowMs: number, crowded = false): void {
    const tidy = crowded || this.#providers.size >= MAX_PROVIDERS
    for (const [name, health] of this.#providers) {
      health.judge(nowMs)
      if (tidy && nowMs - (health.heardMs ?? 0) >= this.#settings.silenceMs) this.#providers.delete(name)
    }
  }

  /** By name. */
  report(nowMs: number): readonly ProviderRow[] {
    return [...this.#providers]
      .map(([provider, health]): ProviderRow => ({ provider, ...health.report(nowMs) }))
      .sort((a, b) => (a.provider < b.provider ? -1 : 1))
  }
}
