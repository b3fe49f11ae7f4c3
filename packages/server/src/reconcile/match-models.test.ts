import { expect, it } from 'vitest'
import { billedName } from './match-models.ts'

it.each([
  ['gpt-4o', ['gpt-4o', 'gpt-4o-2024-08-06'], 'gpt-4o'],
  ['gpt-4o', ['gpt-4o-2024-08-06', 'gpt-4o-mini-2024-07-18'], 'gpt-4o-2024-08-06'],
  ['openai/gpt-4o-mini', ['gpt-4o-2024-08-06', 'gpt-4o-mini-2024-07-18'], 'gpt-4o-mini-2024-07-18'],
  ['claude-sonnet-4-5-20250929', ['claude-sonnet-4-5'], 'claude-sonnet-4-5'],
  ['gpt-4o', ['gpt-4o-2024-05-13', 'gpt-4o-2024-08-06'], 'gpt-4o'],
  ['gpt-5', ['gpt-4o'], 'gpt-5'],
])('%s of ours is billed among %j as %s', (model, billed, name) => {
  expect(billedName(model, billed)).toBe(name)
})
