import { expect, test } from 'vitest'
import { LONG } from '../../packages/core/src/testing/thorough.ts'
import { PAGES } from './testing/pages.ts'
import { stage } from './testing/stage.ts'
import { traffic } from './testing/traffic.ts'

/** A server that ends and comes back under pages that are open. */

const at = stage()
/** One of each kind; all of them in the long run. */
const KINDS = ['/', '/requests', '/providers', '/budgets']
const CHOSEN = LONG ? PAGES : PAGES.filter(({ path }) => KINDS.includes(path))

test('every page says it quietly, mends by itself and is right after', async () => {
  const now = Date.now()
  await at.post('/api/v1/events', traffic(20, now - 3_600_000, now - 60_000))
  const open = await Promise.all(CHOSEN.map(({ path }) => at.visit(path)))
  for (const watched of open) {
    await watched.settled()
    await watched.page.locator('[data-live="live"]').waitFor()
  }
  await at.stop()
  for (const { page } of open) {
    await page.getByText(/^\s*Disconnected\./).waitFor()
    // What was there stays there.
    expect(await page.locator('main h1').count()).toBe(1)
  }
  await at.restart()
  await at.post('/api/v1/events', traffic(7, Date.now() - 2_000, Date.now() - 1_000, 'later'))
  for (const [index, watched] of open.entries()) {
    const { page, faults } = watched
    const { path } = CHOSEN[index] ?? { path: '' }
    await page.locator('[data-live="live"]').waitFor({ timeout: 40_000 })
    await page.getByText(/^\s*Disconnected\./).waitFor({ state: 'hidden' })
    // A page that looks now and then has looked again by itself.
    await expect.poll(() => page.getByRole('alert').allTextContents(), { timeout: 20_000 }).toEqual([])
    if (path === '/') await page.locator('[data-figure="requests"]').getByText('27', { exact: false }).waitFor()
    // That nobody answered is the one thing that the browser itself complains of.
    expect(
      faults.filter(
        (fault) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/.test(fault),
      ),
    ).toEqual([])
  }
}, 120_000)
