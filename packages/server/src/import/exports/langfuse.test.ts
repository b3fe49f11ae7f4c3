import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fields } from './fields.ts'
import { eventOfObservation, isRequest } from './langfuse.ts'
import { Nesting } from './langfuse-nesting.ts'
import { usageOf } from './langfuse-usage.ts'
import { inBlobStorage, OBSERVATIONS } from './testing/observations.ts'
import { FORMS, readAs, totals } from './testing/read.ts'

const byId = new Map(OBSERVATIONS.filter(isRequest).map((row) => [row['id'], eventOfObservation(row)]))

describe("Langfuse's observations", () => {
  it('become events', () => {
    expect(byId.get('a')).toEqual({
      event_id: 'a',
      timestamp_ms: Date.UTC(2026, 10, 1, 10, 0, 0, 250),
      success: true,
      request_model: 'gpt-4o',
      provider: 'openai',
      user_id: 'ada',
      session_id: 's-1',
      trace_id: 'trace-1',
      span_id: 'a',
      duration_ms: 1_000,
      ttfb_ms: 200,
      tags: { beta: 'true', environment: 'production', trace_name: 'answer' },
      input_tokens: 1_000,
      cache_read_tokens: 800,
      output_tokens: 100,
      reasoning_tokens: 40,
      cost_nano_usd: 2_500_000,
    })
  })

  it('counts that are inclusive by their total are not added up again', () => {
    expect(byId.get('b')).toMatchObject({
      input_tokens: 1_000,
      cache_read_tokens: 800,
      output_tokens: 100,
      reasoning_tokens: 40,
    })
  })

  it('a total cost of 0 without details is a model without a price', () => {
    expect(byId.get('b')).not.toHaveProperty('cost_nano_usd')
  })

  it("providers' own keys are known, other units kept, and costs without a total added up exactly", () => {
    expect(byId.get('c')).toMatchObject({
      provider: 'anthropic',
      input_tokens: 110,
      cache_read_tokens: 90,
      cache_write_tokens: 5,
      cache_write_1h_tokens: 5,
      output_tokens: 7,
      units: { web_searches: 2 },
      cost_nano_usd: 135_000,
    })
  })

  it('errors are failures, without their message', () => {
    expect(byId.get('d')).toMatchObject({ success: false })
    expect(JSON.stringify([...byId])).not.toMatch(/what the (model|user)/)
  })

  it('what has neither ended nor any usage is left for later', () => {
    expect(() => eventOfObservation({ ...OBSERVATIONS[0], endTime: null, usageDetails: {} })).toThrow(/not ended/)
    expect(eventOfObservation({ ...OBSERVATIONS[0], endTime: null })).not.toHaveProperty('duration_ms')
  })

  it('spans and tools are no requests', () => {
    expect([...byId.keys()]).toEqual(['a', 'b', 'c', 'd', 'e', 'outer', 'inner'])
  })

  it('before there were details there was one count for either side', () => {
    const older = (more: Record<string, unknown>) => usageOf(new Fields(more))
    expect(older({ usage: { input: 3, output: 4, total: 7, unit: 'TOKENS' } }).tokens).toEqual({ input: 3, output: 4 })
    expect(older({ promptTokens: '3', completionTokens: '4' }).tokens).toEqual({ input: 3, output: 4 })
    expect(older({ usage: { total: 90, unit: 'CHARACTERS' } })).toEqual({
      tokens: undefined,
      units: { characters: 90 },
    })
  })

  it.each([...FORMS])('are the same from %s, in either spelling, with exact totals', async (_, write) => {
    const requests = OBSERVATIONS.filter(isRequest)
    for (const rows of [requests, requests.map(inBlobStorage)]) {
      const items = (await readAs(write(rows), eventOfObservation)) as Record<string, unknown>[]
      expect(items).toEqual([...byId.values()])
      expect(totals(items, ['input_tokens', 'output_tokens', 'cost_nano_usd'])).toEqual({
        input_tokens: 1_000 + 1_000 + 110 + 12 + 30 + 30,
        output_tokens: 217,
        cost_nano_usd: 1_002_635_000,
      })
    }
  })
})

describe('observations inside observations', () => {
  it('one that says again what those inside it say is found out, through what lies between, in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...OBSERVATIONS], { minLength: OBSERVATIONS.length }), (rows) => {
        const nesting = new Nesting()
        for (const row of rows) nesting.add(row)
        expect([...nesting.repetitions()]).toEqual(['outer'])
      }),
      { seed: 65, numRuns: 50 },
    )
  })

  const generation = (id: string, parent: string | undefined, input: number) => ({
    id,
    type: 'GENERATION',
    parentObservationId: parent,
    usageDetails: { input, output: 1 },
  })
  const repetitions = (...rows: object[]): string[] => {
    const nesting = new Nesting()
    for (const row of rows) nesting.add(row as Record<string, unknown>)
    return [...nesting.repetitions()].sort()
  }

  it('the sum of several, at several levels', () => {
    const rows = [
      { ...generation('sum', undefined, 30), usageDetails: { input: 30, output: 2 } },
      generation('one', 'sum', 10),
      { ...generation('two', 'sum', 20), usageDetails: { input: 20, output: 1 } },
      generation('two again', 'two', 20),
    ]
    expect(repetitions(...rows)).toEqual(['sum', 'two'])
  })

  it('usage of its own counts beside those inside', () => {
    expect(repetitions(generation('agent', undefined, 50), generation('tool', 'agent', 10))).toEqual([])
  })

  it('a circle of parents ends', () => {
    expect(repetitions(generation('a', 'b', 1), generation('b', 'a', 2))).toEqual([])
  })
})
