import { describe, expect, it } from 'vitest'
import type { AdminAccess } from '../app-context.ts'
import { createTestApp } from '../testing/test-app.ts'

const STATS = '/analytics/stats'

/** Status of a request to a server bound to `address`. */
async function statusOf(address: string, admin: AdminAccess, authorization?: string): Promise<number> {
  const { app, call } = await createTestApp({ admin })
  app.context.guard.bind(address)
  return (await call(STATS, authorization === undefined ? {} : { headers: { authorization } })).status
}

describe('who may use the routes of Routiium', () => {
  it('T:csv: without a token nobody, where other machines can reach the server', async () => {
    for (const address of ['0.0.0.0', '::', '', '192.0.2.7', 'stats.example', '127.0.0.1.example'])
      expect(await statusOf(address, {}), address).toBe(401)
    expect(await statusOf('0.0.0.0', {}, 'Bearer ')).toBe(401)
    expect(await statusOf('0.0.0.0', { insecure: false }, 'Bearer x')).toBe(401)
  })

  it('without a token everybody on this machine, where no other can reach it', async () => {
    for (const address of ['127.0.0.1', '127.8.8.8', '::1', 'localhost'])
      expect(await statusOf(address, {}), address).toBe(200)
    const { call } = await createTestApp()
    expect((await call(STATS)).status).toBe(200)
  })

  it('T:csv: everybody where it was opened on purpose, but not past a token', async () => {
    expect(await statusOf('0.0.0.0', { insecure: true })).toBe(200)
    expect(await statusOf('0.0.0.0', { insecure: true, token: 't' })).toBe(401)
  })

  it('T:csv: the bearer of the token and nobody else, on any address', async () => {
    for (const address of ['127.0.0.1', '0.0.0.0']) {
      for (const wrong of [undefined, 'Bearer', 'Bearer T', 'Bearer tt', 'Bearer t t', 'Basic t', 't'])
        expect(await statusOf(address, { token: 't' }, wrong), wrong).toBe(401)
      expect(await statusOf(address, { token: 't' }, 'Bearer t')).toBe(200)
      expect(await statusOf(address, { token: 't' }, 'bEARER  t')).toBe(200)
    }
  })

  it('lets a page of an allowed origin send the header', async () => {
    const { call } = await createTestApp({ allowedOrigins: ['https://dash.example'] })
    const asked = await call(STATS, { method: 'OPTIONS', headers: { origin: 'https://dash.example' } })
    expect(asked.headers.get('access-control-allow-headers')).toContain('authorization')
  })
})
