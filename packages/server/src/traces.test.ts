import { expect, it } from 'vitest'
import { assertTraceUrl, traceUrlProblem } from './traces.ts'

it.each([
  'https://jaeger.example/trace/{trace_id}',
  'http://127.0.0.1:16686/trace/{trace_id}?uiFind={span_id}',
  'https://grafana.example/explore?traceId={trace_id}#top',
])('%s is an address of traces', (template) => {
  expect(traceUrlProblem(template)).toBeUndefined()
})

it.each([
  'https://jaeger.example/trace',
  '/trace/{trace_id}',
  'javascript:alert({trace_id})',
  'data:text/html,{trace_id}',
  'ftp://jaeger.example/{trace_id}',
  'https://{trace_id}.example/',
  'https://jaeger.example:{trace_id}/',
  'https://jaeger.example{trace_id}/',
  '{trace_id}://jaeger.example/',
  'https://{trace_id}@jaeger.example/',
  'https://user:secret@jaeger.example/{trace_id}',
  'https://jaeger.example/{trace_id}/{tenant}',
  'https://jaeger.example/{trace_id}/{',
])('%s is none', (template) => {
  const problem = traceUrlProblem(template)
  expect(problem).toBeDefined()
  expect(problem).not.toContain('secret')
  expect(() => assertTraceUrl(template)).toThrowError(expect.objectContaining({ code: 'invalid_config' }))
})
