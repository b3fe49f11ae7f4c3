import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentOf, NOW, type RoutiiumServer, startRoutiium } from './testing/routiium-server.ts'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const SEEDS = join(ROOT, '../shared/seeds')
const run = promisify(execFile)

/** The code blocks of a document in one language that ask a server something. */
function examples(text: string, language: string): string[] {
  return [...text.matchAll(/^( *)```(\w+)\n([\s\S]*?)^ *```/gm)]
    .filter(([, , name, code]) => name === language && code?.includes('localhost:8088'))
    .map(([, indent = '', , code = '']) => code.replace(new RegExp(`^${indent}`, 'gm'), ''))
}

/** Documents that stand beside a checkout, not in it; without them their examples are skipped. */
const seed = existsSync(SEEDS)
  ? readFileSync(join(SEEDS, readdirSync(SEEDS).find((name) => name.startsWith('002')) as string), 'utf8')
  : ''
const guide = readFileSync(join(ROOT, 'docs/routiium.md'), 'utf8')

/** Half of them long ago, where the seed's fixed instants lie, half in the last hour. */
const DOCUMENTS = [1_704_067_200, NOW - 60].flatMap((timestamp) => [
  documentOf({ id: `a${timestamp}`, timestamp, token_usage: usage(1_000, 500) }),
  documentOf({ id: `b${timestamp}`, timestamp, request: { model: 'gpt-4o-mini' }, token_usage: usage(200, 100) }),
  documentOf({
    id: `c${timestamp}`,
    timestamp,
    request: { endpoint: '/v1/responses' },
    response: { status_code: 500, success: false, output_tokens: null },
    performance: { duration_ms: 6 },
  }),
])

function usage(prompt: number, completion: number) {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    cached_tokens: null,
    reasoning_tokens: null,
  }
}

let server: RoutiiumServer
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tallystick-examples-'))
  server = await startRoutiium('duckdb:', { admin: { token: 'example' }, clock: clockOf(NOW) })
  await server.record(DOCUMENTS)
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

const clockOf = (seconds: number) => ({ now: () => seconds * 1000, monotonic: () => performance.now() })

/** Runs an example as it stands, but for the address, the token and where files go. */
async function output(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(command, [...args], {
    cwd: folder,
    env: { ...process.env, ROUTIIUM_ADMIN_TOKEN: 'example', CURL_HOME: folder },
  })
  return stdout
}
const here = (code: string): string => code.replaceAll('http://localhost:8088', server.url)
/** The seed's curl knows no token; ours gets one from the outside. */
const WITH_TOKEN = `curl() { command curl -H 'Authorization: Bearer example' "$@"; }`
const shell = (code: string): Promise<string> =>
  output('bash', ['-euo', 'pipefail', '-c', `${code.includes('Bearer') ? '' : WITH_TOKEN}\n${here(code)}`])
/** The same for requests, and the clock of the server. */
const python = (code: string): Promise<string> =>
  output('python3', [
    '-c',
    [
      'import requests, time',
      `time.time = lambda: ${NOW}`,
      'plain = requests.get',
      "requests.get = lambda url: plain(url, headers={'Authorization': 'Bearer example'})",
      here(code),
    ].join('\n'),
  ])

describe.skipIf(seed === '')('the examples of the seed', () => {
  const commands = examples(seed, 'bash')
  const scripts = examples(seed, 'python')

  it('are six commands and two scripts', () => {
    expect([commands.length, scripts.length]).toEqual([6, 2])
  })

  it('cost tracking: tokens and models of a fixed day', async () => {
    const [input, total, ...models] = (await shell(commands[0] as string)).split('\n')
    expect([input, total]).toEqual(['1242', '600'])
    expect(JSON.parse(models.join(''))).toEqual({ 'gpt-4o': 2, 'gpt-4o-mini': 1 })
  })

  it('performance monitoring: mean duration of the last hour', async () => {
    expect(Number(await shell(commands[1] as string))).toBe(833.333333)
  })

  it('usage analytics: models and endpoints', async () => {
    const text = await shell(commands[2] as string)
    expect(text.replace(/\s/g, '')).toBe('{"gpt-4o":2,"gpt-4o-mini":1}{"/v1/chat/completions":2,"/v1/responses":1}')
  })

  it('error analysis: requests that failed', async () => {
    expect(JSON.parse(await shell(commands[3] as string))).toMatchObject({ id: `c${NOW - 60}` })
  })

  it('data export: a CSV file from an instant on', async () => {
    await shell(commands[4] as string)
    expect(readFileSync(join(folder, 'analytics.csv'), 'utf8').split('\n')).toHaveLength(DOCUMENTS.length + 2)
  })

  it('regular exports: the line of a crontab', async () => {
    // Five fields of time come first, and cron takes the backslashes away.
    const line = (commands[5] as string).replace(/^(\S+ ){5}/, '').replaceAll('\\%', '%')
    await shell(line.replace('/backups/', `${folder}/`))
    const file = readdirSync(folder).find((name) => /^analytics-\d{4}-\d\d-\d\d\.csv$/.test(name))
    expect(readFileSync(join(folder, file as string), 'utf8').split('\n')).toHaveLength(DOCUMENTS.length / 2 + 2)
  })

  it('Prometheus metrics: a script that polls', async () => {
    const text = await python(`${scripts[0]}\nget_metrics()\n`)
    expect(text).toContain('\nroutiium_requests_total 3\n')
    expect(text).toContain('\nroutiium_tokens_input_total 1242\n')
    expect(text).toContain('\nroutiium_tokens_output_total 600\n')
  })

  it('cost calculation: a script that estimates', async () => {
    // 414 tokens in and 200 out on average; prices per thousand.
    expect(await python(scripts[1] as string)).toBe(
      'gpt-4o: $0.0101\ngpt-4o-mini: $0.0002\nTotal estimated cost: $0.0103\n',
    )
  })
})

describe('the examples of docs/routiium.md', () => {
  const commands = examples(guide, 'bash').flatMap((block) => block.trim().split('\n'))

  it('all say something', async () => {
    rmSync(join(folder, 'analytics.csv'), { force: true })
    const said = []
    for (const command of commands) said.push((await shell(command)).trim().replace(/\s+/g, ' '))
    expect(said).toEqual(['6 "duckdb"', expect.stringMatching(/^0\.0\d+ \d+\.\d+$/), '"gpt-4o"', '{} 0', ''])
    expect(existsSync(join(folder, 'analytics.csv'))).toBe(true)
  })
})
