import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ATTRIBUTES, LLM_ATTRIBUTES, METRICS } from '@tallystick/core/otel'
import { afterAll, expect, it } from 'vitest'
import { openStandIn } from '../../packages/core/src/capture/testing/stand-in.ts'
import { CONFIG_KEYS } from '../../packages/server/src/config/keys.ts'
import { ROOT } from '../e2e/cli.ts'

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
