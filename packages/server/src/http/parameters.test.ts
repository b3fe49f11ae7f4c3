import { isTallystickError } from '@tallystick/core'
import { describe, expect, it } from 'vitest'
import { checkParameters, type ParameterTable } from './parameters.ts'
import { ROUTES } from './routes.ts'
import { createTestApp } from './testing/test-app.ts'

const TABLE: ParameterTable = new Map<string, readonly string[] | 'text'>([
  ['ack', ['durable', 'received']],
  ['results', ['all']],
  ['from', 'text'],
])

const problemsOf = (search: string): { code: string; issues: readonly string[] } => {
  try {
    checkParameters(new URLSearchParams(search), TABLE)
  } catch (error) {
    if (!isTallystickError(error)) throw error
    return { code: error.code, issues: error.issues.map(({ path, message }) => `${path}: ${message}`) }
  }
  return { code: 'none', issues: [] }
}

describe('parameters of a query string', () => {
  it('are taken when the table has them', () => {
    expect(problemsOf('ack=received&results=all&from=anything').code).toBe('none')
    expect(problemsOf('').code).toBe('none')
  })

  it('are refused by the nearest name, the values allowed, and all at once', () => {
    expect(problemsOf('resutls=all&ack=maybe&from=1&from=2')).toEqual({
      code: 'unknown_parameter',
      issues: [
        'resutls: no such parameter; nearest: "results", "ack", "from"',
        'ack: must be durable, received, or absent; not "maybe"',
        'from: may be given once',
      ],
    })
    expect(problemsOf('results=foo')).toMatchObject({ code: 'unknown_value' })
  })

  it('are looked at few at a time, however many a request brings', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => `x${index}=1`).join('&')
    expect(problemsOf(many).issues.length).toBeLessThanOrEqual(50)
  })

  // A dialect passes over what it does not know, as the systems did whose clients it serves.
  const native = ROUTES.filter(({ path, failure }) => path.startsWith('/api/') && failure === undefined)
  it.each(native.map(({ method, path }) => [method, path] as const))(
    'are refused by %s %s unless it takes them',
    async (method, path) => {
      const { call } = await createTestApp()
      const headers = { 'content-type': 'application/json' }
      const response = await call(`${path}?nope=1`, { method, headers, ...(method === 'POST' && { body: '{}' }) })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ code: 'unknown_parameter', issues: [{ path: 'nope' }] })
    },
  )

  it.each(['/', '/healthz', '/readyz', '/version'])('are nobody’s business at %s', async (path) => {
    const { call } = await createTestApp()
    expect((await call(`${path}?from=1&whatever=2`)).status).toBe(200)
  })
})
