import { isTallystickError } from '@tallystick/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LOCAL } from '../identity/principal.ts'
import type { AlertRule } from '../state/alert.ts'
import { hostPolicy } from './delivery/hosts.ts'
import { type RuleContext, readRule } from './rule-input.ts'
import { shownRule } from './shown.ts'

const CONTEXT: RuleContext = {
  principal: LOCAL,
  sender: { hosts: hostPolicy([]), mails: true },
  nowMs: 1_795_262_400_000,
  id: 'r-1',
}
const read = (input: unknown, context: Partial<RuleContext> = {}): AlertRule =>
  readRule(input, { ...CONTEXT, ...context })

function issues(input: unknown, context: Partial<RuleContext> = {}): readonly string[] {
  try {
    read(input, context)
    return []
  } catch (error) {
    if (!isTallystickError(error)) throw error
    return error.issues.map(({ path, message }) => `${path}: ${message}`)
  }
}

test('takes what its kind says where nothing is said', () => {
  expect(read({ kind: 'error_rate' })).toEqual({
    id: 'r-1',
    name: 'Error rate',
    kind: 'error_rate',
    enabled: true,
    targets: [],
    createdMs: CONTEXT.nowMs,
    updatedMs: CONTEXT.nowMs,
  })
})

test('tells everything that is wrong at once', () => {
  expect(
    issues({
      kind: 'error_rate',
      name: 'two\nlines',
      enabled: 'yes',
      threshold: 1.5,
      window_ms: 90_000,
      for_ms: -1,
      filters: { tenant_id: 'x', provider: 7 },
      treshold: 3,
      targets: [{ kind: 'webhook', url: 'http://127.0.0.1/' }, { kind: 'pager' }, { kind: 'mail', to: 'a@b, c@d' }],
    }),
  ).toEqual([
    expect.stringMatching(/^treshold: no such member; .*threshold/),
    expect.stringContaining('threshold: expected an integer from 0 to 10000'),
    expect.stringContaining('for_ms: '),
    'window_ms: must be whole minutes',
    expect.stringContaining('filters.tenant_id: '),
    expect.stringContaining('filters.provider: '),
    expect.stringContaining('name: '),
    'enabled: expected true or false',
    expect.stringContaining('targets[0].url: goes to 127.0.0.1, which is not permitted'),
    expect.stringContaining('targets[1]: '),
    expect.stringContaining('targets[2].to: '),
  ])
})

test.each([
  ['no object', [], /JSON object/],
  ['no kind', {}, /^kind: expected one of budget, /],
  ['a mistyped kind', { kind: 'eror_rate' }, /"eror_rate".*error_rate/],
  ['a dimension that does not exist', { kind: 'no_data', filters: { modell: 'x' } }, /modell.*model/],
  ['a filter on a kind that has none', { kind: 'dropped', filters: { model: 'x' } }, /source_id only/],
  ['a window of a budget', { kind: 'budget', window_ms: 60_000 }, /has none/],
  [
    'a short secret',
    { kind: 'no_data', targets: [{ kind: 'webhook', url: 'https://a.example/', secret: 'short' }] },
    /16 to 256/,
  ],
  [
    'a member that the target has not',
    { kind: 'no_data', targets: [{ kind: 'slack', url: 'https://a.example/', secret: 'x' }] },
    /not "secret"/,
  ],
  ['a target of no host', { kind: 'no_data', targets: [{ kind: 'webhook', url: 'https://' }] }, /absolute URL/],
])('refuses %s', (_, input, message) => {
  expect(issues(input).join('\n')).toMatch(message)
})

test('refuses mail where no mail server is configured', () => {
  const sender = { hosts: hostPolicy([]), mails: false }
  expect(issues({ kind: 'no_data', targets: [{ kind: 'mail', to: 'a@b' }] }, { sender })).toEqual([
    expect.stringContaining('alerts.smtp_url'),
  ])
})

test('throws invalid_rule and nothing else, whatever comes', () => {
  const nasty = fc.object({
    key: fc.constantFrom('kind', 'targets', 'filters', 'url', '__proto__', 'constructor', 'to'),
  })
  fc.assert(
    fc.property(nasty, fc.constantFrom('error_rate', 'budget', '__proto__'), (input, kind) => {
      try {
        read({ kind, ...input })
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_rule' })
      }
    }),
    { seed: 7, numRuns: 300 },
  )
})

describe('a rule that was shown and comes back', () => {
  const secret = 'a secret of some length'
  const targets = [
    { kind: 'webhook', url: 'https://a.example/hook/CANARY', secret },
    { kind: 'slack', url: 'https://hooks.slack.com/services/CANARY' },
    { kind: 'webhook', url: 'https://b.example' },
    { kind: 'mail', to: 'ops@example.com' },
  ] as const
  const before = read({ kind: 'no_data', filters: { provider: 'openai' }, targets })
  const shown = shownRule(before, {}, 0)

  test('shows no secret and no path (S-1)', () => {
    expect(JSON.stringify(shown)).not.toMatch(/CANARY|a secret/)
    expect(shown['targets']).toEqual([
      { kind: 'webhook', url: 'https://a.example/***', secret: '***' },
      { kind: 'slack', url: 'https://hooks.slack.com/***' },
      { kind: 'webhook', url: 'https://b.example' },
      { kind: 'mail', to: 'ops@example.com' },
    ])
  })

  test('is what it was', () => {
    const after = read(shown, { before })
    expect(after.targets.slice(0, 2)).toEqual(targets.slice(0, 2))
    expect(after.filters).toEqual(before.filters)
  })

  test('gives its secret to no other address', () => {
    const elsewhere = [{ kind: 'webhook', url: 'https://evil.example/hook', secret: '***' }]
    expect(issues({ kind: 'no_data', targets: elsewhere }, { before })).toEqual([
      expect.stringContaining('send it anew'),
    ])
    const mistaken = [{ kind: 'webhook', url: 'https://evil.example/***', secret: '***' }]
    expect(issues({ kind: 'no_data', targets: mistaken }, { before })).toEqual([
      expect.stringContaining('whole address'),
    ])
  })
})
