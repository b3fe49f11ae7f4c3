import { describe, expect, it } from 'vitest'
import { type ProxyHeaderOptions, proxyMethod } from './proxy-method.ts'

const OPTIONS: ProxyHeaderOptions = { header: 'X-Forwarded-User', groupsHeader: 'X-Forwarded-Groups' }
const ask = (headers: Record<string, string>, options: ProxyHeaderOptions = OPTIONS, peer = '10.0.0.1') =>
  proxyMethod(options, (address) => address === '10.0.0.1').authenticate({
    headers: new Headers(headers),
    url: new URL('http://localhost/'),
    peer,
    nowMs: 0,
  })

describe('the header of a proxy', () => {
  it('names the person, who may read', () => {
    expect(ask({ 'x-forwarded-user': ' ada@example.com ' })).toMatchObject({
      kind: 'user',
      name: 'user ada@example.com',
      scopes: new Set(['read']),
    })
  })

  it('is not there where somebody else sends it, or nobody', () => {
    expect(ask({ 'x-forwarded-user': 'ada' }, OPTIONS, '10.0.0.2')).toBeUndefined()
    expect(ask({})).toBeUndefined()
  })

  it.each(['', ' ', 'mallory, ada', 'a\tb', 'x'.repeat(257)])(
    'is refused where it names not one person: %j',
    (text) => {
      expect(() => ask({ 'x-forwarded-user': text })).toThrow(expect.objectContaining({ code: 'unauthorized' }))
    },
  )

  it('gives what the groups of the person may do, and nothing without one', () => {
    const options = { ...OPTIONS, groups: ['ops=admin', 'finance=read', 'cn=x=ingest', 'finance=ingest'] }
    const scopes = (groups?: string) =>
      (
        ask(
          { 'x-forwarded-user': 'ada', ...(groups === undefined ? {} : { 'x-forwarded-groups': groups }) },
          options,
        ) as {
          scopes: ReadonlySet<string>
        }
      ).scopes
    expect(scopes('finance')).toEqual(new Set(['read', 'ingest']))
    expect(scopes('others, ops')).toEqual(new Set(['ingest', 'read', 'admin']))
    expect(scopes('cn=x')).toEqual(new Set(['ingest']))
    for (const none of [undefined, '', 'others', '__proto__', 'ops=admin']) expect(scopes(none)).toEqual(new Set())
  })

  it.each([
    [{ header: 'no header' }, 'auth.proxy_header'],
    [{ header: 'X-User', groupsHeader: 'a:b' }, 'auth.proxy_groups_header'],
    [{ header: 'X-User', groups: ['ops=admin'] }, 'auth.proxy_groups'],
    [{ ...OPTIONS, groups: ['ops'] }, 'auth.proxy_groups'],
    [{ ...OPTIONS, groups: ['ops=root'] }, 'auth.proxy_groups'],
    [{ ...OPTIONS, groups: ['=read'] }, 'auth.proxy_groups'],
  ])('cannot be configured as %j', (options, path) => {
    expect(() => proxyMethod(options, () => true)).toThrow(
      expect.objectContaining({ code: 'invalid_config', issues: [expect.objectContaining({ path })] }),
    )
  })
})
