import { expect, test } from 'vitest'
import { traceLink } from './traces.ts'

const JAEGER = 'https://jaeger.example/trace/{trace_id}'

test('an event with a trace leads to it', () => {
  expect(traceLink({ trace_id: '4bf92f', span_id: '00f0' }, JAEGER)).toBe('https://jaeger.example/trace/4bf92f')
  expect(traceLink({ trace_id: '4bf92f', span_id: '00f0' }, `${JAEGER}?uiFind={span_id}&again={trace_id}`)).toBe(
    'https://jaeger.example/trace/4bf92f?uiFind=00f0&again=4bf92f',
  )
})

test('one without, or without an address of traces, leads nowhere', () => {
  for (const event of [{}, { trace_id: '' }, { trace_id: 7 }, { trace_id: '..' }, { trace_id: 'a', span_id: '.' }])
    expect(traceLink(event, JAEGER)).toBeUndefined()
  for (const template of [undefined, null, '']) expect(traceLink({ trace_id: 'a' }, template)).toBeUndefined()
})

test('an id is a part of the address and nothing else, whatever its sender wrote', () => {
  for (const trace of ['../../login', 'a?b#c', '{span_id}', '$&', '"><script>']) {
    const link = new URL(traceLink({ trace_id: trace, span_id: 'x' }, JAEGER) as string)
    expect([link.origin, link.search, link.hash]).toEqual(['https://jaeger.example', '', ''])
    expect(decodeURIComponent(link.pathname)).toBe(`/trace/${trace}`)
    expect(link.pathname.split('/')).toHaveLength(3)
  }
})
