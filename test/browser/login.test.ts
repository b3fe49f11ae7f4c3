import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { mintKey } from '../../packages/server/src/identity/api-key.ts'
import { type Issuer, startIssuer } from '../login/testing/issuer.ts'
import { SCREENSHOTS } from './testing/page.ts'
import { stage } from './testing/stage.ts'

/** Getting in, in a real browser: by key, by an issuer, and out again. */

let issuer: Issuer
const key = mintKey()
const at = stage(
  async () => {
    issuer = await startIssuer()
    const { url, clientId, clientSecret } = issuer
    return {
      store: 'memory:',
      login: { oidc: { issuer: url, clientId, clientSecret, allowedDomains: ['example.com'] } },
    }
  },
  async ({ state, ingest }) => {
    const row = { id: key.id, name: 'test', secretHash: key.secretHash, scopes: ['read'], createdMs: 0 } as const
    await state.write([{ table: 'keys', id: key.id, row }])
    await ingest.submit({ items: [{ model: 'gpt-4o', input_tokens: 1_000 }], door: 'test' })
  },
)
const { visit } = at
afterEach(() => issuer.close())

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
  await at.tallystick.state.write([
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
  expect(new URL(page.url()).origin).toBe(at.address)
  expect(new URL(page.url()).searchParams.get('is.provider')).toBe('openai')
  expect(await page.getByRole('button', { name: 'Log out' }).getAttribute('title')).toContain('user ada@example.com')
  expect(others(faults)).toEqual([])
})

test('says why an issuer was of no use, once, and lets a key in all the same', async () => {
  issuer.person = { ...issuer.person, email: 'ada@evil.example' }
  const { page, faults } = await visit('/', { viewport: { width: 390, height: 844 } })
  await page.getByRole('link', { name: 'Log in with single sign-on' }).click()
  await page.getByRole('alert').getByText('This account may not come in here.').waitFor()
  expect(page.url()).toBe(`${at.address}/`)
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
