import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { OidcOptions } from '../../packages/server/src/identity/oidc/options.ts'
import { FOREIGN_KEY, type Issuer, startIssuer, type Token } from './testing/issuer.ts'
import { type Browser, type Served, serve } from './testing/served.ts'

const PAGE = { accept: 'text/html,application/xhtml+xml' }

/** One for all: making its keys takes a tenth of a second. What a test tells it is forgotten afterwards. */
let issuer: Issuer
let honest: Pick<Issuer, 'person' | 'userinfo' | 'forge' | 'failing' | 'describe' | 'lastTokenRequest'>
const open: Served[] = []
beforeAll(async () => {
  issuer = await startIssuer()
  const { person, userinfo, forge, failing, describe: described, lastTokenRequest } = issuer
  honest = { person, userinfo, forge, failing, describe: described, lastTokenRequest }
})
afterEach(async () => {
  for (const served of open.splice(0)) await served.close()
  Object.assign(issuer, honest)
  issuer.asked.clear()
})
afterAll(() => issuer.close())

async function start(more: Partial<OidcOptions> = {}, options: Parameters<typeof serve>[0] = {}): Promise<Served> {
  const { url, clientId, clientSecret } = issuer
  const oidc = { issuer: url, clientId, clientSecret, allowedDomains: ['example.com'], ...more }
  const served = await serve({ ...options, login: { oidc } })
  open.push(served)
  return served
}

/** Goes through the whole login; `on` may change the addresses on the way. */
const logIn = (browser: Browser, on?: (url: URL) => URL): Promise<{ status: number; body: Record<string, unknown> }> =>
  browser.follow('/auth/oidc/login', on)

const claims =
  (more: Record<string, unknown>) =>
  (token: Token): Token => ({ ...token, claims: { ...token.claims, ...more } })
const nowSeconds = (): number => Math.floor(Date.now() / 1000)

describe('a login with an issuer', () => {
  it('opens a session of the person, and leads back to where they were', async () => {
    const browser = (await start()).browser()
    const answer = await browser.follow(`/auth/oidc/login?return_to=${encodeURIComponent('/?model=gpt-4o')}`)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('/?model=gpt-4o')
    expect([...browser.cookies.keys()]).toEqual(['tallystick_session'])
    expect((await browser.ask('/api/v1/session')).body).toEqual({
      authenticated: true,
      kind: 'user',
      name: 'user ada@example.com',
      scopes: ['read'],
      tenant_id: null,
      session: true,
      login: ['key', 'oidc'],
    })
    expect((await browser.ask('/api/v1/status')).status).toBe(200)
    expect((await browser.ask('/api/v1/backup')).status).toBe(403)
    await browser.ask('/api/v1/session', { method: 'DELETE' })
    expect((await browser.ask('/api/v1/status')).status).toBe(401)
  })

  it('sends state, nonce and a PKCE challenge, and keeps them where no script and no other site gets at them', async () => {
    const { url, browser } = await start({ scopes: ['openid', 'email'] })
    const answer = await browser().ask('/auth/oidc/login')
    const sent = new URL(answer.headers.get('location') ?? '')
    expect(sent.origin + sent.pathname).toBe(`${issuer.url}/authorize`)
    const { state, nonce, code_challenge, ...rest } = Object.fromEntries(sent.searchParams)
    expect(rest).toEqual({
      response_type: 'code',
      client_id: issuer.clientId,
      redirect_uri: `${url}/auth/oidc/callback`,
      scope: 'openid email',
      code_challenge_method: 'S256',
    })
    const cookie = answer.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^tallystick_login=.*; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/)
    for (const secret of [state, nonce, code_challenge]) {
      expect(secret?.length).toBeGreaterThanOrEqual(43)
      expect(Buffer.from(cookie.slice(17), 'base64url').toString('latin1')).not.toContain(secret)
    }
  })

  it('makes an administrator of whoever has the claim', async () => {
    issuer.person = { ...issuer.person, groups: ['staff', 'tallystick-admins'] }
    const browser = (await start({ adminClaim: 'groups=tallystick-admins' })).browser()
    await logIn(browser)
    expect((await browser.ask('/api/v1/session')).body['scopes']).toEqual(['ingest', 'read', 'admin'])
  })

  it('asks the issuer for what the ID token does not say', async () => {
    issuer.person = { sub: 'person-1' }
    issuer.userinfo = { sub: 'person-1', email: 'ada@example.com', email_verified: true }
    const browser = (await start()).browser()
    expect((await logIn(browser)).status).toBe(303)
    issuer.userinfo = { ...issuer.userinfo, sub: 'somebody-else' }
    expect((await logIn((await start()).browser())).status).toBe(401)
  })

  it('works for a public client, by PKCE alone', async () => {
    issuer.describe = (document) => ({ ...document, token_endpoint_auth_methods_supported: ['none'] })
    const { clientId, url } = issuer
    const served = await serve({ login: { oidc: { issuer: url, clientId, allowedDomains: ['*'] } } })
    open.push(served)
    await logIn(served.browser())
    expect(issuer.lastTokenRequest?.get('client_id')).toBe(clientId)
    expect(issuer.lastTokenRequest?.get('code_verifier')?.length).toBeGreaterThanOrEqual(43)
  })

  it('comes back to the configured address, with a cookie for https where that is https', async () => {
    const redirectUrl = 'https://stats.example/auth/oidc/callback'
    const answer = await (await start({ redirectUrl })).browser().ask('/auth/oidc/login')
    expect(new URL(answer.headers.get('location') ?? '').searchParams.get('redirect_uri')).toBe(redirectUrl)
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-tallystick-login=.*; Secure; SameSite=Lax$/)
  })

  it('closes the server to whoever does not log in, keys or not', async () => {
    const { browser, state, keyId } = await start()
    await state.write([{ table: 'keys', id: keyId, row: undefined }])
    expect((await browser().ask('/api/v1/status')).status).toBe(401)
  })
})

