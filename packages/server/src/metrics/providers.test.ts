import { expect, it } from 'vitest'
import { type ProviderStanding, providerSamples } from './providers.ts'

const shown = (standings: readonly ProviderStanding[]): Record<string, readonly (readonly unknown[])[]> =>
  Object.fromEntries(
    providerSamples(standings).map(({ family, samples }) => [
      family.name,
      samples.map((one) => [...Object.values(one.labels), 'value' in one ? one.value : undefined]),
    ]),
  )

it('tells a state under both sets of names, and nothing of a provider whose state is not known', () => {
  expect(
    shown([
      { provider: 'openai', state: 'degraded' },
      { provider: 'anthropic', state: 'down' },
      { provider: 'silent', state: 'unknown' },
    ]),
  ).toEqual({
    llm_edge_provider_available: [
      ['openai', 1],
      ['anthropic', 0],
    ],
    llm_provider_state: [
      ['openai', 'available', 0],
      ['openai', 'degraded', 1],
      ['openai', 'down', 0],
      ['anthropic', 'available', 0],
      ['anthropic', 'degraded', 0],
      ['anthropic', 'down', 1],
    ],
  })
})

it('names a bounded number of them; the rest is as the worst of it', () => {
  const many = Array.from(
    { length: 100 },
    (_, index): ProviderStanding => ({ provider: `p${index}`, state: 'available' }),
  )
  const { llm_edge_provider_available: available = [] } = shown([...many, { provider: 'last', state: 'down' }])
  expect(available).toHaveLength(21)
  expect(available.at(-1)).toEqual(['other', 0])
})

it('writes names once that are written alike', () => {
  const { llm_edge_provider_available: available } = shown([
    { provider: 'a\ud800', state: 'available' },
    { provider: 'a\ud801', state: 'down' },
  ])
  expect(available).toEqual([['a\ufffd', 0]])
})
