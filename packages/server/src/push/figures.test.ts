import type { UsageEvent } from '@tallystick/core/event'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Figures, type TakenPoint } from './figures.ts'

const event = (members: Partial<UsageEvent>): UsageEvent => ({
  eventId: 'e',
  timestampMs: 0,
  kind: 'llm_request_completed',
  operation: 'chat',
  provider: 'openai',
  success: true,
  ...members,
})
const total = (points: readonly TakenPoint[], name: string): bigint =>
  points
    .filter(({ point }) => point.instrument.name === name)
    .reduce((sum, { reading }) => sum + BigInt(reading.sum), 0n)
const count = (points: readonly TakenPoint[], name: string): number =>
  points.filter(({ point }) => point.instrument.name === name).reduce((sum, { reading }) => sum + reading.count, 0)
const keyOf = ({ point }: TakenPoint): string => JSON.stringify([point.instrument.name, point.attributes])

const NAMES = {
  'v1.41': { tokens: 'gen_ai.client.token.usage', duration: 'gen_ai.client.operation.duration' },
  latest: { tokens: 'gen_ai.client.inference.usage.input_tokens', duration: 'gen_ai.client.inference.duration' },
} as const

describe.each(['v1.41', 'latest'] as const)('figures under the names of %s', (generation) => {
  const { tokens, duration } = NAMES[generation]

  it('of a hundred thousand models, types of errors and tenants are at most 2,000 series with exact sums', () => {
    const figures = new Figures(generation)
    let sum = 0n
    for (let at = 0; at < 100_000; at++) {
      const failed = at % 3 === 0
      const names = { requestModel: `m-${at}`, tenantId: `t-${at % 7}`, errorType: `error-${at}` }
      figures.record(event({ ...names, success: !failed, inputTokens: at, durationMs: at, costNanoUsd: 1 }))
      // A model that is known fails in more ways than can be told apart.
      figures.record(
        event({ requestModel: 'm-1', tenantId: 't-1', errorType: `error-${at}`, success: false, durationMs: 1 }),
      )
      sum += BigInt(at)
    }
    const points = figures.read()
    expect(points.length).toBeLessThanOrEqual(2_000)
    expect(points.length).toBeGreaterThan(500)
    expect(total(points, tokens)).toBe(sum)
    expect(count(points, duration)).toBe(200_000)
    expect(total(points, 'gen_ai.client.token.cost')).toBe(100_000n)
    expect(new Set(points.map(keyOf)).size).toBe(points.length)
    const other = points.filter(({ point }) => point.attributes.some(([, value]) => value === 'other'))
    expect(total(other, tokens)).toBeGreaterThan(sum / 2n)
  })

  it('stay where they are: a series that is there is never folded, and one of that name is its own', () => {
    const figures = new Figures(generation, 60)
    figures.record(event({ requestModel: 'first', inputTokens: 1 }))
    for (let at = 0; at < 100; at++) figures.record(event({ requestModel: `m-${at}`, inputTokens: 1 }))
    for (let at = 0; at < 9; at++) figures.record(event({ requestModel: 'first', inputTokens: 1 }))
    const all = { operation: 'other', provider: 'other', requestModel: 'other', tenantId: 'other' }
    figures.record(event({ ...all, inputTokens: 1 }))
    const points = figures.read()
    const first = points.filter(({ point }) => point.attributes.some(([, value]) => value === 'first'))
    expect(total(first, tokens)).toBe(10n)
    expect(new Set(points.map(keyOf)).size).toBe(points.length)
    expect(total(points, tokens)).toBe(111n)
  })

  it('that were taken and put back are what they would have been', () => {
    const requests = fc.array(
      fc.record({ model: fc.nat(3), tokens: fc.nat(), ms: fc.nat(200_000), back: fc.boolean() }),
    )
    fc.assert(
      fc.property(requests, (all) => {
        const [taken, left] = [new Figures(generation, 40), new Figures(generation, 40)]
        for (const { model, tokens: inputTokens, ms: durationMs, back } of all) {
          const request = event({ requestModel: `m-${model}`, inputTokens, durationMs })
          for (const figures of [taken, left]) figures.record(request)
          if (back) for (const { point, reading } of taken.take()) point.putBack(reading)
        }
        const shown = (figures: Figures): unknown => figures.read().map((each) => [keyOf(each), each.reading])
        expect(shown(taken)).toEqual(shown(left))
      }),
      { seed: 3, numRuns: 50 },
    )
  })

  it('stay exact past what a number holds', () => {
    const figures = new Figures(generation)
    for (let at = 0; at < 3; at++) figures.record(event({ requestModel: 'm', costNanoUsd: Number.MAX_SAFE_INTEGER }))
    expect(total(figures.read(), 'gen_ai.client.token.cost')).toBe(3n * BigInt(Number.MAX_SAFE_INTEGER))
  })
})
