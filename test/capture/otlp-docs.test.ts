import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStandIn } from '../../packages/core/src/capture/testing/stand-in.ts'
import { folder, ROOT, serve } from '../e2e/cli.ts'

/** What docs/otlp.md shows, run against a server of its own. */
const page = readFileSync(join(ROOT, 'docs/otlp.md'), 'utf8')
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, code = '']) => code)

const project = mkdtempSync(join(tmpdir(), 'tallystick-otlp-'))
const data = folder()
symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
let served: Awaited<ReturnType<typeof serve>>
beforeAll(async () => {
  served = await serve(data)
})
afterAll(async () => {
  await served.stop()
  for (const dir of [project, data]) rmSync(dir, { recursive: true })
})

const here = (code: string, provider = ''): string =>
  code.replaceAll('http://127.0.0.1:8088', served.url).replace(/\$\{PROVIDER\}/, provider)

async function run(code: string): Promise<void> {
  writeFileSync(join(project, 'page.mjs'), code)
  await promisify(execFile)(process.execPath, ['page.mjs'], { cwd: project, timeout: 60_000 })
}

async function newest(): Promise<Record<string, unknown>> {
  const answer = await fetch(`${served.url}/api/v1/events?consistency=applied&limit=1000&from=0`)
  const { events } = (await answer.json()) as { events: Record<string, unknown>[] }
  return events.reduce((last, event) => (Number(event['received_ms']) > Number(last['received_ms']) ? event : last))
}

describe('docs/otlp.md', { timeout: 60_000 }, () => {
  it('what curl sends is taken', async () => {
    const { stdout } = await promisify(execFile)('sh', ['-c', here(blocks('sh')[0] as string)])
    expect(stdout).toBe('{}')
    expect(await newest()).toMatchObject({
      request_model: 'gpt-4o',
      input_tokens: 1_200,
      tags: { service: 'checkout' },
    })
  })

  it('what the SDK sends is taken', async () => {
    await run(here(blocks('js')[0] as string))
    expect(await newest()).toMatchObject({ agent_id: 'support-bot', input_tokens: 1_200, output_tokens: 80 })
  })

  it("what Vercel's AI SDK sends is taken", async () => {
    const model = await openStandIn((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({
          id: 'chatcmpl-A1b2C3d4E5f6G7h8I9j0K1',
          object: 'chat.completion',
          created: 1,
          model: 'gpt-4o-2024-08-06',
          choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
        }),
      )
    })
    try {
      await run(here(blocks('js')[1] as string, model.url))
    } finally {
      await model.close()
    }
    expect(await newest()).toMatchObject({ event_id: 'chatcmpl-A1b2C3d4E5f6G7h8I9j0K1', input_tokens: 9 })
  })
})
