import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { traceOf } from './trace-context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const read = (traceparent: string): ReturnType<typeof traceOf> => traceOf({ get: () => traceparent })

describe('traceparent', () => {
  it.each([
    `00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-00`,
    // Of a version to come, with what that may add.
    `cc-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`,
  ])('%s names its trace', (header) => {
    expect(read(header)).toEqual({ traceId: TRACE, spanId: SPAN })
  })

  it.each([
    '',
    'x',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01.what`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
  ])('%j names none', (header) => {
    expect(read(header)).toBeUndefined()
  })

  it('is read of whatever a sender writes without a throw, and gives ids or nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f]{2}-[0-9a-f]{30,34}-[0-9a-f]{14,18}-0.$/)),
        (text) => {
          const trace = read(text)
          if (trace === undefined) return
          expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/)
          expect(trace.spanId).toMatch(/^[0-9a-f]{16}$/)
        },
      ),
      { seed: 7 },
    )
    expect(traceOf(new Headers())).toBeUndefined()
  })
})
