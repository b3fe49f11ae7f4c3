import { rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folder, type Ran, type Served, serve, tallystick } from './cli.ts'
import { command } from './command.ts'

const dir = folder()
let server: Served

const event = (id: string, agent: string, over: object = {}): object => ({
  ic_token: 'any',
  event_id: id,
  timestamp_ms: Date.now() - 1_000,
  event_type: 'llm_request_completed',
  agent_id: agent,
  model: 'gpt-4o-mini',
  provider: 'openai',
  input_tokens: 1_500,
  output_tokens: 500,
  cost_micros: 1_250_000,
  ...over,
})

beforeAll(async () => {
  server = await serve(join(dir, 'data'))
  const response = await fetch(`${server.url}/api/v1/analytics/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([
      event('a', 'agent_1'),
      event('b', 'agent_1', { model: 'gpt-4o', cost_micros: 52 }),
      event('c', 'bot\u001b[2J', { provider: 'anthropic', model: 'claude-haiku-4-5', cost_micros: 3_000_000 }),
      event('d', 'agent_1', { event_type: 'llm_request_failed' }),
    ]),
  })
  expect(response.status).toBe(200)
})
afterAll(async () => {
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
})

const asked = (args: readonly string[]): string[] => ['analytics', ...args, '--server', server.url]
const run = (...args: string[]): Promise<Ran> => command(asked(args))

/** Columns may be spaced in any way. */
const lines = ({ out }: Ran): string[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().replace(/\s{2,}/g, ' | '))

describe('tallystick analytics', () => {
  test.each([
    [
      'spending total',
      ['period | spend | requests', 'all-time | $4.250052 | 3', 'Total $4.250052 for 3 requests (all-time)'],
    ],
    [
      'spending by-agent',
      [
        'agent | name | spend | budget | used | requests',
        'bot?[2J | bot?[2J | $3.00 | $0.00 | 0 % | 1',
        'agent_1 | Agent 1 | $1.250052 | $0.00 | 0 % | 2',
        '2 agents spent $4.250052 of budgets of $0.00 (all-time)',
      ],
    ],
    [
      'spending by-provider',
      [
        'provider | spend | requests | per request | agents',
        'anthropic | $3.00 | 1 | $3.00 | 1',
        'openai | $1.250052 | 2 | $0.625026 | 1',
        '2 providers, $4.250052 for 3 requests (all-time)',
      ],
    ],
    [
      'spending avg-per-request',
      [
        'mean | median | least | greatest | requests',
        '$1.416684 | $1.25 | $0.000052 | $3.00 | 3',
        '$1.416684 a request: $4.250052 for 3 requests (all-time)',
      ],
    ],
    [
      'usage requests',
      ['requests | successful | failed | success rate', '4 | 3 | 1 | 75 %', '4 requests, 75 % successful (all-time)'],
    ],
    [
      'usage tokens by-agent',
      [
        'agent | name | input | output | total | requests | per request',
        'agent_1 | Agent 1 | 3,000 | 1,000 | 4,000 | 2 | 2,000',
        'bot?[2J | bot?[2J | 1,500 | 500 | 2,000 | 1 | 2,000',
        '2 agents, 6,000 tokens in 3 requests (all-time)',
      ],
    ],
    [
      'usage models',
      [
        'model | provider | requests | input | output | spend | per request',
        'claude-haiku-4-5 | anthropic | 1 | 1,500 | 500 | $3.00 | $3.00',
        'gpt-4o | openai | 1 | 1,500 | 500 | $0.000052 | $0.000052',
        'gpt-4o-mini | openai | 1 | 1,500 | 500 | $1.25 | $1.25',
        '3 models, 3 requests, 6,000 tokens, $4.250052 (all-time)',
      ],
    ],
    [
      'budget status',
      [
        'agent | name | budget | spent | remaining | used | status | risk',
        'agent_1 | Agent 1 | $0.00 | $0.00 | $0.00 | 0 % | active | low',
        'bot?[2J | bot?[2J | $0.00 | $0.00 | $0.00 | 0 % | active | low',
        '2 agents: 0 exhausted, 0 critical, 0 high, 0 medium, 2 low',
      ],
    ],
  ])('%s prints a table and a line', async (words, expected) => {
    const args = words.split(' ')
    // Of all these tables the built program prints one.
    const ran = words === 'spending by-agent' ? await tallystick(asked(args)) : await run(...args)
    expect({ ...ran, out: lines(ran) }).toEqual({ code: 0, err: '', out: expected })
  })

  test('JSON and YAML are the answer of the server', async () => {
    const json = await tallystick(
      asked(['usage', 'models', '--agent', '1', '--per-page', '1', '--page', '2', '--json']),
    )
    const answer = JSON.parse(json.out)
    expect(answer).toMatchObject({
      data: [{ model: 'gpt-4o-mini' }],
      pagination: { page: 2, per_page: 1, total: 2, total_pages: 2 },
      filters: { agent_id: 'agent_1' },
    })
    const yaml = await run(
      'usage',
      'models',
      '--agent',
      'agent_1',
      '--per-page',
      '1',
      '--page',
      '2',
      '--format',
      'yaml',
    )
    expect(yaml.out).toMatch(/^data:\n {2}- model: gpt-4o-mini\n {4}provider_id: null\n {4}provider_name: openai\n/)
    expect(yaml.out).toContain('\npagination:\n  page: 2\n  per_page: 1\n  total: 2\n  total_pages: 2\n')
  })

  test('periods, filters and pages are asked for by flags', async () => {
    const day = new Date().toISOString().slice(0, 10)
    expect(lines(await run('spending', 'total', '--start', day, '--provider', 'openai')).at(-1)).toMatch(
      /^Total \$1\.250052 for 2 requests \(\d{4}-\d\d-\d\dT.*Z to .*Z\)$/,
    )
    expect(lines(await run('spending', 'total', '--period', 'last-month'))).toContain(
      'Total $0.00 for 0 requests (last-month)',
    )
    expect(lines(await run('spending', 'by-agent', '--per-page', '1', '--page', '2')).at(-1)).toContain('page 2 of 2')
    expect(lines(await run('usage', 'models', '--agent', 'nobody'))).toEqual([
      '0 models, 0 requests, 0 tokens, $0.00 (all-time)',
    ])
  })

  test.each([
    ['spending total --period fortnight', 2, /invalid_period: period must be one of today/],
    ['spending by-agent --page 0', 2, /invalid_query: page must be a whole number/],
    ['budget status --status asleep', 2, /status must be one of/],
    ['spending total --server http://127.0.0.1:9', 1, /server_unreachable/],
    ['spending total --server nowhere', 2, /nowhere is no address/],
  ])('%s ends with %d and says why', async (words, code, why) => {
    const args = ['analytics', ...words.split(' ')]
    const ran = await command(args.includes('--server') ? args : [...args, '--server', server.url])
    expect([ran.code, ran.out]).toEqual([code, ''])
    expect(ran.err).toMatch(why)
  })

  test('a budget that is used up is exit code 3, after the table', async () => {
    const exhausted = {
      agent_id: 'agent_1',
      agent_name: 'A',
      budget_nano_usd: 1_000_000_000,
      spent_nano_usd: 2_000_000_000,
      remaining_nano_usd: 0,
      percent_used: 200,
      status: 'exhausted',
      risk_level: 'exhausted',
    }
    const summary = { total_agents: 1, exhausted: 1, critical: 0, high: 0, medium: 0, low: 0 }
    const other: Server = createServer((_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ data: [exhausted], summary, pagination: { page: 1, total_pages: 1 } }))
    })
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    const ran = await tallystick(['analytics', 'budget', 'status', '--server', url])
    other.close()
    expect([ran.code, ran.err]).toEqual([3, ''])
    expect(lines(ran)).toContain('agent_1 | A | $1.00 | $2.00 | $0.00 | 200 % | exhausted | exhausted')
  })
})
