import { afterEach, describe, expect, it } from 'vitest'
import { mintKey } from '../../packages/server/src/identity/api-key.ts'
import { type Served, serve } from './testing/served.ts'

const open: Served[] = []
afterEach(async () => {
  for (const served of open.splice(0)) await served.close()
})

async function start(options: Parameters<typeof serve>[0] = {}): Promise<Served> {
  const served = await serve(options)
  open.push(served)
  return served
}

describe('a session by key', () => {
  it('lets a browser in that shows nothing but its cookie', async () => {
    const { browser, key, keyId } = await start()
    const { ask, logIn, cookies } = browser()
    expect(await ask('/api/v1/status')).toMatchObject({ status: 401, body: { code: 'unauthorized' } })
    expect((await ask('/api/v1/session')).body).toEqual({
      authenticated: false,
      kind: 'nobody',
      name: null,
      scopes: [],
      tenant_id: null,
      session: false,
      login: ['key'],
    })
    const opened = await logIn(key)
    expect(opened.status).toBe(200)
    const who = {
      authenticated: true,
      kind: 'key',
      name: `key ${keyId}`,
      scopes: ['read'],
      tenant_id: null,
      session: true,
      login: ['key'],
    }
    expect(opened.body).toEqual(who)
    expect([...cookies.keys()]).toEqual(['tallystick_session'])
    expect(opened.headers.get('set-cookie')).toMatch(/; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/)
    expect((await ask('/api/v1/session')).body).toEqual(who)
    expect((await ask('/api/v1/status')).status).toBe(200)
  })

  it('may do what its key may, and sees what it sees', async () => {
    const { browser, key, ingest } = await start({ keyRow: { tenantId: 'acme', agentId: 'agent_7' } })
    await ingest([
      { event_id: 'ours', model: 'm', tenant_id: 'acme', agent_id: 'agent_7' },
      { event_id: 'another-agent', model: 'm', tenant_id: 'acme', agent_id: 'agent_8' },
      { event_id: 'another-tenant', model: 'm', tenant_id: 'other', agent_id: 'agent_7' },
      { event_id: 'no-tenant', model: 'm', agent_id: 'agent_7' },
    ])
    const { ask, logIn } = browser()
    expect((await logIn(key)).body['tenant_id']).toBe('acme')
    const { body } = await ask('/api/v1/events')
    expect((body['events'] as { event_id: string }[]).map(({ event_id: id }) => id)).toEqual(['ours'])
    expect(await ask('/api/v1/backup')).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    const posted = { method: 'POST', body: { model: 'm' } }
    expect(await ask('/api/v1/events', posted)).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  })

  it('ends at once with its key, and so does a stream that goes on', async () => {
    const { browser, key, changeKey, url } = await start()
    const { ask, logIn, cookies } = browser()
    await logIn(key)
    const cookie = [...cookies].map((pair) => pair.join('=')).join()
    const stream = await fetch(`${url}/api/v1/live`, { headers: { cookie } })
    expect(stream.status).toBe(200)
    const whole = stream.text().catch(() => 'cut')
    await changeKey({ revokedMs: 1 })
    await whole
    expect(await ask('/api/v1/status')).toMatchObject({ status: 401, body: { code: 'unauthorized' } })
    expect((await ask('/api/v1/session')).body['kind']).toBe('nobody')
  })

  it('ends when the person logs out, wherever its cookie has got to', async () => {
    const { browser, key, state } = await start()
    const [here, elsewhere] = [browser(), browser()]
    await here.logIn(key)
    for (const [name, value] of here.cookies) elsewhere.cookies.set(name, value)
    expect((await elsewhere.ask('/api/v1/status')).status).toBe(200)
    expect((await here.ask('/api/v1/session', { method: 'DELETE' })).body).toEqual({ ended: true })
    expect(here.cookies.size).toBe(0)
    expect(state.rows('sessions').size).toBe(0)
    expect((await elsewhere.ask('/api/v1/status')).status).toBe(401)
    expect((await here.ask('/api/v1/session', { method: 'DELETE' })).body).toEqual({ ended: false })
  })

  it('ends the one before it', async () => {
    const { browser, key, state } = await start()
    const { logIn } = browser()
    await logIn(key)
    const [before] = state.rows('sessions').keys()
    await logIn(key)
    expect([...state.rows('sessions').keys()]).not.toContain(before)
    expect(state.rows('sessions').size).toBe(1)
  })

  it('ends without use, by the clock of the server', async () => {
    let nowMs = Date.UTC(2026, 10, 21)
    const { browser, key } = await start({
      clock: { now: () => nowMs, monotonic: () => nowMs },
      login: { session: { idleMs: 60_000, maxMs: 100_000 } },
    })
    const { ask, logIn } = browser()
    await logIn(key)
    nowMs += 59_999
    expect((await ask('/api/v1/status')).status).toBe(200)
    nowMs += 40_000
    expect((await ask('/api/v1/status')).status).toBe(200)
    nowMs += 1
    expect((await ask('/api/v1/status')).status).toBe(401)
  })

  it('has a cookie that only https carries where a trusted proxy says that it is https', async () => {
    const proxied = { 'x-forwarded-proto': 'https' }
    const trusting = await start({ clientAddress: { policy: 'off', trustedProxies: ['127.0.0.1'] } })
    const { ask, cookies } = trusting.browser()
    const post = { method: 'POST', body: { key: trusting.key }, headers: proxied }
    const opened = await ask('/api/v1/session', post)
    expect(opened.headers.get('set-cookie')).toMatch(
      /^__Host-tallystick=.*; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    expect((await ask('/api/v1/status', { headers: proxied })).status).toBe(200)
    const [value = ''] = cookies.values()
    const planted = trusting.browser()
    planted.cookies.set('tallystick_session', value)
    expect((await planted.ask('/api/v1/status', { headers: proxied })).status).toBe(401)

    const other = await start()
    const answer = await other.browser().ask('/api/v1/session', { ...post, body: { key: other.key } })
    expect(answer.headers.get('set-cookie')).toMatch(/^tallystick_session=/)
  })
})

describe('a page of somebody else', () => {
  const EVIL: readonly Record<string, string>[] = [
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]

  it.each(EVIL)('cannot use a session: %j', async (headers) => {
    const { browser, key, state } = await start({ keyRow: { scopes: ['admin'] } })
    const { ask, logIn } = browser()
    await logIn(key)
    for (const [method, path, body] of [
      ['POST', '/api/v1/events', { model: 'm' }],
      ['POST', '/api/v1/query', { measures: ['requests'] }],
      ['POST', '/analytics/clear', undefined],
      ['DELETE', '/api/v1/session', undefined],
      ['GET', '/api/v1/status', undefined],
      ['GET', '/api/v1/backup', undefined],
    ] as const) {
      const answer = await ask(path, { method, headers, ...(body === undefined ? {} : { body }) })
      expect([method, path, answer.status]).toEqual([method, path, 403])
    }
    expect(state.rows('sessions').size).toBe(1)
  })

  it.each(EVIL)('cannot log a browser in: %j', async (headers) => {
    const { browser, key, state } = await start()
    const answer = await browser().ask('/api/v1/session', { method: 'POST', headers, body: { key } })
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden_origin' } })
    expect(state.rows('sessions').size).toBe(0)
  })

  it('that is allowed to send requests has no sessions all the same', async () => {
    const { browser, key } = await start({ allowedOrigins: ['http://dash.example'] })
    const { ask, logIn } = browser()
    await logIn(key)
    const headers = { origin: 'http://dash.example' }
    const answer = await ask('/api/v1/query', { method: 'POST', headers, body: { measures: ['requests'] } })
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden_origin' } })
  })
})

describe('a key that is not valid', () => {
  it('is answered in one way, whatever is wrong with it', async () => {
    const { browser, key, keyId, changeKey } = await start()
    const { logIn } = browser()
    const told = async (text: string): Promise<unknown> => {
      const { status, body } = await logIn(text)
      return [status, { ...body, instance: '' }]
    }
    const other = mintKey().text
    const wrongSecret = await told(`tsk_${keyId}_${other.slice(other.lastIndexOf('_') + 1)}`)
    expect(wrongSecret).toMatchObject([401, { code: 'unauthorized' }])
    expect(await told(other)).toEqual(wrongSecret)
    expect(await told('')).toEqual(wrongSecret)
    await changeKey({ expiresMs: 1 })
    expect(await told(key)).toEqual(wrongSecret)
    await changeKey({ revokedMs: 1 })
    expect(await told(key)).toEqual(wrongSecret)
  })

  it('makes its sender wait when there are many, and nobody else', async () => {
    let nowMs = 1_000
    const { url, key } = await start({
      clock: { now: () => nowMs, monotonic: () => nowMs },
      clientAddress: { policy: 'off', trustedProxies: ['127.0.0.1'] },
    })
    const logIn = (text: string, from: string): Promise<Response> =>
      fetch(`${url}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': from },
        body: JSON.stringify({ key: text }),
      })
    for (let index = 0; index < 6; index++) expect((await logIn('wrong', '192.0.2.1')).status).toBe(401)
    const slowed = await logIn(key, '192.0.2.1')
    expect(slowed.status).toBe(429)
    expect(slowed.headers.get('retry-after')).toBe('1')
    expect((await logIn(key, '192.0.2.2')).status).toBe(200)
    nowMs += 1_000
    expect((await logIn(key, '192.0.2.1')).status).toBe(200)
    // Of IPv6 a whole network is one sender.
    for (let index = 0; index < 6; index++) await logIn('wrong', `2001:db8:1:${index}::1`)
    expect((await logIn(key, '2001:db8:1:99::1')).status).toBe(429)
  })

  it('is tried no more often by asking for all at once', async () => {
    const { browser } = await start()
    const answers = await Promise.all(Array.from({ length: 40 }, () => browser().logIn('wrong')))
    expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(6)
  })

  it.each([
    [{}, 'invalid_body'],
    [{ key: 5 }, 'invalid_body'],
    [{ key: null }, 'invalid_body'],
    [{ key: 'x', more: 1 }, 'invalid_body'],
    [[], 'invalid_body'],
    ['tsk', 'invalid_body'],
    [null, 'invalid_body'],
  ])('cannot be sent as %j', async (body, code) => {
    const { browser } = await start()
    const answer = await browser().ask('/api/v1/session', { method: 'POST', body })
    expect(answer).toMatchObject({ status: 400, body: { code } })
  })

  it('cannot be sent as a form, which any page may send', async () => {
    const { url, key } = await start()
    const body = new URLSearchParams({ key })
    expect((await fetch(`${url}/api/v1/session`, { method: 'POST', body })).status).toBe(415)
  })
})

it('without any key, on this machine, nobody has to log in', async () => {
  const { browser, state, keyId } = await start()
  await state.write([{ table: 'keys', id: keyId, row: undefined }])
  const { ask, cookies } = browser()
  expect((await ask('/api/v1/session')).body).toMatchObject({ authenticated: true, kind: 'local', session: false })
  expect((await ask('/api/v1/status')).status).toBe(200)
  // Nor does whoever shows the cookie of another server of this machine.
  cookies.set('tallystick_session', 'A'.repeat(43))
  expect((await ask('/api/v1/status')).status).toBe(200)
})
