import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ATTRIBUTES, LLM_ATTRIBUTES, METRICS } from '@tallystick/core/otel'
import { afterAll, expect, it } from 'vitest'
import { openStandIn } from '../../packages/core/src/capture/testing/stand-in.ts'
import { CONFIG_KEYS } from '../../packages/server/src/config/keys.ts'
import { openCollector, pointsOf, type Received, totalOf } from '../../packages/server/src/push/testing/collector.ts'
import { ROOT, serve } from '../e2e/cli.ts'

const page = readFileSync(join(ROOT, 'docs/opentelemetry.md'), 'utf8')
const project = mkdtempSync(join(tmpdir(), 'tallystick-spans-'))
symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'))
afterAll(() => rmSync(project, { recursive: true }))

it('what docs/opentelemetry.md shows makes a span with the figures of its event', async () => {
  const provider = await openStandIn((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{"id":"c2","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1200,"completion_tokens":80}}')
  })
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? []
  writeFileSync(join(project, 'page.mjs'), `const PROVIDER = '${provider.url}'\n${code}`)
  const { stdout } = await promisify(execFile)(process.execPath, ['page.mjs'], { cwd: project, timeout: 60_000 })
  await provider.close()
  expect(stdout).toBe('chat gpt-4o 1200 0.0038\ntrue\n')
}, 60_000)

it('docs/opentelemetry.md names every metric, the shared attributes, and variables that there are', () => {
  const names = [
    ...Object.values(METRICS).flatMap((metrics) => Object.values(metrics)),
    ...Object.values(LLM_ATTRIBUTES),
  ]
  for (const name of [...names, ATTRIBUTES.tenant]) expect(page).toContain(`\`${name}\``)
  const told = page.match(/`otlp\.push\.\w+`|`traces\.\w+`/g) ?? []
  for (const key of told) expect(CONFIG_KEYS.map((spec) => `\`${spec.key}\``)).toContain(key)
  const variables = page.match(/\b(?:TALLYSTICK|OTEL)_[A-Z_]+/g) ?? []
  expect(variables.length).toBeGreaterThan(3)
  for (const variable of variables) expect(CONFIG_KEYS.map(({ env }) => env)).toContain(variable)
})

it('a served Tallystick pushes by what its configuration says, and a last time when it stops', async () => {
  const collector = await openCollector()
  const config = join(project, 'tallystick.config.json')
  writeFileSync(
    config,
    JSON.stringify({ otlp: { push: { endpoint: collector.url, headers: 'x-key=secret', interval_seconds: 3600 } } }),
  )
  const served = await serve(project, ['--config', config, '--store', 'memory:'])
  const status = async (): Promise<unknown> => (await fetch(`${served.url}/api/v1/status`)).json()
  await fetch(`${served.url}/api/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ provider: 'openai', model: 'gpt-4o', input_tokens: 1_200, output_tokens: 80 }),
  })
  expect(await status()).toMatchObject({ otlp_push: { pushed: 0, failed: 0 }, traces: { url_template: null } })
  expect(JSON.stringify(await status())).not.toContain('secret')
  expect(await served.stop()).toBe(0)
  await collector.close()
  const [pushed] = collector.taken as [Received]
  expect(pushed.headers['x-key']).toBe('secret')
  expect(totalOf(pushed, METRICS['v1.41'].tokenUsage)).toBe(1_280)
  expect(pointsOf(pushed, METRICS['v1.41'].cost)[0]?.sum).toBe(0.0038)
}, 60_000)
