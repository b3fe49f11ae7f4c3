import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTallystick, type Tallystick } from '../../open.ts'
import type { Listening } from '../bind.ts'
import { signedToken } from '../protocol012/testing/signed-token.ts'
import { FeedClient } from './testing/feed-client.ts'

const SECRET = 'a secret of the tests'
const clients: FeedClient[] = []
let tallystick: Tallystick
let server: Listening
let master: string

const ask = (method: string, path: string, key: string | undefined, body?: unknown): Promise<Response> =>
  fetch(server.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
async function keyFor(terms: object): Promise<{ readonly key: string; readonly id: string }> {
  const response = await ask('POST', '/api/v1/keys', master, terms)
  expect(response.status).toBe(201)
  const { key } = (await response.json()) as { key: string }
  return { key, id: key.split('_')[1] as string }
}
function enter(token: string): FeedClient {
  const client = new FeedClient(server.url, { token })
  clients.push(client)
  return client
}
const told = (client: FeedClient): unknown[] =>
  client.of('AGENT_EVENT').map(({ tenant_id, agent_id }) => [tenant_id, agent_id])

beforeAll(async () => {
  tallystick = await openTallystick({ dataDir: 'never-made', store: 'memory:', protocol012: { jwtSecret: SECRET } })
  server = await tallystick.listen()
  const first = await ask('POST', '/api/v1/keys', undefined, { name: 'master', scopes: ['admin'] })
  master = ((await first.json()) as { key: string }).key
})
afterAll(async () => {
  for (const client of clients) client.leave()
  await tallystick.close()
})

describe('WS /ws of a server with keys', () => {
  it('lets in keys and IC tokens, each to what it may see', async () => {
    const acme = await keyFor({ name: 'acme', scopes: ['read'], tenant_id: 'acme' })
    const other = await keyFor({ name: 'other', scopes: ['read'], tenant_id: 'other' })
    const watching = [
      enter(master),
      enter(acme.key),
      enter(other.key),
      enter(signedToken({ agent_id: 'agent_1', iss: 'iron-control-panel' }, SECRET)),
    ]
    for (const client of watching) await client.until('HEARTBEAT')
    await ask('POST', '/api/v1/events', master, [
      { model: 'm', tenant_id: 'acme', agent_id: 1 },
      { model: 'm', tenant_id: 'other', agent_id: 1 },
      { model: 'm', agent_id: 1 },
      { model: 'm', agent_id: 2, tenant_id: 'acme' },
    ])
    await watching[0]?.until('AGENT_EVENT', 4)
    const last = ['acme', 'other', undefined].map((tenant_id) => ({ model: 'm', agent_id: 1, tenant_id }))
    await ask('POST', '/api/v1/events', master, last)
    for (const client of watching) await client.until('AGENT_EVENT', 2)
    expect(watching.slice(1).map(told)).toEqual([
      [
        ['acme', 'agent_1'],
        ['acme', 'agent_2'],
        ['acme', 'agent_1'],
      ],
      [
        ['other', 'agent_1'],
        ['other', 'agent_1'],
      ],
      [
        [undefined, 'agent_1'],
        [undefined, 'agent_1'],
      ],
    ])
  })

  it('refuses what is no key, a key that may only send, and an IC token that has expired', async () => {
    const sender = await keyFor({ name: 'sender', scopes: ['ingest'] })
    const expired = signedToken({ agent_id: 'agent_1', iss: 'iron-control-panel', exp: 1 }, SECRET)
    const refused = ['anything', 'tsk_abc_def', '', sender.key, expired].map(enter)
    const codes = await Promise.all(refused.map(async ({ closed }) => (await closed).code))
    expect(codes).toEqual([4401, 4401, 4401, 4403, 4401])
    expect(refused.map(({ told }) => told.map(({ code }) => code))).toEqual([
      ...Array.from({ length: 3 }, () => ['unauthorized']),
      ['forbidden'],
      ['token_expired'],
    ])
  })

  it('puts a client out at once when its key is revoked', async () => {
    const { key, id } = await keyFor({ name: 'brief', scopes: ['read'] })
    const [client, stays] = [enter(key), enter(master)]
    await Promise.all([client.until('HEARTBEAT'), stays.until('HEARTBEAT')])
    expect((await ask('POST', `/api/v1/keys/${id}/revoke`, master, {})).status).toBe(200)
    expect((await client.closed).code).toBe(4401)
    expect(client.of('ERROR')).toMatchObject([{ code: 'unauthorized' }])
    await ask('POST', '/api/v1/events', master, { model: 'm' })
    await stays.until('AGENT_EVENT')
  })
})
