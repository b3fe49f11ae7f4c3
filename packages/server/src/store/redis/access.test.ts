import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ARBITRARY_FROM_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import { canReset, openStore, resetStore, storeUrlProblem } from '../open-store.ts'
import { storedEvents, totals } from '../testing/conformance.ts'
import { endRedisServers, freePort, RedisServer } from './testing/redis-server.ts'

/** Who gets in, and what goes over the wire. */

const DAY_MS = 86_400_000
const PASSWORD = 'p@ss/w0rd:?#%'
const ENCODED = encodeURIComponent(PASSWORD)

afterAll(endRedisServers)

/** The user that the documentation has people make, as it stands there. */
function documentedUser(): string[] {
  const page = readFileSync(new URL('../../../../../docs/stores.md', import.meta.url), 'utf8')
  const rule = /^ACL SETUSER (tallystick .*)$/m.exec(page)?.[1]
  if (rule === undefined) throw new Error('docs/stores.md has no ACL line')
  return rule.replace('>PASSWORD', `>${PASSWORD}`).split(' ')
}

describe('a user that may do only what the documentation says', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start(['--enable-debug-command', 'no'])
    await server.ask((redis) => redis.call('ACL', 'SETUSER', ...documentedUser()))
    await server.ask((redis) => redis.call('ACL', 'SETUSER', 'default', 'nopass'))
  })

  test('can do everything that the store does', async () => {
    const url = `redis://tallystick:${ENCODED}@127.0.0.1:${server.port}`
    const store = await openStore(url, { eventsTtlMs: 30 * DAY_MS })
    await store.belongTo?.('journal-1')
    const events = storedEvents(150, 1)
    await store.append(events)
    await store.query(totals(['model']))
    await store.scan({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, filters: [], limit: 10 })
    expect(await store.held({ first: 1, last: 3 }, 3)).toHaveLength(3)
    expect(await store.stats()).toMatchObject({ events: 150, journalId: 'journal-1' })
    expect(await store.audit?.()).toEqual({ differences: [] })
    await store.erase({ userId: 'u-1', pseudonym: 'erased-1', throughOrdinal: 1000 })
    await store.reprice([
      { ordinal: 151, fromMs: 0, toMs: 1, events: [{ ordinal: 1, differenceNanoUsd: 5, priceId: 'p' }] },
    ])
    await store.prune({ eventsBeforeMs: ARBITRARY_FROM_MS + DAY_MS })
    await store.clear()
    expect((await store.stats()).events).toBe(0)
    await store.close()
    expect(canReset(url)).toBe(true)
    await resetStore(url)
    expect(await server.ask((redis) => redis.keys('*'))).toEqual([])
    const denied = (await server.ask((redis) => redis.call('ACL', 'LOG'))) as unknown[]
    expect(denied).toEqual([])
  })

  test('can do nothing else', async () => {
    await server.ask(async (redis) => {
      await redis.auth('tallystick', PASSWORD)
      for (const [command, ...args] of [
        ['KEYS', '*'],
        ['FLUSHALL'],
        ['CONFIG', 'GET', '*'],
        ['GET', 'other'],
        ['SHUTDOWN'],
      ] as [string, ...string[]][])
        await expect(redis.call(command, ...args)).rejects.toThrow(/NOPERM/)
    })
  })

  test('with a wrong password is told so, and the password is in no message', async () => {
    const store = await openStore(`redis://tallystick:wr0ng@127.0.0.1:${server.port}`)
    const error = await store.append(storedEvents(1, 2)).catch((refused: Error) => refused)
    expect(error).toMatchObject({ code: 'store_unavailable', message: expect.stringMatching(/WRONGPASS|NOAUTH/) })
    expect(String(error)).not.toContain('wr0ng')
    await store.close()
  })
})

describe('TLS', () => {
  let dir: string
  let port: number
  let server: RedisServer
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tallystick-tls-'))
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '1', ...subject],
      { stdio: 'ignore' },
    )
    port = await freePort()
    const tls = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no', '--tls-ca-cert-file', cert]
    server = await RedisServer.start(['--tls-port', String(port), ...tls])
    await sleep(300)
  })
  afterAll(async () => {
    await server.remove()
    rmSync(dir, { recursive: true })
  })

  test('to a server whose certificate is among those that are trusted', async () => {
    const store = await openStore(`rediss://127.0.0.1:${port}?ca=${encodeURIComponent(join(dir, 'cert.pem'))}`)
    await store.append(storedEvents(3, 3))
    expect((await store.stats()).events).toBe(3)
    await store.close()
  })

  test('is not spoken with a server that nobody vouches for', async () => {
    const store = await openStore(`rediss://127.0.0.1:${port}`)
    await expect(store.append(storedEvents(1, 4))).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/self.signed certificate/i),
    })
    await store.close()
  })

  test('with certificates that are not there is refused by name', async () => {
    await expect(openStore(`rediss://127.0.0.1:${port}?ca=/nowhere/ca.pem`)).rejects.toMatchObject({
      code: 'data_dir_unusable',
      message: expect.stringContaining('/nowhere/ca.pem'),
    })
  })
})

test.each([
  ['redis:', 'redis://HOST:6379'],
  ['redis://', 'names no host'],
  ['redis://user:se/cret@h', 'as %40'],
  ['redis://user:sec%ret@h', '%25'],
  ['redis://:secret@h:99999', 'names no host and port'],
  ['redis://:secret@h/name', 'number of a database'],
  ['redis://:secret@a,b', 'only redis+cluster://'],
  ['redis+cluster://:secret@a:1,b:2/3', 'no database but 0'],
  ['redis://:secret@h?perfix=x', 'takes prefix, ca, eviction, not "perfix"'],
  ['redis://:secret@h?prefix=a*', 'prefix'],
  ['redis://:secret@h?prefix=a{b}', 'prefix'],
  ['redis://:secret@h?eviction=yes', 'warn or refuse'],
  ['redis://:secret@h?ca=x.pem', 'only rediss://'],
  ['rediss://:secret@h?ca=', 'empty ca'],
])('%j is refused, and the message says what to write and no password', (url, hint) => {
  expect(storeUrlProblem(url)).toContain(hint)
  expect(storeUrlProblem(url)).not.toMatch(/se\/?cret|sec%ret/)
})

test.each([
  'redis://h',
  'redis://[::1]:7000/3?prefix=llm:',
  'rediss://user:p%40ss@cache.example:6380?ca=/etc/ca.pem&eviction=refuse',
  'redis+cluster://a:7000,b:7001,c:7002?prefix=x:',
  'rediss+cluster://a,b',
  'REDIS://h',
])('%j names a store', (url) => {
  expect(storeUrlProblem(url)).toBeUndefined()
})
