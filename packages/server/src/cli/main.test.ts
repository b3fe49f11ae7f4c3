import { describe, expect, it } from 'vitest'
import { type Ran, run as runIn } from './testing/run.ts'

const run = (...args: string[]): Promise<Ran> => runIn(args)

const ALERTS = ['alerts list', 'alerts rules', 'alerts add', 'alerts remove', 'alerts test']
const ANALYTICS = [
  'analytics spending total',
  'analytics spending by-agent',
  'analytics spending by-provider',
  'analytics spending avg-per-request',
  'analytics usage requests',
  'analytics usage tokens by-agent',
  'analytics usage models',
  'analytics budget status',
]
const RECOMMENDATIONS = ['recommendations list', 'recommendations dismiss', 'recommendations restore']
const BUDGETS = ['budgets list', 'budgets status', 'budgets create']
const RECONCILE = ['reconcile show', 'reconcile import openai', 'reconcile import anthropic']
const COMMANDS = [
  ...['daily', 'weekly', 'monthly', 'session', 'models', 'agents', 'blocks', 'tail', 'top', 'statusline', 'doctor'],
  ...['serve', 'import csv', 'query', 'prices show', 'config', 'verify', 'rebuild'],
  ...[...ALERTS, ...ANALYTICS, ...BUDGETS, ...RECOMMENDATIONS, ...RECONCILE],
  ...['import litellm', 'import langfuse', 'import helicone'],
  'reprice',
]
const GROUPS = [
  'recommendations',
  'import',
  'alerts',
  'budgets',
  'prices',
  'analytics',
  'analytics usage tokens',
  'reconcile',
  'reconcile import',
]

describe('the command line', () => {
  it.each(['', 'completion', 'overview', ...GROUPS, ...COMMANDS])('has help with examples: %s', async (command) => {
    const ran = await run(...command.split(' ').filter(Boolean), '--help')
    expect(ran.code).toBe(0)
    expect(ran.out).toContain('Examples:\n  $ tallystick')
  })

  it.each(COMMANDS)('can answer in JSON: %s', async (command) => {
    expect((await run(...command.split(' '), '--help')).out).toContain('--json')
  })

  it.each([
    [['frob'], 2, "unknown command 'frob'"],
    [['qurey'], 2, 'Did you mean query?'],
    [['--frob'], 2, "unknown option '--frob'"],
    [['serve', '--prot', '1'], 2, 'Did you mean --port?'],
    [['config', '--port', 'x'], 2, '--port: must be a whole number'],
    [['serve', '--log-level', 'loud'], 2, '--log-level: must be one of'],
    [['prices', 'show', 'no-such-model'], 1, 'No price is known for no-such-model'],
    [['analytics', 'usage', 'models', '--format', 'xml'], 2, 'Allowed choices are table, json, yaml'],
    [['analytics', 'spending', 'totals'], 2, 'Did you mean total?'],
    [['analytics', 'spending', 'total', '--data', 'no-such-directory'], 1, 'There is no data directory'],
    [['verify', '--data', 'no-such-directory'], 1, 'There is no data directory'],
  ])('%j ends with exit code %d and says why', async (args, code, why) => {
    const ran = await run(...args)
    expect(ran.code).toBe(code)
    expect(ran.err).toContain(why)
    expect(ran.out).toBe('')
  })

  it('believes every flag of a setting, hyphens or not', async () => {
    const flags = ['--host', '::1', '--port', '9', '--data', 'd', '--store', 'memory:', '--log-level', 'error']
    const lines = (await run('config', ...flags)).out.split('\n')
    for (const key of ['http.host', 'http.port', 'data_dir', 'store', 'log.level'])
      expect(lines.find((line) => line.startsWith(key))).toMatch(/ flag /)
  })

  it.each([
    ['TALLYSTICK_TRACE_URL', 'javascript:alert({trace_id})'],
    ['TALLYSTICK_TRACE_URL', 'https://{trace_id}.example'],
    ['TALLYSTICK_OTLP_PUSH_ENDPOINT', 'collector:4318'],
    ['TALLYSTICK_OTLP_PUSH_HEADERS', 'a canary'],
  ])('says what is wrong with %s=%s before anything is opened', async (name, value) => {
    const { code, err } = await runIn(['config'], { env: { [name]: value } })
    expect(code).not.toBe(0)
    expect(err).toContain(name)
    expect(err).not.toContain('canary')
  })
})