describe('a login that is not right', () => {
  const refusals: readonly (readonly [string, () => void, string])[] = [
    ['a wrong nonce', () => (issuer.forge = claims({ nonce: 'another' })), 'login_failed'],
    ['no nonce', () => (issuer.forge = claims({ nonce: undefined })), 'login_failed'],
    ['a wrong audience', () => (issuer.forge = claims({ aud: 'another-client' })), 'login_failed'],
    ['another issuer', () => (issuer.forge = claims({ iss: 'https://evil.example' })), 'login_failed'],
    ['a token that has expired', () => (issuer.forge = claims({ exp: nowSeconds() - 3_600 })), 'login_failed'],
    ['a token of the future', () => (issuer.forge = claims({ nbf: nowSeconds() + 3_600 })), 'login_failed'],
    ['no subject', () => (issuer.forge = claims({ sub: undefined })), 'login_failed'],
    [
      'the algorithm none',
      () => (issuer.forge = (token) => ({ ...token, header: { ...token.header, alg: 'none' } })),
      'login_failed',
    ],
    [
      'a signature by the client secret',
      () => (issuer.forge = (token) => ({ ...token, header: { ...token.header, alg: 'HS256' } })),
      'login_failed',
    ],
    ['a foreign signature', () => (issuer.forge = (token) => ({ ...token, key: FOREIGN_KEY })), 'login_failed'],
    [
      'an address that is not verified',
      () => (issuer.person = { ...issuer.person, email_verified: false }),
      'login_refused',
    ],
    ['another domain', () => (issuer.person = { ...issuer.person, email: 'ada@evil.example' }), 'login_refused'],
    ['no address', () => (issuer.person = { sub: 'person-1' }), 'login_refused'],
  ]

  it.each(refusals)('by %s opens nothing', async (_, arrange, code) => {
    arrange()
    const { browser, state, errors } = await start()
    const visitor = browser()
    expect(await logIn(visitor)).toMatchObject({ status: code === 'login_refused' ? 403 : 401, body: { code } })
    expect([...visitor.cookies.keys()]).toEqual(['tallystick_login'])
    expect(state.rows('sessions').size).toBe(0)
    expect(errors).toEqual([])
  })

  const atCallback =
    (change: (params: URLSearchParams) => void) =>
    (url: URL): URL => {
      if (url.pathname === '/auth/oidc/callback') change(url.searchParams)
      return url
    }

  it.each([
    ['a wrong state', (params: URLSearchParams) => params.set('state', 'another')],
    ['no state', (params: URLSearchParams) => params.delete('state')],
    ['two states', (params: URLSearchParams) => params.append('state', 'another')],
    ['no code', (params: URLSearchParams) => params.delete('code')],
    ['a made-up code', (params: URLSearchParams) => params.set('code', 'made-up')],
    ['the answer of another issuer', (params: URLSearchParams) => params.set('iss', 'https://evil.example')],
    [
      'an error of the issuer',
      (params: URLSearchParams) => {
        params.delete('code')
        params.set('error', 'access_denied')
      },
    ],
  ])('by %s opens nothing', async (_, change) => {
    const { browser, state } = await start()
    const answer = await logIn(browser(), atCallback(change))
    expect(answer).toMatchObject({ status: 401, body: { code: 'login_failed' } })
    expect(state.rows('sessions').size).toBe(0)
  })

  it('cannot be finished in a browser that did not begin it, twice, or after a restart', async () => {
    const { browser } = await start()
    const [victim, attacker] = [browser(), browser()]
    let callback = ''
    const note = (url: URL): URL => {
      if (url.pathname === '/auth/oidc/callback') callback = url.pathname + url.search
      return url
    }
    await attacker.follow('/auth/oidc/login', note)
    expect(await victim.ask(callback)).toMatchObject({ status: 401, body: { code: 'login_failed' } })
    expect((await attacker.ask(callback)).status).toBe(401)

    const begun = browser()
    await begun.ask('/auth/oidc/login')
    const restarted = (await start()).browser()
    for (const [name, value] of begun.cookies) restarted.cookies.set(name, value)
    expect((await restarted.ask('/auth/oidc/callback?code=x&state=y')).status).toBe(401)
  })

  it('cannot be finished after ten minutes', async () => {
    let nowMs = Date.now()
    const { browser } = await start({}, { clock: { now: () => nowMs, monotonic: () => nowMs } })
    const late = (url: URL): URL => {
      if (url.pathname === '/auth/oidc/callback') nowMs += 600_000
      return url
    }
    expect((await logIn(browser(), late)).status).toBe(401)
  })

  it('leads a browser to the page, which is told the code and nothing else', async () => {
    issuer.person = { ...issuer.person, email: 'ada@evil.example' }
    const { browser } = await start()
    const visitor = browser()
    const { headers } = await visitor.ask('/auth/oidc/login')
    const back = await fetch(headers.get('location') ?? '', { redirect: 'manual' })
    const { pathname, search } = new URL(back.headers.get('location') ?? '')
    const answer = await visitor.ask(pathname + search, { headers: PAGE })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/#login=login_refused'])
    expect(visitor.cookies.size).toBe(0)
  })

  it.each(['//evil.example', 'https://evil.example/', '/\\evil.example', '/\t/evil.example'])(
    'never leads to %j afterwards',
    async (target) => {
      const answer = await (await start()).browser().follow(`/auth/oidc/login?return_to=${encodeURIComponent(target)}`)
      expect(answer.headers.get('location')).toBe('/')
    },
  )
})

