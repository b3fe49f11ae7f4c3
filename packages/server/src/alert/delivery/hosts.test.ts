import { describe, expect, test } from 'vitest'
import { addressKind } from '../../addresses.ts'
import { hostPolicy } from './hosts.ts'

test.each([
  ['127.0.0.1', 'private'],
  ['10.1.2.3', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.0', 'public'],
  ['192.168.0.1', 'private'],
  ['100.64.0.1', 'private'],
  ['169.254.169.254', 'special'],
  ['0.0.0.0', 'special'],
  ['224.0.0.1', 'special'],
  ['255.255.255.255', 'special'],
  ['192.0.2.1', 'special'],
  ['198.18.0.1', 'special'],
  ['8.8.8.8', 'public'],
  ['::1', 'private'],
  ['fd00:ec2::254', 'private'],
  ['fe80::1', 'special'],
  ['fe80::1%eth0', 'special'],
  ['::', 'special'],
  ['::ffff:127.0.0.1', 'special'],
  ['::ffff:7f00:1', 'special'],
  ['0:0:0:0:0:ffff:8.8.8.8', 'special'],
  ['64:ff9b::7f00:1', 'special'],
  ['2002:7f00:1::', 'special'],
  ['2001:db8::1', 'special'],
  ['2001:0:7f00:1::', 'special'],
  ['ff02::1', 'special'],
  ['2606:4700::1111', 'public'],
  ['not an address', 'special'],
])('%s is %s', (address, kind) => {
  expect(addressKind(address)).toBe(kind)
})

describe('without a list (R-5)', () => {
  const { urlProblem, permits } = hostPolicy([])

  test.each([
    'http://127.0.0.1/x',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://017700000001/',
    'http://0/',
    'http://[::1]:8088/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.8/',
    'https://192.168.1.1./',
    'unix:/var/run/docker.sock',
    'file:///etc/passwd',
    'gopher://example.com/',
    'ftp://example.com/',
    'javascript:alert(1)',
    '//example.com/x',
    'https://user:password@example.com/',
    `https://example.com/${'a'.repeat(3000)}`,
    '',
  ])('%s is refused', (url) => {
    expect(urlProblem(url)).toBeDefined()
  })

  test('takes public hosts by name and by address', () => {
    expect(urlProblem('https://hooks.slack.com/services/T/B/x')).toBeUndefined()
    expect(urlProblem('http://8.8.8.8/x')).toBeUndefined()
    expect(permits('hooks.slack.com', '8.8.8.8')).toBe(true)
  })

  test.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', 'fd00::1', '::ffff:8.8.8.8'])(
    'a name that stands for %s is not connected to',
    (address) => {
      expect(permits('innocent.example.com', address)).toBe(false)
    },
  )
})

describe('with a list (R-5)', () => {
  const { urlProblem, permits } = hostPolicy(['Hooks.internal', '*.example.com', '10.0.0.7', '[::1]'])

  test('takes what is on it and nothing else', () => {
    for (const url of ['http://hooks.internal/x', 'https://a.b.example.com/', 'http://10.0.0.7:8080/', 'http://[::1]/'])
      expect(urlProblem(url), url).toBeUndefined()
    for (const url of [
      'https://hooks.slack.com/',
      'https://example.com/',
      'https://evil-example.com/',
      'http://10.0.0.8/',
      'http://hooks.internal.evil.com/',
    ])
      expect(urlProblem(url), url).toBeDefined()
  })

  test('lets a name lie in a private network, and no name at a metadata service', () => {
    expect(permits('hooks.internal', '10.2.3.4')).toBe(true)
    expect(permits('hooks.internal', '169.254.169.254')).toBe(false)
    expect(permits('hooks.internal', '::ffff:169.254.169.254')).toBe(false)
    expect(permits('other.internal', '10.2.3.4')).toBe(false)
    expect(permits('10.0.0.7', '10.0.0.8')).toBe(false)
  })

  test('* means everything public, beside what is named', () => {
    const policy = hostPolicy(['*', 'hooks.internal'])
    expect(policy.urlProblem('https://hooks.slack.com/')).toBeUndefined()
    expect(policy.permits('hooks.slack.com', '8.8.8.8')).toBe(true)
    expect(policy.permits('hooks.slack.com', '10.0.0.1')).toBe(false)
    expect(policy.permits('hooks.internal', '10.0.0.1')).toBe(true)
  })
})
