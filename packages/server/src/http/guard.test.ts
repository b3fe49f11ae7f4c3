import { describe, expect, it } from 'vitest'
import { createGuard, type GuardedRequest } from './guard.ts'

const request = (over: Partial<GuardedRequest>): GuardedRequest => ({
  host: 'localhost:8088',
  origin: undefined,
  fetchSite: undefined,
  guarded: true,
  ...over,
})

describe('the Host check', () => {
  const guard = createGuard({ allowedHosts: ['Stats.Example'] })

  it.each([
    'localhost',
    'localhost:8088',
    'LOCALHOST:1',
    '127.0.0.1',
    '127.0.0.1:8088',
    '[::1]',
    '[::1]:65535',
    'stats.example:443',
  ])('lets %s through', (host) => expect(guard.refusal(request({ host }))).toBeUndefined())

  it.each([
    undefined,
    '',
    'evil.com',
    'evil.com:8088',
    '127.0.0.1.nip.io',
    'localhost.',
    'localhost.evil.com',
    'evil.com@localhost',
    'localhost@evil.com',
    'localhost, evil.com',
    'localhost:80:80',
    'localhost:',
    'localhost:abc',
    ' localhost',
    'localhost/evil',
    '127.0.0.2',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
    '0.0.0.0',
    '[::]',
    '[::ffff:127.0.0.1]',
    '::1',
    'localhost\u0000.evil.com',
    'ⅼocalhost',
    'http://localhost',
    '10.0.0.1',
    '__proto__',
    'constructor',
  ])('refuses %j as misdirected', (host) => expect(guard.refusal(request({ host }))?.code).toBe('misdirected_host'))

  it('takes any address, but no further name, once bound to all interfaces', () => {
    const open = createGuard()
    open.bind('0.0.0.0')
    expect(open.refusal(request({ host: '192.168.1.20:8088' }))).toBeUndefined()
    expect(open.refusal(request({ host: '[fe80::1]:8088' }))).toBeUndefined()
    expect(open.refusal(request({ host: 'evil.com' }))?.code).toBe('misdirected_host')
    expect(open.refusal(request({ host: '192.168.1.20.nip.io' }))?.code).toBe('misdirected_host')
  })

  it('takes the name it was bound to', () => {
    const bound = createGuard()
    expect(bound.refusal(request({ host: '[fd00::1]:80' }))?.code).toBe('misdirected_host')
    bound.bind('fd00::1')
    expect(bound.refusal(request({ host: '[fd00::1]:80' }))).toBeUndefined()
  })
})

describe('the Origin check', () => {
  const guard = createGuard({ allowedOrigins: ['https://dash.example/'] })

  it.each([
    { origin: 'http://localhost:8088' },
    { origin: 'https://localhost:8088' },
    { origin: 'HTTP://LOCALHOST:8088' },
    { origin: 'https://dash.example' },
    { host: 'localhost:80', origin: 'http://localhost' },
    { host: '[::1]:8088', origin: 'http://[::1]:8088' },
    { fetchSite: 'same-origin' },
    { fetchSite: 'none' },
    {},
  ])('lets %j change something', (over) => expect(guard.refusal(request(over))).toBeUndefined())

  it.each([
    { origin: 'null' },
    { origin: '' },
    { origin: 'http://evil.com' },
    { origin: 'http://localhost:3000' },
    { origin: 'http://localhost' },
    { origin: 'http://127.0.0.1:8088' },
    { origin: 'http://localhost:8088.evil.com' },
    { origin: 'http://evil.com@localhost:8088' },
    { origin: 'file://localhost:8088' },
    { origin: 'https://dash.example.evil.com' },
    { fetchSite: 'cross-site' },
    { fetchSite: 'same-site' },
    { fetchSite: 'anything else' },
    { origin: 'http://evil.com', fetchSite: 'same-origin' },
  ])('refuses %j', (over) => expect(guard.refusal(request(over))?.code).toBe('forbidden_origin'))

  it('does not ask where a request comes from that changes nothing', () => {
    expect(guard.refusal(request({ origin: 'http://evil.com', guarded: false }))).toBeUndefined()
  })

  it('names only configured origins in CORS answers', () => {
    expect(guard.corsOrigin('https://dash.example')).toBe('https://dash.example')
    expect(guard.corsOrigin('http://localhost:8088')).toBeUndefined()
    expect(guard.corsOrigin(undefined)).toBeUndefined()
  })
})
