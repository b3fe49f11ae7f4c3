import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStandIn, type StandIn } from '../../packages/core/src/capture/testing/stand-in.ts'
import { folder, ROOT, serve } from '../e2e/cli.ts'

const page = readFileSync(join(ROOT, 'docs/capture.md'), 'utf8')
/** The first snippet below each heading. */
const snippets = new Map(
  page.split(/^#+ /m).map((part) => [part.split('\n', 1)[0] as string, /```js\n([\s\S]*?)```/.exec(part)?.[1] ?? '']),
)
const project = mkdtempSync(join(tmpdir(), 'tallystick-capture-'))
const data = folder()
symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
afterAll(() => {
  for (const dir of [project, data]) rmSync(dir, { recursive: true })
})

async function run(code: string): Promise<string> {
  writeFileSync(join(project, 'page.mjs'), code)
  const env = { ...process.env, AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'the-secret' }
  return (await promisify(execFile)(process.execPath, ['page.mjs'], { cwd: project, env, timeout: 60_000 })).stdout
}

/** Answers as the provider of the path does. */
const provider = (): Promise<StandIn> =>
  openStandIn((request, response) => {
    const streamed = provided.seen.at(-1)?.body.includes('"stream":true') === true
    response.writeHead(200, { 'content-type': streamed ? 'text/event-stream' : 'application/json' })
    if (request.url?.endsWith('/converse'))
      response.end(
        '{"output":{"message":{"role":"assistant","content":[{"text":"Hi"}]}},"stopReason":"end_turn","usage":{"inputTokens":12,"outputTokens":3,"totalTokens":15}}',
      )
    else if (request.url?.includes('/models/'))
      response.end(
        '{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":3},"responseId":"g1"}',
      )
    else if (streamed)
      response.end(
        'data: {"id":"c1","choices":[{"finish_reason":"stop"}]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}}\n\ndata: [DONE]\n\n',
      )
    else
      response.end(
        '{"id":"c2","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}}',
      )
  })
let provided: StandIn
beforeAll(async () => {
  provided = await provider()
})
afterAll(() => provided.close())

const given = (heading: string): string => `const PROVIDER = '${provided.url}'\n${snippets.get(heading)}`

it('docs/capture.md: what a wrapped fetch has seen is at the server', async () => {
  const served = await serve(data)
  try {
    expect(await run(given('fetch').replace('http://127.0.0.1:8088', served.url))).toBe('gpt-4o 12 3 stop\n')
    const answer = await fetch(`${served.url}/api/v1/events?consistency=applied`)
    expect(await answer.json()).toMatchObject({ events: [{ event_id: 'c1', agent_id: 'agent_7', input_tokens: 12 }] })
  } finally {
    await served.stop()
  }
}, 60_000)

it.each([
  ['A client of OpenAI or Anthropic', 'gpt-4o 12 3 1'],
  ['Gemini', 'gcp.gemini 12 3'],
  ['Bedrock', 'aws.bedrock us.amazon.nova-lite-v1:0 12 3 1'],
  ["Vercel's ai", 'openai 12 3'],
  ['Express', 'key_7 bearer gpu-2 200 12 1'],
  ['Fastify', 'llm_request_failed 429 rate_limit_exceeded ada gpu-2'],
  ['Hono', 'gpt-4o true 12 ada gpu-2'],
  ['Reading an answer by other means', '100 90 true'],
])(
  'docs/capture.md: %s',
  async (heading, said) => {
    expect(await run(given(heading))).toBe(`${said}\n`)
  },
  60_000,
)
