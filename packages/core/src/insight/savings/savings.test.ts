import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { UsageEvent } from '../../event/index.ts'
import { createPriceBook } from '../../pricing/index.ts'
import { fold, parseQuery } from '../../query/index.ts'
import { findSavings, SAVING_RULES } from './find-savings.ts'
import { rerate } from './rerate.ts'
import type { Saving, SavingContext } from './saving.ts'

const NOW = Date.parse('2026-11-20T12:00:00Z')
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const million = (provider: string, model: string, usd: object, more: object = {}) => ({
  provider,
  model,
  usd_per_million: usd,
  ...more,
})
const prices = createPriceBook({
  catalogue: false,
  overrides: [
    {
      name: 'prices',
      content: JSON.stringify({
        prices: [
          million('openai', 'dear', { input: 10, cache_read: 1, output: 30 }),
          million('openai', 'cheap', { input: 1, output: 3 }),
          million('openai', 'between', { input: 4, output: 12 }),
          million('openai', 'tiny', { input: 0.4, output: 1.2 }),
          million('azure', 'dear', { input: 12, output: 36 }),
          million('elsewhere', 'dear', { input: 5, output: 15 }),
          million(
            'google',
            'long',
            { input: 2, output: 10 },
            {
              tiers: [{ above_input_tokens: 200_000, usd_per_million: { input: 4 } }],
            },
          ),
        ],
      }),
    },
  ],
})

let count = 0
function event(more: Partial<UsageEvent>): UsageEvent {
  const plain: UsageEvent = {
    eventId: `e${count++}`,
    timestampMs: NOW - 2 * DAY_MS,
    kind: 'llm_request_completed',
    provider: 'openai',
    requestModel: 'dear',
    inputTokens: 1_000,
    outputTokens: 100,
    success: true,
    durationMs: 1_000,
    ...more,
  }
  return { ...plain, ...prices.price(plain) }
}
const many = (amount: number, more: Partial<UsageEvent>): UsageEvent[] =>
  Array.from({ length: amount }, () => event(more))

async function found(events: readonly UsageEvent[], more: Partial<SavingContext> = {}): Promise<readonly Saving[]> {
  return findSavings({
    fromMs: NOW - 30 * DAY_MS,
    toMs: NOW,
    prices,
    ask: async (query) => fold(parseQuery(query, { nowMs: NOW }), events),
    ...more,
  })
}
const only = async (rule: string, events: readonly UsageEvent[], more: Partial<SavingContext> = {}) =>
  (await found(events, more)).filter((saving) => saving.rule === rule)

