import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SCREENSHOTS } from './testing/page.ts'
import { overflow, stage } from './testing/stage.ts'

/** The page of the recommendations, in a real browser over a real server. */
const at = stage()

const HOUR = 3_600_000
let sent = 0
const requests = (count: number, how: object): readonly object[] =>
  Array.from({ length: count }, (_, index) => ({
    event_id: `e${++sent}`,
    timestamp_ms: Date.now() - HOUR - index,
    duration_ms: 900,
    provider: 'openai',
    model: 'gpt-4o',
    success: true,
    ...how,
  }))

async function aMonth(): Promise<void> {
  await at.post('/api/v1/events', [
    ...requests(120, { agent_id: 'nightly', stream: false, input_tokens: 9_000, output_tokens: 300 }),
    ...requests(15, {
      kind: 'llm_request_failed',
      success: false,
      status_code: 500,
      input_tokens: 40_000,
      output_tokens: 0,
    }),
    ...requests(20, {
      kind: 'llm_request_failed',
      success: false,
      backend: '<b>flaky</b>',
      input_tokens: 0,
      output_tokens: 0,
    }),
  ])
}

test('the page says what to do and what it saves, leads to the evidence, and leaves out what is dismissed', async () => {
  const empty = await at.visit('/recommendations')
  await empty.page.getByText('Nothing to change, as far as the figures tell.').waitFor()
  await aMonth()
  const { page, faults } = await at.visit('/recommendations')
  const rows = page.locator('[data-rule]')
  await rows.first().waitFor()
  const rules = (): Promise<(string | null)[]> =>
    rows.evaluateAll((found) => found.map((row) => row.getAttribute('data-rule')))
  const before = await rules()
  expect(before).toEqual(['backend_reliability', 'batch_tier', 'paid_failures', 'unused_cache'])
  expect(await rows.first().textContent()).toContain('<b>flaky</b>')
  const told = (await (await fetch(`${at.address}/api/v1/recommendations`)).json()) as {
    recommendations: { rule: string }[]
  }
  expect(told.recommendations.map(({ rule }) => rule)).toEqual(before)
  await page.screenshot({ path: join(SCREENSHOTS, 'recommendations-light.png') })

  // By the keyboard alone: dismiss the first, show it again, restore it.
  await rows
    .first()
    .getByRole('button', { name: /^Dismiss/ })
    .focus()
  await page.keyboard.press('Enter')
  await expect.poll(rules).toEqual(before.slice(1))
  await page.getByRole('button', { name: 'Show dismissed (1)' }).click()
  await expect.poll(rules).toEqual(before)
  await rows
    .first()
    .getByRole('button', { name: /^Restore/ })
    .press('Enter')
  await rows
    .first()
    .getByRole('button', { name: /^Dismiss/ })
    .waitFor()

  await page.locator('[data-rule="paid_failures"] a').click()
  await page.getByText('gpt-4o').first().waitFor()
  expect(page.url()).toContain('is.model=gpt-4o')
  expect([...faults, ...empty.faults]).toEqual([])
}, 60_000)

test('it fits a phone, in the dark', async () => {
  await aMonth()
  const watched = await at.visit('/recommendations', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await watched.page.locator('[data-rule]').first().waitFor()
  await watched.page.screenshot({ path: join(SCREENSHOTS, 'recommendations-phone-dark.png'), fullPage: true })
  expect(await overflow(watched)).toBe(0)
  expect(watched.faults).toEqual([])
}, 60_000)
