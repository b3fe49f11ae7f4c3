import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newsOf, repriced } from './repriced.ts'
import { repricingBody, repricingOf } from './repricing-record.ts'

const change = fc.record({
  ordinal: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  differenceNanoUsd: fc.maxSafeInteger().map((nano) => nano + 0),
  priceId: fc.constantFrom('2026-12-01/openai/gpt-4o/0', 'override/ü "x"', '__proto__'),
})

test('the body of a record is what it has always been', () => {
  expect(
    repricingBody({
      writtenMs: 1_795_262_400_000,
      version: '0.1.8+91a9f7d8/01a2014a-b13b-7320-9ed6-77157c0e8b97',
      fromMs: 5,
      toMs: 9,
      events: [
        { ordinal: 3, differenceNanoUsd: -7, priceId: 'p' },
        { ordinal: 4, differenceNanoUsd: 0, priceId: 'q' },
        { ordinal: 2, differenceNanoUsd: 7, priceId: 'p' },
      ],
    }),
  ).toBe(
    '"r":1795262400000,"version":"0.1.8+91a9f7d8/01a2014a-b13b-7320-9ed6-77157c0e8b97","from":5,"to":9,"prices":["p","q"],"events":[[3,-7,0],[4,0,1],[2,7,0]]',
  )
})

test('any record is read back as it was written', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), fc.nat(), fc.nat(), (events, fromMs, toMs) => {
      const body = JSON.parse(`{${repricingBody({ writtenMs: 1, version: 'v', fromMs, toMs, events })}}`)
      expect(repricingOf(12, body)).toEqual({ ordinal: 12, fromMs, toMs, events })
    }),
    { seed: 1, numRuns: 200 },
  )
})

test('a record that is none of ours is passed over', () => {
  const right = { r: 1, version: 'v', from: 1, to: 2, prices: ['p'], events: [[1, 2, 0]] }
  expect(repricingOf(1, right)?.events).toHaveLength(1)
  for (const wrong of [
    {},
    { ...right, from: '1' },
    { ...right, prices: 'p' },
    { ...right, events: {} },
    { ...right, events: [1] },
    { ...right, events: [[1, 2, 1]] },
    { ...right, events: [[1, 2.5, 0]] },
    { ...right, events: [['1', 2, 0]] },
    { ...right, prices: [7] },
  ])
    expect(repricingOf(1, wrong)).toBeUndefined()
})

test('several records come to what they come to one after the other', () => {
  const event = { eventId: 'e', timestampMs: 1, kind: 'llm_request_completed', costNanoUsd: 100 } as const
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 4 }), fc.nat(4), (records, applied) => {
      const repricings = records.map((events, index) => ({
        ordinal: index + 1,
        fromMs: index,
        toMs: index + 9,
        events,
      }))
      const news = newsOf(repricings, applied)
      const fresh = repricings.slice(applied)
      expect(news?.ordinal).toBe(fresh.at(-1)?.ordinal)
      for (const { ordinal } of records.flat()) {
        const oneByOne = fresh
          .flatMap(({ events }) => events.filter((of) => of.ordinal === ordinal))
          .reduce((before, of) => repriced(before, of), event as ReturnType<typeof repriced>)
        const last = news?.changes.get(ordinal)
        expect(last ? repriced(event, last) : event).toEqual(oneByOne)
      }
    }),
    { seed: 2, numRuns: 200 },
  )
})

test('a figure takes the place of the one before it, up or down, and the bill stays', () => {
  const event = { eventId: 'e', timestampMs: 1, kind: 'llm_request_completed', costNanoUsd: 10 } as const
  const up = repriced(event, { ordinal: 1, differenceNanoUsd: 5, priceId: 'p' })
  expect(up).toEqual({ ...event, repricedUpNanoUsd: 5, repricedPriceId: 'p' })
  const down = repriced(up, { ordinal: 1, differenceNanoUsd: -10, priceId: 'q' })
  expect(down).toEqual({ ...event, repricedDownNanoUsd: 10, repricedPriceId: 'q' })
  expect(repriced(down, { ordinal: 1, differenceNanoUsd: 0, priceId: 'q' })).toEqual({
    ...event,
    repricedUpNanoUsd: 0,
    repricedPriceId: 'q',
  })
})
