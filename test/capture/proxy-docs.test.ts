import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStandIn, type StandIn } from '../../packages/core/src/capture/testing/stand-in.ts'
import { folder, ROOT, type Served, serve, start } from '../e2e/cli.ts'

const page = readFileSync(join(ROOT, 'docs/proxy.md'), 'utf8')
const snippet = (language: string): string => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? ''
const project = mkdtempSync(join(tmpdir(), 'tallystick-proxy-docs-'))
const data = folder()
const run = promisify(execFile)
let provider: StandIn
let served: Served

beforeAll(async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
  let number = 0
  provider = await openStandIn((request, response) => {
    const id = `chatcmpl-${request.headers['x-stainless-lang'] ?? 'curl'}-${++number}`
    if (request.url?.endsWith('/converse')) {
      response.writeHead(200, { 'content-type': 'application/json', 'x-amzn-requestid': `aws-${++number}` })
      response.end(
        '{"output":{"message":{"role":"assistant","content":[{"text":"Hi"}]}},"stopReason":"end_turn","usage":{"inputTokens":12,"outputTokens":3,"totalTokens":15}}',
      )
      return
    }
    const streams = provider.seen.at(-1)?.body.includes('"stream":true') === true
    const usage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }
    response.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' })
    const pieces = [
      { choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }] },
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { choices: [], usage },
    ].map((piece) => `data: ${JSON.stringify({ id, model: 'gpt-4o', ...piece })}\n\n`)
    response.end(
      streams
        ? `${pieces.join('')}data: [DONE]\n\n`
        : JSON.stringify({ id, model: 'gpt-4o', choices: [{ finish_reason: 'stop' }], usage }),
    )
  })
  const config = join(project, 'tallystick.config.json')
  const upstreams = [`openai=${provider.url} private`, `bedrock=${provider.url} provider=aws.bedrock private`]
  writeFileSync(config, JSON.stringify({ proxy: { upstreams } }))
  served = await serve(data, ['--config', config])
})
afterAll(async () => {
  await served.stop()
  await provider.close()
  for (const dir of [project, data]) rmSync(dir, { recursive: true })
})

async function events(count: number): Promise<readonly Record<string, unknown>[]> {
  for (;;) {
    const answer = await fetch(`${served.url}/api/v1/events?order=asc&consistency=applied`)
    const found = ((await answer.json()) as { events: Record<string, unknown>[] }).events
    if (found.length >= count) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

it('docs/proxy.md: what is sent with curl and with an SDK is recorded', async () => {
  const env = { ...process.env, OPENAI_API_KEY: 'sk-of-the-page' }
  const curl = await run(
    'sh',
    ['-c', snippet('sh').replace('http://127.0.0.1:8088', served.url).replace('curl', 'curl -sS')],
    { env },
  )
  expect(JSON.parse(curl.stdout)).toMatchObject({ id: 'chatcmpl-curl-1' })
  writeFileSync(join(project, 'page.mjs'), snippet('js').replace('http://127.0.0.1:8088', served.url))
  expect((await run(process.execPath, ['page.mjs'], { cwd: project, env })).stdout).toBe('Hi')
  const expected = {
    agent_id: 'checkout',
    provider: 'openai',
    input_tokens: 12,
    output_tokens: 3,
    cost_nano_usd: 60_000,
  }
  const found = await events(2)
  expect(found).toMatchObject([
    { ...expected, event_id: 'chatcmpl-curl-1', tags: { team: 'search', env: 'prod' }, stream: false },
    { ...expected, event_id: 'chatcmpl-js-2', tags: { team: 'search' }, stream: true },
  ])
  expect(found[0]?.['api_key_id']).toBe(found[1]?.['api_key_id'])
  expect(provider.seen[0]?.headers['authorization']).toBe('Bearer sk-of-the-page')
  expect(Object.keys(provider.seen[0]?.headers ?? {}).some((name) => name.includes('tallystick'))).toBe(false)
}, 60_000)

it("docs/proxy.md: AWS's SDK signs for AWS and sends here", async () => {
  const env = { ...process.env, AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'the-secret' }
  writeFileSync(join(project, 'page.mjs'), snippet('mjs').replace('http://127.0.0.1:8088', served.url))
  expect((await run(process.execPath, ['page.mjs'], { cwd: project, env })).stdout).toBe('Hi\n')
  expect((await events(3)).at(-1)).toMatchObject({
    ...{ provider: 'aws.bedrock', request_model: 'us.amazon.nova-lite-v1:0', agent_id: 'checkout' },
    ...{ input_tokens: 12, output_tokens: 3, event_id: 'aws-4' },
  })
  expect(provider.seen.at(-1)?.headers['authorization']).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE\//)
}, 60_000)

it('docs/proxy.md: a proxy by itself sends what it records to the server, with the same id for the same key', async () => {
  const config = join(project, 'tallystick.config.json')
  const args = [
    'proxy',
    '--server',
    served.url,
    '--port',
    '0',
    '--data',
    data,
    '--config',
    config,
    '--log-level',
    'error',
  ]
  const child = start(args)
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk) => {
      text += chunk
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0]
      if (found !== undefined) resolve(found)
    })
    void closed.then((code) => reject(new Error(`ended with ${code}: ${text}`)))
  })
  const answer = await fetch(`${url}/proxy/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer sk-of-the-page',
      'x-tallystick-agent': 'beside',
    },
    body: '{"model":"gpt-4o"}',
  })
  expect(answer.status).toBe(200)
  await answer.text()
  expect((await fetch(`${url}/api/v1/events`)).status).toBe(404)
  child.kill('SIGTERM')
  expect(await closed).toBe(0)
  const found = await events(4)
  expect(found.at(-1)).toMatchObject({ agent_id: 'beside', input_tokens: 12, api_key_id: found[0]?.['api_key_id'] })
}, 60_000)

it('a proxy by itself is not opened to other machines, and does not promise what it cannot hold', async () => {
  for (const [args, env] of [
    [['--host', '0.0.0.0'], {}],
    [[], { TALLYSTICK_PROXY_ENFORCE_BUDGETS: 'on' }],
    [[], { TALLYSTICK_PROXY_UPSTREAMS: 'x=http://169.254.169.254' }],
  ] as const) {
    const child = start(['proxy', '--server', served.url, '--port', '0', '--data', data, ...args], { env })
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(2)
  }
}, 60_000)
