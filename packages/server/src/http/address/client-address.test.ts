import { isTallystickError } from '@tallystick/core'
import { decodeWireEvent, type UsageEvent } from '@tallystick/core/event'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalAddress, truncatedAddress } from './address.ts'
import { type AddressEvidence, type AddressPolicy, createClientAddress } from './client-address.ts'
import { forwardedForHops, forwardedHops } from './forwarded.ts'

const evidence = (over: Partial<AddressEvidence>): AddressEvidence => ({
  peer: '10.0.0.9',
  forwarded: undefined,
  forwardedFor: undefined,
  ...over,
})
const proxied = (policy: AddressPolicy = 'full') =>
  createClientAddress({ policy, trustedProxies: ['10.0.0.0/8', '2001:db8:aaaa::/48', '127.0.0.1'] })

describe('the spelling of an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    [' 192.0.2.7 ', '192.0.2.7'],
    ['192.0.2.7:4711', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:0207', '192.0.2.7'],
    ['[::ffff:192.0.2.7]:80', '192.0.2.7'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical)
  })

  it.each([
    '',
    'unknown',
    '_hidden',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '[2001:db8::1',
    '1.2.3.4:port',
    'x'.repeat(9_999),
  ])('%s is no address', (text) => {
    expect(canonicalAddress(text)).toBeUndefined()
  })

  it.each([
    ['203.0.113.77', '203.0.113.0'],
    ['0.0.0.255', '0.0.0.0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ['2001:db8::1', '2001:db8::'],
    ['2001::1', '2001::'],
    ['::1', '::'],
    ['2001:db8:0:1::5', '2001:db8::'],
  ])('%s lies in %s', (address, network) => {
    expect(truncatedAddress(address)).toBe(network)
  })

  it('of a network is its own network', () => {
    const parts = fc.oneof(fc.ipV4(), fc.ipV6())
    fc.assert(
      fc.property(parts, (text) => {
        const canonical = canonicalAddress(text)
        if (canonical === undefined) return
        const network = truncatedAddress(canonical)
        expect(canonicalAddress(network)).toBe(network)
        expect(truncatedAddress(network)).toBe(network)
      }),
      { seed: 1 },
    )
  })
})

describe('the hops that a header names', () => {
  it('of Forwarded stand under for=, quoted or not', () => {
    expect(forwardedHops('for=192.0.2.60;proto=http;by=203.0.113.43, For="[2001:db8::17]:4711"')).toEqual([
      '192.0.2.60',
      '[2001:db8::17]:4711',
    ])
    expect(forwardedHops('proto="a,b;for=9.9.9.9", for=unknown')).toEqual(['', 'unknown'])
  })

  it('of X-Forwarded-For are a plain list', () => {
    expect(forwardedForHops('192.0.2.1, 10.0.0.2')).toEqual(['192.0.2.1', '10.0.0.2'])
  })
})

