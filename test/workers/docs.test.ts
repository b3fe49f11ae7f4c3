import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { folder, ROOT, type Served, serve } from '../e2e/cli.ts'

vi.setConfig({ testTimeout: 120_000 })

/** The files that the page prints, by the name in their first line, and what it says that the first one prints. */
const page = readFileSync(join(ROOT, 'docs/recording-from-workers.md'), 'utf8')
const files = new Map(
  [...page.matchAll(/```js\n\/\/ (\S+)\n([\s\S]*?)```/g)].map((file) => [file[1] as string, file[2] as string]),
)
const printed = /```\n(\{[\s\S]*?)```/.exec(page)?.[1]

const project = mkdtempSync(join(tmpdir(), 'tallystick-workers-'))
const data = folder()
let served: Served

beforeAll(async () => {
  served = await serve(data)
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  for (const [name, code] of files) {
    writeFileSync(join(project, name), code.replaceAll('http://127.0.0.1:8088', served.url))
  }
})
afterAll(async () => {
  await served.stop()
  for (const dir of [project, data]) rmSync(dir, { recursive: true })
})

async function run(name: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [name], { cwd: project, timeout: 100_000 })
  return stdout
}

it('docs/recording-from-workers.md: the threads record what the page says', async () => {
  expect([...files.keys()]).toEqual(['main.js', 'worker.js', 'cluster.js', 'gaps.js'])
  expect(await run('main.js')).toBe(printed)
})

it('docs/recording-from-workers.md: the cluster sends everything, and no gap is left', async () => {
  const lines = (await run('cluster.js')).trim().split('\n').sort()
  expect(lines).toEqual(['gateway-0: 500 acknowledged, 0 pending', 'gateway-1: 500 acknowledged, 0 pending'])
  expect(await run('gaps.js')).toBe('{ sources: 2, missing: 0, untold: 0 }\n')
})
