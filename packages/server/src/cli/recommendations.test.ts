import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openTallystick } from '../open.ts'
import { type Ran, run as runIn } from './testing/run.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tallystick-recommendations-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const run = (...args: string[]): Promise<Ran> =>
  runIn(['recommendations', ...args, '--data', dataDir], { cwd: dataDir })

it('recommendations are told with what they save, dismissed, and restored', async () => {
  const tallystick = await openTallystick({ dataDir })
  const items = Array.from({ length: 3 }, (_, index) => ({
    event_id: `e${index}`,
    kind: 'llm_request_failed',
    provider: 'openai',
    model: 'gpt-4o',
    timestamp_ms: Date.now() - 60_000,
    input_tokens: 100_000,
    output_tokens: 0,
    success: false,
  }))
  await tallystick.ingest.submit({ items, door: 'native' })
  await tallystick.close()

  const { code, out } = await run('list', '--timezone', 'UTC')
  expect(code).toBe(0)
  expect(out).toContain('Find out why requests to gpt-4o fail after they have been charged.')
  expect(out).toMatch(/3 failed requests have cost \$0\.75\. Saves \$0\.\d\d in 30 days \(confidence high\)/)
  const id = 'paid_failures:[["model","gpt-4o"],["provider","openai"]]'
  expect(out).toContain(id)

  expect((await run('dismiss', id, '--reason', 'refunded')).out).toBe('dismissed\n')
  expect((await run('list')).out).toBe('Nothing to recommend.\n1 dismissed; --dismissed lists them too\n')
  expect((await run('list', '--dismissed')).out).toContain('(dismissed)')
  expect((await run('restore', id)).out).toBe('restored\n')
  expect(JSON.parse((await run('list', '--json')).out).recommendations).toMatchObject([{ id, dismissed: null }])
})
