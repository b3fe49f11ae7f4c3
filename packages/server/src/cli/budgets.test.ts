import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Ran, run as runIn } from './testing/run.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tallystick-budgets-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const run = (...args: string[]): Promise<Ran> => runIn(['budgets', ...args, '--data', dataDir], { cwd: dataDir })

it('a budget is made, listed, reset and removed on the command line', async () => {
  const made = await run('create', 'Team search', '--id', 'ts', '--amount', '$1,025.50', '--tag', 'team=search')
  expect(made).toMatchObject({ code: 0, err: '' })
  expect(made.out).toContain('amount     $1,025.50, hard')
  expect(made.out).toContain('spent      $0.00 (0.00 %, low)')
  const tokens = [
    '--tokens',
    '2000000',
    '--agent',
    '42',
    '--window',
    '24h',
    '--soft',
    '--thresholds',
    '80,100',
    '--json',
  ]
  expect(JSON.parse((await run('create', 'Agent 42', ...tokens)).out)).toMatchObject({
    subject: { dimension: 'agent_id', value: 'agent_42' },
    unit: 'tokens',
    amount: '2000000',
    window: { kind: 'rolling', ms: 86_400_000 },
    mode: 'soft',
    thresholds: [80, 100],
  })
  const list = await run('list')
  expect(list.out).toMatch(/ts +Team search +tags\.team=search +month +\$1,025\.50 +\$0\.00/)
  expect(list.out).toContain('2,000,000 tokens')
  expect((await run('reset', 'ts', '--json')).out).toContain('"revision": 2')
  expect(await run('delete', 'ts')).toMatchObject({ code: 0, out: 'ts is gone.\n' })
  expect(await run('status', 'ts')).toMatchObject({ code: 1, err: expect.stringContaining('budget_not_found') })
}, 60_000)

it('the status of a budget that is used up has an exit code of its own', async () => {
  await run('create', 'Nothing', '--id', 'none', '--tokens', '0')
  expect((await run('status', 'none')).code).toBe(0)
  await run('create', 'All', '--id', 'all', '--amount', '0.000000001', '--window', 'day')
  const { openTallystick } = await import('../open.ts')
  const tallystick = await openTallystick({ dataDir })
  await tallystick.ingest.submit({ items: [{ model: 'gpt-4o', cost_nano_usd: 1 }], door: 'test' })
  await tallystick.close()
  const status = await run('status')
  expect(status.code).toBe(3)
  expect(status.out).toContain('100.00 %')
}, 60_000)

it.each([
  [['create', 'x'], 'Say how much'],
  [['create', 'x', '--amount', '-5'], 'is not dollars'],
  [['create', 'x', '--amount', '5', '--tokens', '5'], 'Say how much'],
  [['create', 'x', '--amount', '5', '--window', 'year'], '--window year'],
  [['create', 'x', '--amount', '5', '--agent', '1', '--user', '2'], 'one thing'],
  [['create', 'x', '--amount', '5', '--tag', 'team'], 'NAME=VALUE'],
  [['create', 'x', '--amount', '5', '--time-zone', 'Mars/Olympus'], 'window.time_zone'],
])(
  '%j is a wrong command line',
  async (args, text) => {
    const { code, err } = await run(...args)
    expect(code).toBe(2)
    expect(err).toContain(text)
  },
  30_000,
)
