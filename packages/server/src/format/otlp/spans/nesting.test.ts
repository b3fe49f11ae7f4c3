import { describe, expect, it } from 'vitest'
import { Nesting } from './nesting.ts'

const span = (id: string, parent = ''): { traceId: string; spanId: string; parentSpanId: string } => ({
  traceId: 't',
  spanId: id,
  parentSpanId: parent,
})
const names = (found: readonly { readonly span: { readonly spanId: string } }[]): readonly string[] =>
  found.map((request) => request.span.spanId)
const requests = (...spans: readonly ReturnType<typeof span>[]): { span: ReturnType<typeof span> }[] =>
  spans.map((one) => ({ span: one }))

describe('of nested requests', () => {
  it('the innermost counts, in whatever order a body has them', () => {
    const all = [span('a'), span('b', 'a'), span('c', 'b'), span('d', 'c')]
    // b is something between two requests.
    for (const order of [all, [...all].reverse()])
      expect(names(new Nesting().innermost(order, requests(all[0]!, all[2]!, all[3]!)))).toEqual(['d'])
  })

  it('those beside each other count each', () => {
    const all = [span('agent'), span('a', 'agent'), span('b', 'agent')]
    expect(names(new Nesting().innermost(all, requests(all[1]!, all[2]!)))).toEqual(['a', 'b'])
  })

  it('also when the outer one comes in a later body, and what is between them in one of its own', () => {
    const nesting = new Nesting()
    expect(names(nesting.innermost([span('c', 'b')], requests(span('c', 'b'))))).toEqual(['c'])
    expect(names(nesting.innermost([span('b', 'a')], []))).toEqual([])
    expect(names(nesting.innermost([span('a')], requests(span('a'))))).toEqual([])
  })

  it('a body that comes again has the same result', () => {
    const nesting = new Nesting()
    const all = [span('a'), span('b', 'a')]
    for (let time = 0; time < 2; time++) expect(names(nesting.innermost(all, requests(...all)))).toEqual(['b'])
  })

  it('spans of others are not around ours', () => {
    const nesting = new Nesting()
    nesting.innermost([span('b', 'a')], requests(span('b', 'a')), 'one')
    expect(names(nesting.innermost([span('a')], requests(span('a')), 'other'))).toEqual(['a'])
  })

  it('one that says it is inside itself counts', () => {
    expect(names(new Nesting().innermost([span('a', 'a')], requests(span('a', 'a'))))).toEqual(['a'])
  })
})