describe('an issuer that does not work', () => {
  it('is asked for nothing until somebody logs in, and then once', async () => {
    const { browser } = await start()
    await browser().ask('/api/v1/session')
    expect(issuer.asked.size).toBe(0)
    await Promise.all([logIn(browser()), logIn(browser()), browser().ask('/auth/oidc/login')])
    expect(issuer.asked.get('/.well-known/openid-configuration')).toBe(1)
  })

  it('is told of clearly, asked again after a while, and does not keep keys from logging in', async () => {
    let nowMs = Date.now()
    const { browser, key, errors } = await start({}, { clock: { now: () => nowMs, monotonic: () => nowMs } })
    issuer.failing = 500
    const visitor = browser()
    const answer = await visitor.ask('/auth/oidc/login')
    expect(answer).toMatchObject({ status: 503, body: { code: 'issuer_unavailable' } })
    expect(answer.body['detail']).toContain(issuer.url)
    expect(answer.body['detail']).toContain('500')
    const page = await visitor.ask('/auth/oidc/login', { headers: PAGE })
    expect([page.status, page.headers.get('location')]).toEqual([303, '/#login=issuer_unavailable'])
    expect(errors).toMatchObject([{ code: 'issuer_unavailable' }])
    expect(issuer.asked.get('/.well-known/openid-configuration')).toBe(1)
    expect((await visitor.logIn(key)).status).toBe(200)
    issuer.failing = undefined
    nowMs += 5_000
    expect((await logIn(browser())).status).toBe(303)
  })

  it('may be gone altogether', async () => {
    const gone = await startIssuer()
    const { browser } = await start({ issuer: gone.url })
    await gone.close()
    const answer = await browser().ask('/auth/oidc/login')
    expect(answer).toMatchObject({ status: 503, body: { code: 'issuer_unavailable' } })
    expect(answer.body['detail']).toContain('ECONNREFUSED')
  })

  it.each([
    ['another issuer', { issuer: 'https://evil.example' }],
    ['an endpoint that is not safe', { token_endpoint: 'http://evil.example/token' }],
    ['a script', { authorization_endpoint: 'javascript:alert(1)' }],
    ['no keys', { jwks_uri: undefined }],
  ])('is not used when it describes %s', async (_, more) => {
    issuer.describe = (document) => ({ ...document, ...more })
    const answer = await (await start()).browser().ask('/auth/oidc/login')
    expect(answer).toMatchObject({ status: 503, body: { code: 'issuer_unavailable' } })
  })

  it('that refuses this server is a matter of configuration, and no secret is told', async () => {
    const { browser } = await start({ clientSecret: 'not-the-secret' })
    const answer = await logIn(browser())
    expect(answer).toMatchObject({ status: 503, body: { code: 'issuer_unavailable' } })
    expect(answer.body['detail']).toContain('invalid_client')
    expect(JSON.stringify(answer.body)).not.toContain('not-the-secret')
  })
})

it('without an issuer there is nothing to log in with but a key', async () => {
  const served = await serve()
  open.push(served)
  const { ask } = served.browser()
  for (const path of ['/auth/oidc/login', '/auth/oidc/callback?code=a&state=b'])
    expect(await ask(path)).toMatchObject({ status: 404, body: { code: 'not_found' } })
})
