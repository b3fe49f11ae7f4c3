import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Locator } from 'playwright-core'
import { openTallystick, type Tallystick } from 'tallystick'
import { build } from 'vite'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { mintKey } from '../../packages/server/src/identity/api-key.ts'
import { type Issuer, startIssuer } from '../login/testing/issuer.ts'
import { launch, SCREENSHOTS, type Watched, watch } from './testing/page.ts'

/** Getting in, in a real browser: by key, by an issuer, and out again. */

let built: string
let browser: Browser
let issuer: Issuer
let tallystick: Tallystick
let address: string
const key = mintKey()
const open: Watched[] = []

beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), 'tallystick-login-'))
  const root = fileURLToPath(new URL('../../packages/dashboard', import.meta.url))
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error', build: { outDir: built } })
  browser = await launch()
  await mkdir(SCREENSHOTS, { recursive: true })
})

afterAll(async () => {
  await browser?.close()
  await rm(built, { recursive: true, force: true })
})

beforeEach(async () => {
  issuer = await startIssuer()
  const { url, clientId, clientSecret } = issuer
  tallystick = await openTallystick({
    dataDir: 'not used',
    store: 'memory:',
    dashboardDir: built,
    login: { oidc: { issuer: url, clientId, clientSecret, allowedDomains: ['example.com'] } },
  })
  const row = { id: key.id, name: 'test', secretHash: key.secretHash, scopes: ['read'], createdMs: 0 } as const
  await tallystick.state.write([{ table: 'keys', id: key.id, row }])
  await tallystick.ingest.submit({ items: [{ model: 'gpt-4o', input_tokens: 1_000 }], door: 'test' })
  address = (await tallystick.listen({ port: 0 })).url
})

afterEach(async () => {
  for (const watched of open.splice(0)) await watched.close()
  await tallystick.close()
  await issuer.close()
})

async function visit(path = '/', options: Parameters<typeof watch>[2] = {}): Promise<Watched> {
  const watched = await watch(browser, `${address}${path}`, options)
  open.push(watched)
  return watched
}

const hasFocus = (locator: Locator): Promise<boolean> => locator.evaluate((element) => element.matches(':focus'))
/** The way over the issuer is the one request that may leave this origin. */
const others = (faults: readonly string[]): string[] =>
  faults.filter((fault) => !fault.startsWith(`request to ${issuer.url}/authorize?`))

test('asks nothing of the API before somebody has logged in, and shows the figures when they have', async () => {
  const { page, faults } = await visit('/?is.provider=openai')
  const field = page.getByLabel('API key', { exact: true })
  await field.waitFor()
  expect(await hasFocus(field)).toBe(true)
  expect(await page.getByRole('heading', { name: 'Log in to Tallystick' }).count()).toBe(1)
  await page.screenshot({ path: join(SCREENSHOTS, 'login-light.png') })
  expect(faults).toEqual([])

  await page.keyboard.type('tsk_wrong')
  await page.keyboard.press('Enter')
  const alert = page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.textContent()).toBe('The key is not valid.')
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  // The browser itself writes the status down; it is what is wanted here.
  expect(faults.splice(0)).toEqual([expect.stringContaining('401')])

  await page.keyboard.type(key.text)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Log out' }).waitFor()
  await page.locator('[data-figure="requests"], [data-offer]').first().waitFor()
  expect(new URL(page.url()).searchParams.get('is.provider')).toBe('openai')
  await page.locator('[data-live="live"]').waitFor()
  await page.screenshot({ path: join(SCREENSHOTS, 'logged-in.png') })
  await page.reload()
  await page.getByRole('button', { name: 'Log out' }).click()
  await field.waitFor()
  await page.reload()
  await field.waitFor()
  expect(faults).toEqual([])
})

test('comes back to the log-in when the key is revoked', async () => {
  const { page } = await visit()
  await page.getByLabel('API key', { exact: true }).fill(key.text)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.locator('[data-live="live"]').waitFor()
  await tallystick.state.write([
    {
      table: 'keys',
      id: key.id,
      row: { id: key.id, name: 'test', secretHash: key.secretHash, scopes: ['read'], createdMs: 0, revokedMs: 1 },
    },
  ])
  await page.getByLabel('API key', { exact: true }).waitFor()
})

test('goes to the issuer and comes back to the same figures', async () => {
  const { page, faults } = await visit('/?is.provider=openai', { colorScheme: 'dark' })
  const link = page.getByRole('link', { name: 'Log in with single sign-on' })
  await link.waitFor()
  await page.screenshot({ path: join(SCREENSHOTS, 'login-dark.png') })
  await page.getByLabel('API key', { exact: true }).press('Shift+Tab')
  expect(await hasFocus(link)).toBe(true)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Log out' }).waitFor()
  expect(new URL(page.url()).origin).toBe(address)
  expect(new URL(page.url()).searchParams.get('is.provider')).toBe('openai')
  expect(await page.getByRole('button', { name: 'Log out' }).getAttribute('title')).toContain('user ada@example.com')
  expect(others(faults)).toEqual([])
})

test('says why an issuer was of no use, once, and lets a key in all the same', async () => {
  issuer.person = { ...issuer.person, email: 'ada@evil.example' }
  const { page, faults } = await visit('/', { viewport: { width: 390, height: 844 } })
  await page.getByRole('link', { name: 'Log in with single sign-on' }).click()
  await page.getByRole('alert').getByText('This account may not come in here.').waitFor()
  expect(page.url()).toBe(`${address}/`)
  await page.screenshot({ path: join(SCREENSHOTS, 'login-phone.png') })
  expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
  await page.reload()
  await page.getByLabel('API key', { exact: true }).waitFor()
  expect(await page.getByRole('alert').count()).toBe(0)
  await page.getByLabel('API key', { exact: true }).fill(key.text)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('button', { name: 'Log out' }).waitFor()
  await page.locator('[data-figure="requests"]').waitFor()
  await page.screenshot({ path: join(SCREENSHOTS, 'logged-in-phone.png') })
  expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
  expect(others(faults)).toEqual([])
})
