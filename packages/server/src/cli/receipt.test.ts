import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openTallystick } from '../open.ts'
import { type Ran, run as runIn } from './testing/run.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tallystick-receipt-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const run = (...args: string[]): Promise<Ran> => runIn(['receipt', ...args, '--data', dataDir], { cwd: dataDir })

it('the command line tells how the cost of one event came about', async () => {
  const tallystick = await openTallystick({ dataDir })
  const at = Date.UTC(2026, 10, 1, 12)
  const request = { timestamp_ms: at, provider: 'openai', model: 'gpt-4o', input_tokens: 1_000, output_tokens: 100 }
  const items = [
    { ...request, event_id: 'plain', service_tier: 'batch' },
    { ...request, event_id: 'reported', cost_nano_usd: 4_000_000 },
    { ...request, event_id: 'unpriced', model: 'house-\u001b[31mmodel' },
    { ...request, event_id: 'twice', agent_id: 'one' },
    { ...request, event_id: 'twice', agent_id: 'two' },
  ]
  await tallystick.ingest.submit({ items, door: 'native' })
  await tallystick.ingest.applied()
  await tallystick.close()

  const plain = await run('plain')
  expect(plain).toMatchObject({ code: 0, err: '' })
  expect(plain.out).toContain('2026-11-01T12:00:00.000Z  openai  gpt-4o\n')
  expect(plain.out).toMatch(/input +1,000 +\$2\.50 \/ 1M x 0\.5 +\$0\.001250000 *\n/)
  expect(plain.out).toMatch(/output +100 +\$10\.00 \/ 1M x 0\.5 +\$0\.000500000 *\n/)
  expect(plain.out).toMatch(/list price +\$0\.001750000 *\n/)
  expect(plain.out).toMatch(/cost +\$0\.00175 {2}list price\n/)
  expect(plain.out).toMatch(/price .*catalogue, openai\/gpt-4o; service tier batch/)

  expect((await run('reported')).out).toMatch(/reported +\$0\.004 {2}\+\$0\.0005 to list price/)
  const unpriced = (await run('unpriced')).out
  expect(unpriced).toContain('cost       unpriced')
  expect(unpriced).toContain('Add the model to a price file')
  expect(unpriced).not.toContain('\u001b')

  const both = await run('twice')
  expect(both.code).toBe(1)
  expect(both.err).toContain('ambiguous_event')
  expect(both.err).toContain('agent_id=two')
  const { event, receipt } = JSON.parse((await run('twice', '--filter', 'agent_id=two', '--json')).out)
  expect([event.agent_id, receipt.cost_nano_usd]).toEqual(['two', 3_500_000])
  expect((await run('nobody')).err).toContain('event_not_found')
  expect((await run('..')).code).toBe(2)
}, 60_000)
