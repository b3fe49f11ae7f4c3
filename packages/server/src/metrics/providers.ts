import {
  CONVENTIONAL_FAMILIES,
  type FamilySamples,
  type ProviderState,
  SEED_FAMILIES,
  type ValueSample,
} from '@tallystick/core/metrics'

/** How a provider does, as its answers tell. */
export interface ProviderStanding {
  readonly provider: string
  readonly state: ProviderState | 'unknown'
}

const STATES: readonly ProviderState[] = ['available', 'degraded', 'down']
/** Providers that are named; the rest is `other`, which is as the worst of them. */
const MAX_PROVIDERS = 20
const OTHER = 'other'

/** The state of each provider under both sets of names; one that is degraded still answers, one that is unknown is left out. */
export function providerSamples(standings: readonly ProviderStanding[]): readonly FamilySamples[] {
  const states = new Map<string, ProviderState>()
  for (const { provider, state } of standings) {
    if (state === 'unknown') continue
    const label = provider.toWellFormed()
    const name = states.size < MAX_PROVIDERS || states.has(label) ? label : OTHER
    const known = states.get(name)
    states.set(name, known === undefined ? state : worse(known, state))
  }
  return [
    {
      family: SEED_FAMILIES.providerAvailable,
      samples: [...states].map(([provider, state]) => ({ labels: { provider }, value: state === 'down' ? 0 : 1 })),
    },
    {
      family: CONVENTIONAL_FAMILIES.providerState,
      samples: [...states].flatMap(([provider, current]) =>
        STATES.map((state): ValueSample => ({ labels: { provider, state }, value: state === current ? 1 : 0 })),
      ),
    },
  ]
}

const worse = (one: ProviderState, other: ProviderState): ProviderState =>
  STATES.indexOf(one) > STATES.indexOf(other) ? one : other
