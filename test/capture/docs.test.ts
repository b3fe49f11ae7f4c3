import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { openStandIn } from '../../packages/core/src/capture/testing/stand-in.ts'
import { folder, ROOT, serve } from '../e2e/cli.ts'

const page = readFileSync(join(ROOT, 'docs/capture.md'), 'utf8')
const [first = '', , last = ''] = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code = '']) => code)
const project = mkdtempSync(join(tmpdir(), 'tallystick-capture-'))
const data = folder()
symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
afterAll(() => {
  for (const dir of [project, data]) rmSync(dir, { recursive: true })
})

async function run(code: string): Promise<string> {
  writeFileSync(join(project, 'page.mjs'), code)
  return (await promisify(execFile)(process.execPath, ['page.mjs'], { cwd: project, timeout: 60_000 })).stdout
}

it('docs/capture.md: what a wrapped fetch has seen is at the server', async () => {
  const served = await serve(data)
  const provider = await openStandIn((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(
      'data: {"id":"c1","choices":[{"finish_reason":"stop"}]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}}\n\ndata: [DONE]\n\n',
    )
  })
  try {
    const here = first.replace('http://127.0.0.1:8088', served.url).replace(/\$\{PROVIDER\}/, provider.url)
    expect(await run(here)).toBe('gpt-4o 12 3 stop\n')
    const answer = await fetch(`${served.url}/api/v1/events?consistency=applied`)
    expect(await answer.json()).toMatchObject({ events: [{ event_id: 'c1', agent_id: 'agent_7', input_tokens: 12 }] })
  } finally {
    await provider.close()
    await served.stop()
  }
}, 60_000)

it('docs/capture.md: an answer is read as the page says', async () => {
  expect(await run(last)).toBe('100 90 true\n')
})