describe('the sender of a request', () => {
  it('is the peer, whatever it says, where the peer is no trusted proxy', () => {
    const { sender } = proxied()
    expect(sender(evidence({ peer: '198.51.100.1', forwardedFor: '203.0.113.1', forwarded: 'for=203.0.113.1' }))).toBe(
      '198.51.100.1',
    )
    expect(sender(evidence({ peer: '::ffff:198.51.100.1', forwardedFor: '203.0.113.1' }))).toBe('198.51.100.1')
  })

  it('is the nearest hop that is no proxy of ours, from right to left', () => {
    const { sender } = proxied()
    expect(sender(evidence({ forwardedFor: '6.6.6.6, 203.0.113.1, 10.1.1.1' }))).toBe('203.0.113.1')
    expect(sender(evidence({ forwarded: 'for=6.6.6.6, for="[2001:db8:bbbb::1]:9", for=10.1.1.1' }))).toBe(
      '2001:db8:bbbb::1',
    )
    expect(sender(evidence({ peer: '::ffff:10.0.0.1', forwardedFor: '203.0.113.1' }))).toBe('203.0.113.1')
    expect(sender(evidence({ peer: '2001:db8:aaaa::5', forwardedFor: '203.0.113.1' }))).toBe('203.0.113.1')
  })

  it('is the outermost proxy where all of them are ours, and the peer where none says anything', () => {
    const { sender } = proxied()
    expect(sender(evidence({ forwardedFor: '10.3.3.3, 10.1.1.1' }))).toBe('10.3.3.3')
    expect(sender(evidence({}))).toBe('10.0.0.9')
  })

  it('is unknown where a hop hides it, where two headers differ, and without a socket', () => {
    const { sender } = proxied()
    expect(sender(evidence({ forwardedFor: '203.0.113.1, unknown, 10.1.1.1' }))).toBeUndefined()
    expect(sender(evidence({ forwarded: 'for=_hidden' }))).toBeUndefined()
    expect(sender(evidence({ forwarded: 'for=6.6.6.6', forwardedFor: '203.0.113.1' }))).toBeUndefined()
    expect(sender(evidence({ forwarded: 'for=203.0.113.1', forwardedFor: '203.0.113.1' }))).toBe('203.0.113.1')
    expect(sender(evidence({ peer: undefined, forwardedFor: '203.0.113.1' }))).toBeUndefined()
  })

  it('is an address or nothing, whatever the headers hold', () => {
    const text = fc.option(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'for=",;[]:.%1af \\') })), {
      nil: undefined,
    })
    const { sender } = proxied()
    fc.assert(
      fc.property(text, text, (forwarded, forwardedFor) => {
        const address = sender(evidence({ forwarded, forwardedFor }))
        if (address !== undefined) expect(canonicalAddress(address)).toBe(address)
      }),
      { seed: 2, numRuns: 2_000 },
    )
  })
})

describe('what is kept of an address', () => {
  const context = { nowMs: Date.UTC(2026, 10, 21), mintId: () => 'minted' }
  const kept = (policy: AddressPolicy, clientIp: string): UsageEvent | undefined => {
    const decoded = proxied(policy).held(decodeWireEvent)({ model: 'm', client_ip: clientIp, input_tokens: 3 }, context)
    return decoded.ok ? decoded.event : undefined
  }

  it('of what the door sees is nothing, the network, or all', () => {
    const seen = evidence({ forwardedFor: '203.0.113.77' })
    expect(proxied('off').observed(seen)).toBeUndefined()
    expect(proxied('truncated').observed(seen)).toEqual({ clientIp: '203.0.113.0' })
    expect(proxied('full').observed(seen)).toEqual({ clientIp: '203.0.113.77' })
  })

  it('of what events carry is the same, and the rest of them stays', () => {
    expect(kept('off', '203.0.113.77')).not.toHaveProperty('clientIp')
    expect(kept('off', '203.0.113.77')).toMatchObject({ eventId: 'minted', inputTokens: 3 })
    expect(kept('truncated', '203.0.113.77')).toMatchObject({ clientIp: '203.0.113.0', inputTokens: 3 })
    expect(kept('truncated', '2001:db8:1:2::3')).toMatchObject({ clientIp: '2001:db8:1::' })
    expect(kept('truncated', 'no address')).not.toHaveProperty('clientIp')
    expect(kept('full', '203.0.113.77')).toMatchObject({ clientIp: '203.0.113.77' })
  })
})

it('refuses proxies that are neither address nor network, all of them at once', () => {
  const wrong = ['10.0.0.0/33', 'proxy.example', '10.0.0.0/8/8', '::/129', '10.0.0.0/', '']
  try {
    createClientAddress({ policy: 'full', trustedProxies: ['10.0.0.1', ...wrong] })
    expect.unreachable()
  } catch (error) {
    if (!isTallystickError(error)) throw error
    expect(error.code).toBe('invalid_config')
    expect(error.issues.map(({ path }) => path)).toEqual(wrong.map(() => 'http.trusted_proxies'))
  }
})
