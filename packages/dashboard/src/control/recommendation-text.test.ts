import { describe, expect, it, test } from 'vitest'
import { decodeView } from '../lib/url-state.ts'
import { evidenceLink, type RecommendationRow, ruleLabel, savingText, summaryOf } from './recommendation-text.ts'

const row = (more: Partial<RecommendationRow>): RecommendationRow => ({
  id: 'x',
  kind: 'saving',
  rule: 'unused_cache',
  severity: 'info',
  subject: { provider: 'openai', model: null },
  advice: 'Do.',
  evidence: 'Seen.',
  saving_nano_usd: 1,
  saving_nano_usd_30_days: 12_480_000_000,
  bound: 'at_most',
  confidence: 'low',
  assumptions: [],
  query: { from: 1_000, to: 2_000 },
  dismissed: null,
  ...more,
})

test.each([
  ['exact', '$12.48'],
  ['about', 'about $12.48'],
  ['at_most', 'up to $12.48'],
  ['at_least', 'at least $12.48'],
] as const)('a saving that is %s reads %s', (bound, text) => {
  expect(savingText(row({ bound }))).toBe(text)
})

it('a saving without an amount has none, and one past 2^53 is read exactly', () => {
  expect(savingText(row({ saving_nano_usd_30_days: null }))).toBeNull()
  expect(savingText(row({ saving_nano_usd_30_days: '9007199254740993000', bound: 'exact' }))).toBe('$9,007,199,255')
})

it('the evidence is looked at with its range and its subject, unknown names included', () => {
  const view = decodeView(evidenceLink(row({})).slice(2))
  expect(view.range).toEqual({ fromMs: 1_000, toMs: 2_000 })
  expect(view.filters).toEqual([
    { name: 'provider', values: ['openai'], negate: false },
    { name: 'model', values: [null], negate: false },
  ])
})

describe('the summary', () => {
  it('counts what needs a look and names the greatest saving', () => {
    const trouble = row({ kind: 'backend', severity: 'critical', saving_nano_usd_30_days: null })
    expect(summaryOf([trouble, row({}), row({ saving_nano_usd_30_days: 1 })])).toBe(
      '1 backend needs a look; 2 ways to spend less, the greatest worth up to $12.48 in 30 days.',
    )
    expect(summaryOf([row({ saving_nano_usd_30_days: null })])).toBe('Nothing to change, as far as the figures tell.')
  })
})

it('a rule that is new to the page is named by its words', () => {
  expect([ruleLabel('idle_key'), ruleLabel('some_new_rule')]).toEqual(['Idle key', 'some new rule'])
})
