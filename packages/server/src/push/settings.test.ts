import { expect, it } from 'vitest'
import { assertSettings, endpointProblem, headersProblem, pushUrl, readHeaders } from './settings.ts'

it.each([
  ['http://collector:4318', 'http://collector:4318/v1/metrics'],
  ['http://10.0.0.7:4318/', 'http://10.0.0.7:4318/v1/metrics'],
  ['https://otlp.example/otlp', 'https://otlp.example/otlp/v1/metrics'],
  ['https://otlp.example/otlp/v1/metrics/', 'https://otlp.example/otlp/v1/metrics'],
])('%s is pushed to at %s', (endpoint, url) => {
  expect(endpointProblem(endpoint)).toBeUndefined()
  expect(pushUrl(endpoint)).toBe(url)
})

it.each([
  'collector:4318',
  'collector',
  'ftp://collector',
  'http://user:secret@collector',
  'http://collector?token=secret',
])('%s is no endpoint, and what is said of that has no secret in it', (endpoint) => {
  const problem = endpointProblem(endpoint)
  expect(problem).toBeDefined()
  expect(problem).not.toContain('secret')
})

it('headers are read as the variable of OpenTelemetry writes them', () => {
  const text = 'authorization=Bearer%20abc%3D, x-scope-orgid = one ,'
  expect(headersProblem(text)).toBeUndefined()
  expect(readHeaders(text)).toEqual({ authorization: 'Bearer abc=', 'x-scope-orgid': 'one' })
})

it.each([
  'secret',
  '=secret',
  'a b=secret',
  'x=sec%0d%0aret',
  'x=%E0%A4%A',
  'content-type=secret',
  'x=%f0%9f%94%91secret',
])('a list of headers with %s in it is refused by its place alone', (entry) => {
  const problem = headersProblem(`good=one,${entry}`)
  expect(problem).toContain('entry 2')
  expect(problem).not.toContain('ret')
})

it('settings that are wrong are no settings', () => {
  expect(() => assertSettings({ endpoint: 'collector' })).toThrowError(
    expect.objectContaining({
      code: 'invalid_config',
      issues: [{ path: 'otlp.push.endpoint', message: expect.any(String) }],
    }),
  )
  expect(() => assertSettings({ endpoint: 'http://collector', headers: 'x' })).toThrowError(/otlp\.push\.headers/)
})
