import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertOidcOptions, type OidcOptions } from './options.ts'
import { personOf } from './person.ts'
import { returnPath } from './return-path.ts'
import { createSeal } from './seal.ts'

const OPTIONS: OidcOptions = {
  issuer: 'https://id.example',
  clientId: 'c',
  allowedDomains: ['example.com', 'Example.org'],
}
const ADA = { sub: 's1', email: 'Ada@Example.com', email_verified: true }

describe('the way back after a login', () => {
  it.each([
    ['/', '/'],
    ['/?model=gpt-4o&from=1', '/?model=gpt-4o&from=1'],
    ['/explore?x=%2F%2Fevil.example', '/explore?x=%2F%2Fevil.example'],
    ['/a/../b', '/b'],
    [null, '/'],
    ['', '/'],
    ['evil.example', '/'],
    ['//evil.example', '/'],
    ['///evil.example', '/'],
    ['/\\evil.example', '/'],
    ['\\\\evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/\n/evil.example', '/'],
    ['/..//evil.example', '/'],
    ['/.//evil.example', '/'],
    ['https://evil.example', '/'],
    ['https:evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['/api/v1/export', '/'],
    ['/auth/oidc/login', '/'],
    ['/@evil.example', '/@evil.example'],
    [`/${'x'.repeat(3_000)}`, '/'],
  ])('of %j is %j', (text, path) => expect(returnPath(text)).toBe(path))

  it('never leads to another host, whatever is asked for', () => {
    const text = fc.string({ unit: fc.constantFrom(...'/\\.:@?#%2Fe\t\r\n ;'.split(''), 'http', 'evil.example') })
    fc.assert(
      fc.property(text, (asked) => {
        const path = returnPath(`/${asked}`)
        expect(path).toMatch(/^\//)
        expect(new URL(path, 'https://ours.example').host).toBe('ours.example')
        expect(path).not.toMatch(/[\r\n\t]/)
      }),
      { seed: 3, numRuns: 3_000 },
    )
  })
})

describe('what a browser keeps between start and end', () => {
  it('comes back as it was, and not when it was changed, cut or made elsewhere', () => {
    const seal = createSeal()
    const sealed = seal.close('{"state":"ü"}')
    expect(seal.open(sealed)).toBe('{"state":"ü"}')
    expect(seal.close('x')).not.toBe(seal.close('x'))
    expect(createSeal().open(sealed)).toBeUndefined()
    for (const text of ['', 'x', sealed.slice(0, -2), `${sealed}AAAA`, sealed.slice(4)])
      expect(seal.open(text)).toBeUndefined()
    const bytes = Buffer.from(sealed, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ 1
      expect(seal.open(changed.toString('base64url'))).toBeUndefined()
    }
  })
})

describe('who somebody is', () => {
  it('is their verified mail address, if its domain is let in', () => {
    expect(personOf(ADA, OPTIONS)).toEqual({
      kind: 'user',
      name: 'user ada@example.com',
      scopes: new Set(['read']),
    })
    expect(personOf({ ...ADA, email: 'a@example.org' }, OPTIONS).name).toBe('user a@example.org')
  })

  it.each([
    { ...ADA, email_verified: false },
    { ...ADA, email_verified: 'true' },
    { ...ADA, email_verified: undefined },
    { sub: 's1', email_verified: true },
    { ...ADA, email: 'ada@evil.example' },
    { ...ADA, email: 'ada@sub.example.com' },
    { ...ADA, email: 'ada@notexample.com' },
    { ...ADA, email: 'example.com' },
    { ...ADA, email: '@example.com' },
    { ...ADA, email: 'ada@evil.example@example.com' },
    { ...ADA, email: 'ada@example.com\n' },
    { ...ADA, email: ['ada@example.com'] },
    { ...ADA, email: 'ada@evil.example, ada@example.com' },
  ])('is nobody with %j', (claims) => {
    expect(() => personOf(claims, OPTIONS)).toThrow(expect.objectContaining({ code: 'login_refused' }))
  })

  it('is the subject where everybody is let in and no address is verified', () => {
    const open = { ...OPTIONS, allowedDomains: ['*'] }
    expect(personOf({ sub: 's1', email: 'boss@example.com' }, open).name).toBe('user s1')
    expect(personOf(ADA, open).name).toBe('user ada@example.com')
  })

  it.each([
    ['groups=admins', { groups: ['a', 'admins'] }, true],
    ['groups=admins', { groups: 'admins' }, true],
    ['groups=admins', { groups: ['admins2'] }, false],
    ['groups=admins', { groups: 'x admins' }, false],
    ['groups=admins', {}, false],
    ['tallystick_admin=true', { tallystick_admin: true }, true],
    ['https://x.example/role=admin', { 'https://x.example/role': 'admin' }, true],
    ['realm_access.roles=admin', { realm_access: { roles: ['admin'] } }, true],
    ['constructor.name=Object', {}, false],
    ['groups.length=1', { groups: ['a'] }, false],
  ])('with %s and %j is an administrator: %s', (adminClaim, claims, admin) => {
    expect(personOf({ ...ADA, ...claims }, { ...OPTIONS, adminClaim }).scopes.has('admin')).toBe(admin)
  })
})

describe('of which tenant somebody is', () => {
  const options = { ...OPTIONS, tenantClaim: 'org.id', adminClaim: 'role=admin' }

  it.each([
    [{ org: { id: 'acme' } }, 'acme', false],
    [{ 'org.id': 'acme' }, 'acme', false],
    [{ org: { id: 'acme' }, role: 'admin' }, 'acme', true],
    [{ role: 'admin' }, undefined, true],
  ])('is what the claim says: %j', (claims, tenantId, admin) => {
    const person = personOf({ ...ADA, ...claims }, options)
    expect([person.tenantId, person.scopes.has('admin')]).toEqual([tenantId, admin])
  })

  it.each([
    {},
    { org: 'acme' },
    { org: { id: '' } },
    { org: { id: 7 } },
    { org: { id: ['acme', 'other'] } },
    { org: { id: 'a\n' } },
    { org: { id: 'x'.repeat(129) } },
    // An administrator of something that cannot be read is not one of everything.
    { org: { id: 7 }, role: 'admin' },
  ])('cannot be told from %j, and they are not let in', (claims) => {
    expect(() => personOf({ ...ADA, ...claims }, options)).toThrow(expect.objectContaining({ code: 'login_refused' }))
  })
})

describe('the configuration of an issuer', () => {
  it.each(['https://id.example', 'http://localhost:9000', 'http://127.0.0.1:9000/realm', 'http://[::1]:1'])(
    'takes %s',
    (issuer) => expect(() => assertOidcOptions({ ...OPTIONS, issuer })).not.toThrow(),
  )

  it.each([
    [{ issuer: 'http://id.example' }, 'issuer'],
    [{ issuer: 'http://127.0.0.1.evil.example' }, 'issuer'],
    [{ issuer: 'id.example' }, 'issuer'],
    [{ issuer: 'file:///etc' }, 'issuer'],
    [{ clientId: '' }, 'client_id'],
    [{ allowedDomains: [] }, 'allowed_domains'],
    [{ redirectUrl: 'javascript:x' }, 'redirect_url'],
    [{ redirectUrl: 'https://x.example/cb?x=1' }, 'redirect_url'],
    [{ adminClaim: 'groups' }, 'admin_claim'],
    [{ scopes: ['email'] }, 'scopes'],
  ])('does not take %j', (more, member) => {
    expect(() => assertOidcOptions({ ...OPTIONS, ...more })).toThrow(
      expect.objectContaining({
        code: 'invalid_config',
        issues: [expect.objectContaining({ path: `auth.oidc.${member}` })],
      }),
    )
  })
})
