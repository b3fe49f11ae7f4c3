import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openTallystick } from '../open.ts'
import { type Ran, run as runIn } from './testing/run.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tallystick-what-if-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const run = (...args: string[]): Promise<Ran> =>
  runIn(['what-if', ...args, '--data', dataDir, '--timezone', 'UTC'], { cwd: dataDir })

it('what traffic would cost elsewhere is told as a table and as JSON; a model without a price is refused', async () => {
  const tallystick = await openTallystick({ dataDir })
  const request = (id: string, model: string): object => ({
    event_id: id,
    provider: 'openai',
    model,
    timestamp_ms: Date.now() - 60_000,
    input_tokens: 100_000,
    output_tokens: 10_000,
  })
  await tallystick.ingest.submit({
    items: [request('a', 'gpt-4o'), request('b', 'gpt-4o'), request('c', 'house-model')],
    door: 'native',
  })
  await tallystick.close()

  const { code, out } = await run('--to', 'gpt-4o-mini', '--to', 'claude-opus-4-5')
  expect(code).toBe(0)
  expect(out).toContain('3 requests cost $0.70 now, $255.50 a year at this rate (confidence low).')
  expect(out).toMatch(/gpt-4o-mini +\$0\.04 +\$0\.04 +\$0\.04 +-\$0\.66 +\$15\.33/)
  expect(out).toMatch(/claude-opus-4-5 +\$1\.50 +\$1\.28 +\$1\.72 +\+\$0\.80/)
  expect(out).toContain('1 requests have no known cost now; there they come to $0.02')
  expect(out).toContain('Uncertain: Tokens for the same text differ. gpt-4o: o200k and claude up to 4.6 differ: ±15 %.')

  const narrow = await run('--from', 'gpt-4o', '--to', 'openai/gpt-4o-mini', '--range', '7d', '--json')
  expect(JSON.parse(narrow.out)).toMatchObject({
    requests: 2,
    now_nano_usd: 700_000_000,
    targets: [{ model: 'openai/gpt-4o-mini', there_nano_usd: { likely: 42_000_000 }, unpriced_requests: 0 }],
  })

  const wrong = await run('--to', 'gpt-4o-minj')
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('gpt-4o-mini')])
  expect((await run()).code).toBe(2)
  expect((await run('--to', 'gpt-4o', '--cache-share', '120')).code).toBe(2)
})

it('with nothing recorded the JSON has the same shape', async () => {
  await (await openTallystick({ dataDir })).close()
  expect((await run('--to', 'gpt-4o')).out).toBe('No requests in this range.\n')
  expect(JSON.parse((await run('--to', 'gpt-4o', '--json')).out)).toMatchObject({
    requests: 0,
    now_nano_usd: 0,
    targets: [{ there_nano_usd: { low: 0, likely: 0, high: 0 }, by_model: [], by_agent: [] }],
  })
})
