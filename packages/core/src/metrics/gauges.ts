import type { SeriesBudget } from './budget.ts'
import { CONVENTIONAL_FAMILIES as STANDARD } from './families/conventional.ts'
import { SEED_FAMILIES as SEED } from './families/seed.ts'
import { labelValue } from './label-value.ts'
import type { FamilySamples, ValueSample } from './samples.ts'

/** What a provider is like: it answers, it answers badly, or it does not. */
export type ProviderState = 'available' | 'degraded' | 'down'

/** Every {@link ProviderState}. */
export const PROVIDER_STATES: readonly ProviderState[] = ['available', 'degraded', 'down']
/** One line for whether it is available, one for each state. */
const PROVIDER_LINES = { seed: 1, standard: PROVIDER_STATES.length, always: 0 }

/** What is set, rather than summed: requests under way, and how providers do. */
export class Gauges {
  readonly #budget: SeriesBudget
  readonly #providers = new Map<string, ProviderState>()
  #active: number | undefined
  /** Providers that found no room. There is no `other` of states: one provider's says nothing of another's. */
  folded = 0

  constructor(budget: SeriesBudget) {
    this.#budget = budget
    budget.reserve({ seed: 1, standard: 1, always: 0 })
  }

  setActive(requests: number): void {
    this.#active = requests
  }

  /** Never below 0, however often a request is said to have ended. */
  changeActive(by: number): void {
    this.#active = Math.max(0, (this.#active ?? 0) + by)
  }

  setProvider(provider: string, state: ProviderState): void {
    const name = labelValue(provider)
    if (name === undefined || !(this.#providers.has(name) || this.#budget.take(PROVIDER_LINES))) this.folded++
    else this.#providers.set(name, state)
  }

  samples(): FamilySamples[] {
    const active = this.#active === undefined ? [] : [{ labels: {}, value: this.#active }]
    const available: ValueSample[] = []
    const states: ValueSample[] = []
    for (const [provider, is] of this.#providers) {
      available.push({ labels: { provider }, value: is === 'down' ? 0 : 1 })
      for (const state of PROVIDER_STATES) states.push({ labels: { provider, state }, value: state === is ? 1 : 0 })
    }
    return [
      { family: SEED.activeRequests, samples: active },
      { family: SEED.providerAvailable, samples: available },
      { family: STANDARD.activeRequests, samples: active },
      { family: STANDARD.providerState, samples: states },
    ]
  }
}
