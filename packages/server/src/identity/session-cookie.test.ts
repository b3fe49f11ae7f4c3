import { describe, expect, it } from 'vitest'
import { fromOwnPage } from './same-origin.ts'
import { cookieHeader, cookieOf, cookieRemovals, SESSION_COOKIE } from './session-cookie.ts'

const read = (cookie: string, https = false): string | undefined =>
  cookieOf(new Headers({ cookie }), SESSION_COOKIE, https)

describe('the cookie of a session', () => {
  it('is secure and bound to the host behind https, and plain on http', () => {
    const life = { maxAgeSeconds: 60, sameSite: 'strict' } as const
    expect(cookieHeader(SESSION_COOKIE, 'v', { ...life, https: true })).toBe(
      '__Host-tallystick=v; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Strict',
    )
    expect(cookieHeader(SESSION_COOKIE, 'v', { ...life, https: false })).toBe(
      'tallystick_session=v; Max-Age=60; Path=/; HttpOnly; SameSite=Strict',
    )
    for (const header of cookieRemovals(SESSION_COOKIE)) expect(header).toContain('Max-Age=0')
  })

  it('is read under its secure name first, and behind https under no other', () => {
    expect(read('a=1; tallystick_session=plain; b=2')).toBe('plain')
    expect(read('tallystick_session=plain; __Host-tallystick=secure')).toBe('secure')
    expect(read('tallystick_session=planted', true)).toBeUndefined()
    expect(read('__Host-tallystick=secure', true)).toBe('secure')
  })

  it.each([
    '',
    'tallystick_session=',
    'xtallystick_session=v',
    'tallystick_session',
    '=v',
    `tallystick_session=${'x'.repeat(5_000)}`,
    '__proto__=v',
  ])('is not found in %j', (cookie) => expect(read(cookie)).toBeUndefined())
})

describe('a request of our own page', () => {
  const url = new URL('http://stats.example:8088/')
  it.each([
    [{}, true],
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'none' }, true],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ 'sec-fetch-site': 'same-site', origin: 'http://stats.example:8088' }, false],
    [{ origin: 'http://stats.example:8088' }, true],
    [{ origin: 'https://stats.example:8088' }, true],
    [{ origin: 'http://stats.example:3000' }, false],
    [{ origin: 'http://evil.example' }, false],
    [{ origin: 'null' }, false],
    [{ origin: 'https://proxied.example', host: 'proxied.example' }, true],
  ])('with %j: %s', (headers, own) =>
    expect(fromOwnPage(new Headers(headers as Record<string, string>), url)).toBe(own),
  )
})
