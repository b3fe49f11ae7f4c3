import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SCREENSHOTS } from './testing/page.ts'
import { overflow, stage } from './testing/stage.ts'

/** The page of the providers, in a real browser over a real server whose clock the test moves. */

const MINUTE = 60_000
let agoMs = 0
const at = stage(() => {
  agoMs = 0
  return { clock: { now: () => Date.now() - agoMs, monotonic: () => performance.now() } }
})

let sent = 0
const FAILED = { success: false, status_code: 503, error_type: 'server_error' }
const REFUSED = { success: false, status_code: 429, error_type: 'rate_limit_error' }

const requests = (provider: string, count: number, how: object = {}): readonly object[] =>
  Array.from({ length: count }, (_, index) => ({
    event_id: `e${++sent}`,
    timestamp_ms: Date.now() - agoMs - 4_000,
    duration_ms: 300 + 40 * index,
    provider,
    model: `${provider}-large`,
    ...how,
  }))

/** An hour in which one provider went down twice, one has too much to do, one is well and one is not asked any more. */
async function anHour(): Promise<void> {
  for (let minute = 57; minute >= 0; minute -= 3) {
    agoMs = minute * MINUTE
    await at.post('/api/v1/events', [
      ...requests('openai', 20),
      ...requests('anthropic', 12, minute < 14 || (minute > 30 && minute < 38) ? FAILED : {}),
      ...(minute > 40 ? requests('mistral', 8) : []),
      ...requests('groq', 18),
      ...(minute < 24 ? requests('groq', 4, REFUSED) : []),
    ])
    at.tallystick.providers.list(undefined)
  }
}

test('the page tells in words, shapes and figures how each provider does, and follows what happens', async () => {
  const empty = await at.visit('/providers')
  await empty.page.getByText('No provider has been asked of late.').waitFor()
  await anHour()
  const { page, faults } = await at.visit('/providers')
  const rows = page.locator('[data-provider]')
  await rows.first().waitFor()
  expect(await rows.evaluateAll((found) => found.map((row) => row.getAttribute('data-provider')))).toEqual([
    'anthropic',
    'groq',
    'openai',
    'mistral',
  ])
  expect(await page.locator('[data-summary]').textContent()).toBe('anthropic is down; groq is degraded.')
  expect(await page.locator('[data-state]').allTextContents()).toEqual([' down', ' degraded', ' available', ' unknown'])
  expect(await rows.nth(0).textContent()).toMatch(/Failed\s*100\s%/)
  expect(await rows.nth(1).textContent()).toMatch(/Overloaded\s*18\.2\s%/)
  expect(await rows.nth(2).getByRole('img').getAttribute('aria-label')).toMatch(/^The last hour: .*available/)
  expect(await rows.nth(0).getByRole('img').getAttribute('aria-label')).toMatch(/down from \d\d:\d\d, .*available from/)
  await page.screenshot({ path: join(SCREENSHOTS, 'providers-light.png') })

  // By the keyboard alone: to the changes of the first, which say what it was judged by.
  const first = rows.nth(0)
  await first.getByRole('link', { name: 'anthropic' }).focus()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await first
    .getByText(/to down, \d+ failed of \d+/)
    .first()
    .waitFor()
  await page.screenshot({ path: join(SCREENSHOTS, 'providers-changes.png') })

  const overview = await at.visit('/')
  await overview.page.getByRole('link', { name: 'anthropic is down; groq is degraded.' }).waitFor()
  await overview.page.screenshot({ path: join(SCREENSHOTS, 'providers-overview.png') })

  await at.post('/api/v1/events', requests('openai', 100, FAILED))
  await expect
    .poll(() => page.locator('[data-summary]').textContent(), { timeout: 10_000 })
    .toContain('openai are down')
  await expect.poll(() => page.locator('[aria-live]').textContent()).toContain('openai is down.')
  expect(faults).toEqual([])
  expect([...empty.faults, ...overview.faults]).toEqual([])
}, 60_000)

test('it fits a phone, in the dark', async () => {
  await anHour()
  const watched = await at.visit('/providers', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await watched.page.locator('[data-provider]').first().waitFor()
  await watched.page.screenshot({ path: join(SCREENSHOTS, 'providers-phone-dark.png'), fullPage: true })
  expect(await overflow(watched)).toBe(0)
  expect(watched.faults).toEqual([])
}, 60_000)
