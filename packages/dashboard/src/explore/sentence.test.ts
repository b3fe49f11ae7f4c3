import { expect, test } from 'vitest'
import { sentenceOf } from './sentence.ts'

const asked = { measures: ['cost_nano_usd'], by: ['model', 'agent_id'], compare: true, steps: false }
const scope = { range: { preset: '7d' }, zone: 'UTC', interval: '3h', filters: [] } as const

test('a sentence says what is asked', () => {
  expect(sentenceOf(asked, scope)).toBe('Spend by model and agent, last 7 days, compared with the 7 days before')
  expect(sentenceOf({ ...asked, compare: false, steps: true, by: [] }, scope)).toBe('Spend per 3 hours, last 7 days')
  const measures = ['requests', 'error_ratio', 'duration_ms_p95', 'input_tokens', 'events']
  const filters = [
    { name: 'provider', values: ['openai', 'anthropic'], negate: false },
    { name: 'tags.team', values: [null], negate: true },
  ]
  const range = { fromMs: Date.UTC(2023, 10, 16), toMs: Date.UTC(2023, 10, 17) }
  expect(sentenceOf({ ...asked, measures }, { ...scope, filters, range })).toBe(
    'Requests, error rate and 3 more by model and agent, provider openai or anthropic, Tag team not none, 16 Nov 2023, 00:00 – 00:00, compared with the equally long period before',
  )
})

test('nothing precedes all time', () => {
  expect(sentenceOf(asked, { ...scope, range: { preset: 'all' } })).toBe('Spend by model and agent, all time')
})
