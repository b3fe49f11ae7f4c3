import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { folder, tallystick } from '../e2e/cli.ts'
import { endServers, ServerProcess } from '../faults/testing/server-process.ts'
import { type Issuer, startIssuer } from './testing/issuer.ts'
import { createBrowser } from './testing/served.ts'

let issuer: Issuer
beforeEach(async () => {
  issuer = await startIssuer()
})
afterEach(() => issuer.close())
afterAll(endServers)

/** Everything that stands in files below a directory. */
const allFiles = (directory: string): string =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')

it('a session by an issuer outlives a kill of the server, and no secret is written anywhere', async () => {
  const [dataDir, file] = [folder(), join(folder(), 'config.json')]
  const { url, clientId, clientSecret } = issuer
  const oidc = { issuer: url, client_id: clientId, client_secret: clientSecret, allowed_domains: ['example.com'] }
  writeFileSync(file, JSON.stringify({ auth: { oidc } }))

  const first = await ServerProcess.start(dataDir, ['--config', file])
  const browser = createBrowser(first.url)
  expect((await browser.ask('/api/v1/status')).status).toBe(401)
  expect((await browser.follow('/auth/oidc/login')).status).toBe(303)
  expect((await browser.ask('/api/v1/status')).status).toBe(200)
  const [secret = ''] = browser.cookies.values()
  await first.kill()

  const second = await ServerProcess.start(dataDir, ['--config', file])
  const later = createBrowser(second.url)
  expect((await later.ask('/api/v1/status')).status).toBe(401)
  for (const [name, value] of browser.cookies) later.cookies.set(name, value)
  expect((await later.ask('/api/v1/session')).body).toMatchObject({ name: 'user ada@example.com', session: true })
  issuer.failing = 500
  await later.ask('/auth/oidc/login', { headers: { accept: 'text/html' } })
  expect(await second.stop()).toBe(0)

  const shown = await tallystick(['config', '--config', file])
  expect(shown.out).toContain('auth.oidc.client_secret')
  expect(second.errors).toContain('issuer_unavailable')
  const everything = [allFiles(dataDir), first.errors, second.errors, shown.out, shown.err].join('\n')
  for (const hidden of [clientSecret, encodeURIComponent(clientSecret), secret]) {
    expect(hidden.length).toBeGreaterThan(10)
    expect(everything).not.toContain(hidden)
  }
})

it('a server whose way in is misconfigured does not start', async () => {
  const file = join(folder(), 'config.json')
  writeFileSync(file, JSON.stringify({ auth: { oidc: { issuer: 'http://id.example', client_id: 'c' } } }))
  const { code, err } = await tallystick(['serve', '--port', '0', '--data', folder(), '--config', file])
  expect(code).toBe(2)
  expect(err).toContain('auth.oidc.issuer')
  expect(err).toContain('auth.oidc.allowed_domains')
})
