import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openTallystick } from '../open.ts'
import { type Ran, run as runIn } from './testing/run.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tallystick-status-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const run = (...args: string[]): Promise<Ran> => runIn(['status', '--data', dataDir, ...args], { cwd: dataDir })

it('a server and its providers are told on the command line, also when nobody has the directory', async () => {
  const tallystick = await openTallystick({ dataDir })
  const items = Array.from({ length: 20 }, (_, index) => ({
    event_id: `e${index}`,
    provider: 'openai',
    model: 'gpt-4o',
    timestamp_ms: Date.now() - 5_000,
    duration_ms: 800,
    success: index < 5,
    status_code: index < 5 ? 200 : 503,
  }))
  await tallystick.ingest.submit({ items, door: 'native' })
  await tallystick.ingest.applied()
  await tallystick.close()

  const { code, out, err } = await run()
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^server {4}ready, /)
  expect(out).toMatch(/store {5}duckdb, 20 events/)
  expect(out).toMatch(/openai +down +\d{4}-\d\d-\d\d .* UTC +20 +75\.0 % +0\.0 % +800 ms/)
  const both = JSON.parse((await run('--json')).out)
  expect(both).toMatchObject({
    status: { readiness: { status: 'ready' } },
    providers: { window_ms: 300_000, providers: [{ provider: 'openai', state: 'down', failures: 15 }] },
  })
}, 60_000)