describe('what could cost less', () => {
  it('failures that were paid for: what they have cost, to the nano', async () => {
    const failed = { kind: 'llm_request_failed', success: false, statusCode: 500 } as const
    const events = [...many(3, failed), ...many(5, {})]
    const [saving] = await only('paid_failures', events)
    expect(saving).toMatchObject({
      subject: { provider: 'openai', model: 'dear' },
      savingNanoUsd: 3 * 13_000_000,
      bound: 'exact',
      confidence: 'high',
    })
    expect(saving?.evidence).toBe('3 failed requests have cost $0.04.')
    expect(await only('paid_failures', many(3, { ...failed, inputTokens: 0, outputTokens: 0 }))).toEqual([])
  })

  it('further attempts, beyond one in fifty', async () => {
    const attempts = (again: number) => [...many(again, { attempt: 2 }), ...many(98, { attempt: 1 })]
    expect((await only('paid_retries', attempts(3)))[0]).toMatchObject({
      savingNanoUsd: 3 * 13_000_000,
      bound: 'about',
    })
    expect(await only('paid_retries', attempts(2))).toHaveLength(0)
    expect(await only('paid_retries', many(98, {}))).toEqual([])
  })

  it('a cache that nobody reads: no more than the shortest prompt could come from it', async () => {
    const prompts = [
      ...many(1, { agentId: 'a', inputTokens: 2_000 }),
      ...many(99, { agentId: 'a', inputTokens: 9_000 }),
    ]
    const [saving] = await only('unused_cache', prompts)
    expect(saving).toMatchObject({
      subject: { provider: 'openai', model: 'dear', agent_id: 'a' },
      savingNanoUsd: 99 * 2_000 * 9_000,
      bound: 'at_most',
      confidence: 'low',
    })
    expect(await only('unused_cache', prompts.slice(1))).toEqual([])
    expect(await only('unused_cache', [...prompts, event({ agentId: 'a', inputTokens: 1_023 })])).toEqual([])
    expect(await only('unused_cache', many(100, { inputTokens: 9_000, cacheReadTokens: 200 }))).toEqual([])
    // A price list without a price for reading from a cache promises nothing.
    expect(await only('unused_cache', many(100, { requestModel: 'cheap', inputTokens: 90_000 }))).toEqual([])
  })

  it('work that nobody waits for, at a provider with a price for it', async () => {
    const quiet = { stream: false, agentId: 'nightly' } as const
    expect((await only('batch_tier', many(100, quiet)))[0]).toMatchObject({
      subject: { agent_id: 'nightly' },
      savingNanoUsd: (100 * 13_000_000) / 2,
      bound: 'at_most',
    })
    for (const more of [{ userId: 'ada' }, { stream: true }, { serviceTier: 'batch' }, { provider: 'elsewhere' }])
      expect(await only('batch_tier', many(100, { ...quiet, ...more }))).toEqual([])
    expect(await only('batch_tier', many(99, quiet))).toEqual([])
  })

  it('a cheaper model that is in use here for requests of like size', async () => {
    const other = { requestModel: 'cheap', inputTokens: 1_900, outputTokens: 60 }
    const [saving] = await only('cheaper_model', [...many(100, {}), ...many(100, other)])
    expect(saving).toMatchObject({
      subject: { provider: 'openai', model: 'dear' },
      savingNanoUsd: 100 * (13_000_000 - 1_300_000),
      confidence: 'low',
    })
    expect(saving?.advice).toBe('Try cheap for what is asked of dear.')
    for (const more of [
      { inputTokens: 2_001 },
      { outputTokens: 49 },
      { success: false, kind: 'llm_request_failed' as const },
    ])
      expect(await only('cheaper_model', [...many(100, {}), ...many(100, { ...other, ...more })])).toEqual([])
    expect(await only('cheaper_model', [...many(100, {}), ...many(99, other)])).toEqual([])
  })

  it('of several cheaper models the one nearest in price, and none of another class', async () => {
    const model = (requestModel: string) => many(100, { requestModel })
    const advised = async (...events: UsageEvent[][]): Promise<readonly string[]> =>
      (await only('cheaper_model', events.flat()))
        .filter(({ subject }) => subject['model'] === 'dear')
        .map(({ advice }) => advice)
    const of = 'for what is asked of dear.'
    expect(await advised(model('dear'), model('cheap'), model('between'))).toEqual([`Try between ${of}`])
    expect(await advised(model('dear'), model('cheap'), model('tiny'))).toEqual([`Try cheap ${of}`])
    expect(await advised(model('dear'), model('tiny'))).toEqual([])
  })

  it('one model at two providers, of which one is slower and dearer', async () => {
    const slow = { provider: 'azure', durationMs: 2_000 }
    expect(await only('dearer_provider', [...many(100, {}), ...many(100, slow)])).toMatchObject([
      { subject: { provider: 'azure', model: 'dear' }, savingNanoUsd: 100 * (15_600_000 - 13_000_000) },
    ])
    // Slower and cheaper is a choice.
    expect(
      await only('dearer_provider', [...many(100, {}), ...many(100, { provider: 'elsewhere', durationMs: 2_000 })]),
    ).toEqual([])
  })

  it('prompts beyond the threshold of a dearer tier: at least those that quantiles prove', async () => {
    const long = { provider: 'google', requestModel: 'long', outputTokens: 1 }
    const events = [...many(80, { ...long, inputTokens: 10_000 }), ...many(20, { ...long, inputTokens: 300_000 })]
    const [saving] = await only('long_context', events)
    expect(saving).toMatchObject({ bound: 'at_least', savingNanoUsd: 10 * 200_000 * 2_000 })
    expect(saving?.evidence).toContain('At least 10 of 100 requests')
    expect(await only('long_context', many(100, { ...long, inputTokens: 200_000 }))).toEqual([])
  })

  it('an agent that costs three times as much as on a day of the week before', async () => {
    const before = many(7 * 50, { agentId: 'a', timestampMs: NOW - 3 * DAY_MS })
    const now = (amount: number) => many(amount, { agentId: 'a', timestampMs: NOW - HOUR_MS })
    expect(await only('agent_spike', [...before, ...now(150)])).toMatchObject([
      { subject: { agent_id: 'a' }, savingNanoUsd: 100 * 13_000_000 },
    ])
    expect(await only('agent_spike', [...before, ...now(149)])).toEqual([])
    expect(await only('agent_spike', now(1_000))).toEqual([])
  })

  it('keys that nobody uses', async () => {
    const keys = [
      { id: 'k1', label: 'old', createdMs: NOW - 31 * DAY_MS },
      { id: 'k2', createdMs: NOW - 31 * DAY_MS },
      { id: 'k3', createdMs: NOW - DAY_MS },
    ]
    const savings = await only('idle_key', [event({ apiKeyId: 'k2' })], { keys })
    expect(savings).toMatchObject([
      { subject: { api_key_id: 'k1' }, savingNanoUsd: null, advice: expect.stringContaining('old') },
    ])
  })

  it('the greatest first, those without an amount last, each with a query that can be asked', async () => {
    const keys = [{ id: 'k1', createdMs: 0 }]
    const events = [...many(150, { stream: false, inputTokens: 5_000 }), ...many(2, { success: false })]
    const savings = await found(events, { keys })
    const amounts = savings.map(({ savingNanoUsd }) => savingNanoUsd)
    expect(amounts).toEqual([...amounts].sort((a, b) => Number(b ?? -1) - Number(a ?? -1)))
    expect(savings.map(({ rule }) => rule)).toEqual(['batch_tier', 'paid_failures', 'idle_key'])
    for (const { query } of savings) expect(() => parseQuery(query, { nowMs: NOW })).not.toThrow()
    expect(new Set(savings.map(({ id }) => id)).size).toBe(savings.length)
  })

  test.each(SAVING_RULES.map(({ name }) => name))('%s says nothing of nothing', async (rule) => {
    expect(await only(rule, [])).toEqual([])
  })

  it('tells subjects apart whatever their names', async () => {
    const odd = ['a', 'a","b', '__proto__', 'ä:b', '[["agent_id","a"]]']
    const events = odd.flatMap((agentId) => many(100, { stream: false, agentId }))
    const savings = await only('batch_tier', events)
    expect(savings.map(({ subject }) => subject['agent_id']).sort()).toEqual(odd.toSorted())
    expect(new Set(savings.map(({ id }) => id)).size).toBe(odd.length)
  })
})

describe('tokens at other prices', () => {
  it('come to what a request of the same tokens costs', () => {
    const tokens = fc.nat(10_000_000)
    fc.assert(
      fc.property(tokens, tokens, tokens, tokens, (fresh, read, output, reasoning) => {
        const priced = prices.price(
          event({
            inputTokens: fresh + read,
            cacheReadTokens: read,
            outputTokens: output + reasoning,
            reasoningTokens: reasoning,
          }),
        )
        const row = {
          fresh_input_tokens: fresh,
          cache_read_tokens: read,
          output_tokens: output + reasoning,
          reasoning_tokens: reasoning,
        }
        const rated = rerate(row, { input: 10_000_000_000, cacheRead: 1_000_000_000, output: 30_000_000_000 })
        // Here rounded once, there each kind for itself.
        expect(Math.abs(Number(rated) - (priced.costNanoUsd as number))).toBeLessThanOrEqual(2)
      }),
      { seed: 8 },
    )
  })

  it('without a price for a kind that was used are unknown', () => {
    expect(rerate({ fresh_input_tokens: 1 }, { output: 1 })).toBeUndefined()
    expect(rerate({ output_tokens: 0 }, {})).toBe(0n)
  })
})
