import { afterEach, expect, it } from 'vitest'
import type { Served } from './testing/served.ts'
import { serve } from './testing/served.ts'

const open: Served[] = []
afterEach(async () => {
  for (const served of open.splice(0)) await served.close()
})

/** A server that believes `trustedProxies`; whoever connects in a test comes from 127.0.0.1. */
async function start(trustedProxies: readonly string[]): Promise<Served> {
  const served = await serve({
    clientAddress: { policy: 'off', trustedProxies },
    login: {
      proxy: {
        header: 'X-Forwarded-User',
        groupsHeader: 'X-Forwarded-Groups',
        groups: ['analysts=read', 'ops=admin'],
      },
    },
  })
  open.push(served)
  return served
}

const ADA = { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-groups': 'analysts' }

it('whom a trusted proxy names is let in, with the scopes of their groups', async () => {
  const { ask } = (await start(['127.0.0.1'])).browser()
  expect((await ask('/api/v1/session', { headers: ADA })).body).toMatchObject({
    kind: 'user',
    name: 'user ada@example.com',
    scopes: ['read'],
    session: false,
  })
  expect((await ask('/api/v1/status', { headers: ADA })).status).toBe(200)
  expect((await ask('/api/v1/backup', { headers: ADA })).status).toBe(403)
  const ops = await ask('/api/v1/session', { headers: { ...ADA, 'x-forwarded-groups': 'others,ops' } })
  expect(ops.body['scopes']).toEqual(['ingest', 'read', 'admin'])
  const none = { ...ADA, 'x-forwarded-groups': 'others' }
  expect((await ask('/api/v1/status', { headers: none })).status).toBe(403)
})

it('whom anybody else names is nobody', async () => {
  const { ask } = (await start(['10.0.0.0/8'])).browser()
  expect((await ask('/api/v1/status', { headers: ADA })).status).toBe(401)
  // Nor does it help to say that a proxy was on the way.
  const forwarded = { ...ADA, 'x-forwarded-for': '10.0.0.1', forwarded: 'for=10.0.0.1' }
  expect((await ask('/api/v1/status', { headers: forwarded })).status).toBe(401)
  expect((await ask('/api/v1/events', { method: 'POST', headers: ADA, body: { model: 'm' } })).status).toBe(401)
})

it('a proxy that adds its header to that of the client is refused', async () => {
  const { url } = await start(['127.0.0.1'])
  const headers: [string, string][] = [
    ['x-forwarded-user', 'mallory'],
    ['x-forwarded-user', 'ada@example.com'],
  ]
  expect((await fetch(`${url}/api/v1/status`, { headers })).status).toBe(401)
})

it('a server that believes a proxy is closed to whoever comes without one, keys or not', async () => {
  const { browser, state, keyId } = await start(['127.0.0.1'])
  await state.write([{ table: 'keys', id: keyId, row: undefined }])
  const { ask } = browser()
  expect((await ask('/api/v1/status')).status).toBe(401)
  expect((await ask('/api/v1/status', { headers: ADA })).status).toBe(200)
})

it('pages of others cannot send requests through the proxy', async () => {
  const { ask } = (await start(['127.0.0.1'])).browser()
  const headers = { ...ADA, origin: 'http://evil.example' }
  const answer = await ask('/api/v1/query', { method: 'POST', headers, body: { measures: ['requests'] } })
  expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden_origin' } })
})
