import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openTallystick } from '../open.ts'
import { type Ran, run as runIn } from './testing/run.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tallystick-reprice-cli-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const run = (...args: string[]): Promise<Ran> => runIn(['reprice', '--data', join(dir, 'data'), ...args], { cwd: dir })

it('compares, asks before it applies, says what it did, and finds nothing to do then', async () => {
  const tallystick = await openTallystick({ dataDir: join(dir, 'data') })
  await tallystick.ingest.submit({
    items: ['=1+1', 'house'].map((model, index) => ({
      event_id: model,
      timestamp_ms: Date.UTC(2026, 10, 1 + index),
      model,
      input_tokens: 1_000,
      output_tokens: 1,
    })),
    door: 'test',
  })
  await tallystick.close()
  const content = { prices: [{ model: 'house', usd_per_million: { input: 2, output: 0 } }] }
  writeFileSync(join(dir, 'prices.json'), JSON.stringify(content))
  const range = ['--from', '2026-11-01', '--to', '2026-12-01', '--prices', join(dir, 'prices.json')]

  const dry = await run(...range, '--dry-run')
  expect(dry.code).toBe(0)
  expect(dry.out).toMatch(/^Prices \S+ \(days of UTC\)\nday +model +requests/)
  expect(dry.out).toMatch(/\n2026-11-02 +house +1 +1 +unpriced +\$0\.002 +\$0\.002 +1 +0\s/)
  expect(dry.out).toMatch(/\nall +2 +1 +unpriced +\$0\.002 +\$0\.002 +2 +1\s/)
  expect(dry.out).toContain('\n1 rows of a day and a model without a difference are not shown\n')

  const csv = await run(...range, '--dry-run', '--csv')
  expect(csv.out.split('\n')).toEqual([
    'day,model,events,changed,unpriced_before,unpriced_now,billed_nano_usd,repriced_nano_usd,difference_nano_usd',
    `2026-11-01,"'=1+1",1,0,1,1,,,0`,
    '2026-11-02,house,1,1,1,0,,2000000,2000000',
    '',
  ])
  expect(JSON.parse((await run(...range, '--dry-run', '--json')).out)).toMatchObject({
    state: 'done',
    report: { totals: { changed: 1, difference_nano_usd: 2_000_000 } },
  })

  expect(await run(...range)).toMatchObject({ code: 2, err: expect.stringContaining('Say --yes') })
  const applied = await run(...range, '--yes')
  expect(applied).toMatchObject({ code: 0, out: dry.out })
  expect(applied.err).toMatch(/^1 events repriced: \S+\/[0-9a-f-]{36}\n$/)
  expect(await run(...range)).toMatchObject({ code: 0, err: 'Nothing changes.\n' })
  expect(await run(...range, '--csv', '--json')).toMatchObject({ code: 2 })
  expect(await run('--from', '2026-11-01')).toMatchObject({ code: 2 })
}, 60_000)
