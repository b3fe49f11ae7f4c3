import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signedToken } from '../http/protocol012/testing/signed-token.ts'
import { createTokenReader, type TokenReading } from './ic-token.ts'

const NOW_MS = Date.UTC(2026, 10, 21, 12)
const NOW_S = NOW_MS / 1000
const SECRET = 'a secret of the tests'
const ISSUED = { agent_id: 'agent_7', budget_id: 'b', iss: 'iron-control-panel', iat: NOW_S - 60 }

const local = (token: unknown): TokenReading => createTokenReader(undefined)(token, NOW_MS)
const verified = (token: unknown): TokenReading => createTokenReader(SECRET)(token, NOW_MS)
const codeOf = (reading: TokenReading): string => (reading.ok ? 'ok' : reading.code)

describe('without a secret', () => {
  it('any token will do, and one that is no JWT names nobody', () => {
    for (const token of ['x', 'a.b.c', 'not a token', '..', `${'x'.repeat(8_192)}`])
      expect(local(token)).toEqual({ ok: true })
  })

  it('a JWT names its agent, signed by whomever and expired or not', () => {
    expect(local(signedToken({ agent_id: 'agent_42', exp: 1 }, 'another'))).toEqual({ ok: true, agentId: 'agent_42' })
    expect(local(signedToken({ sub: 'nobody' }, 'another'))).toEqual({ ok: true })
    expect(local(signedToken({ agent_id: 'support-bot' }, 'x'))).toEqual({ ok: true, agentId: 'support-bot' })
  })

  it('42, "42" and "agent_42" are one agent', () => {
    for (const agent of [42, '42', 'agent_42'])
      expect(local(signedToken({ agent_id: agent }, 'x'))).toEqual({ ok: true, agentId: 'agent_42' })
  })

  it.each([[-1], [1.5], [{}], [[]], [true], [''], ['x'.repeat(129)], ['nul\0'], ['\ud800']])(
    'an agent %j is no agent',
    (agent) => {
      expect(codeOf(local(signedToken({ agent_id: agent }, 'x')))).toBe('invalid_token')
    },
  )

  it.each([
    [undefined, 'unauthorized'],
    [null, 'unauthorized'],
    ['', 'unauthorized'],
    [5, 'invalid_type'],
    [{}, 'invalid_type'],
    ['x'.repeat(8_193), 'too_long'],
  ])('the token %j is %s', (token, code) => {
    expect(codeOf(local(token))).toBe(code)
    expect(codeOf(verified(token))).toBe(code)
  })
})

describe('with a secret', () => {
  it('takes a token that the control panel signed, expiring or not', () => {
    expect(verified(signedToken(ISSUED, SECRET))).toEqual({ ok: true, agentId: 'agent_7' })
    expect(verified(signedToken({ ...ISSUED, exp: NOW_S, nbf: NOW_S }, SECRET))).toMatchObject({ ok: true })
    expect(verified(signedToken({ ...ISSUED, agent_id: 7 }, SECRET))).toEqual({ ok: true, agentId: 'agent_7' })
  })

  it('says when a token has expired', () => {
    expect(codeOf(verified(signedToken({ ...ISSUED, exp: NOW_S - 1 }, SECRET)))).toBe('token_expired')
    // Not before it is known who says so.
    expect(codeOf(verified(signedToken({ ...ISSUED, exp: NOW_S - 1 }, 'another')))).toBe('unauthorized')
  })

  it('asks for an agent with a number', () => {
    expect(codeOf(verified(signedToken({ ...ISSUED, agent_id: 'agent_abc' }, SECRET)))).toBe('invalid_token')
    for (const agent of ['bob', undefined, null, {}])
      expect(codeOf(verified(signedToken({ ...ISSUED, agent_id: agent }, SECRET)))).toBe('unauthorized')
  })

  const good = signedToken(ISSUED, SECRET)
  const [head = '', payload = '', signature = ''] = good.split('.')
  const resigned = (header: object): string => {
    const signed = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}`
    return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`
  }
  it.each([
    ['another secret', signedToken(ISSUED, 'another')],
    ['no signature', `${head}.${payload}.`],
    [
      'a signature of something else',
      `${head}.${Buffer.from('{"agent_id":"agent_8"}').toString('base64url')}.${signature}`,
    ],
    ['half a signature', `${head}.${payload}.${signature.slice(0, 20)}`],
    ['the algorithm none', resigned({ alg: 'none' })],
    ['another algorithm', resigned({ alg: 'HS384' })],
    ['an algorithm in other letters', resigned({ alg: 'hs256' })],
    ['an extension it calls critical', resigned({ alg: 'HS256', crit: ['b64'] })],
    ['another issuer', signedToken({ ...ISSUED, iss: 'somebody' }, SECRET)],
    ['no issuer', signedToken({ agent_id: 'agent_7' }, SECRET)],
    ['an expiry that is no number', signedToken({ ...ISSUED, exp: 'soon' }, SECRET)],
    ['a time before which it is not valid', signedToken({ ...ISSUED, nbf: NOW_S + 60 }, SECRET)],
    ['four parts', `${good}.x`],
    ['no parts', 'token'],
  ])('refuses a token with %s', (_, token) => {
    expect(verified(token)).toEqual({ ok: false, code: 'unauthorized', message: 'Invalid or expired IC token' })
  })

  it('refuses every token that it did not see signed, without a word of it', () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.string(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part, { maxLength: 4 }).map((parts) => parts.join('.')),
        ),
        (token) => {
          const reading = verified(token)
          expect(reading.ok).toBe(false)
          if (!reading.ok && token.length > 8) expect(reading.message).not.toContain(token)
          expect(local(token).ok || token === '' || codeOf(local(token)) === 'invalid_token').toBe(true)
        },
      ),
      { seed: 3, numRuns: 1_000 },
    )
  })
})
