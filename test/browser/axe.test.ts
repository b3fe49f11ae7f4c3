import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { describe, expect, test, vi } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { fill, lastHour } from './testing/filled.ts'
import type { Watched } from './testing/page.ts'
import { PAGES } from './testing/pages.ts'
import { stage } from './testing/stage.ts'

/** Every page as axe-core reads it, which finds what those who cannot see or point would stumble over. */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
vi.setConfig({ testTimeout: 90_000 })

/** What a theme decides. */
const COLOURS = ['color-contrast', 'link-in-text-block']
/** What a narrow screen decides. */
const ROOM = ['scrollable-region-focusable', 'target-size']
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What fades has other colours on the way than where it stands. */
const STILL = { reducedMotion: 'reduce' } as const

/** Violations, each with the elements that break it. It is evaluated from outside: the policy of the page stays as it is. */
async function violations({ page }: Watched, rules: readonly string[] = RULES): Promise<readonly string[]> {
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(AXE)
  const { violations: found } = (await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(rules)}, resultTypes: ['violations'] })`,
  )) as AxeResults
  return found.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join('; ')}`,
  )
}

/** A model of which the prices, and the receipt, are wider than a phone. */
const CARD = { usd_per_million: { input: 1.25, cache_read: 0.125, cache_write: 1.5625, output: 10 } }
const LONG_CARD = { ...CARD, tiers: [{ above_input_tokens: 200_000, ...CARD }] }
const WIDE_PRICE = {
  model: 'house-wide',
  ...LONG_CARD,
  service_tiers: { batch: LONG_CARD, flex: LONG_CARD, priority: LONG_CARD },
}
const WIDE_EVENT = {
  event_id: 'wide',
  model: 'house-wide',
  input_tokens: 987_654_321,
  cache_read_tokens: 123_456_789,
  output_tokens: 987_654_321,
  cost_usd: 1_234_567.890123456,
}

/** Empty, most pages say the same; of these each says it in its own way. */
const EMPTY = LONG ? PAGES : PAGES.filter(({ path }) => ['/', '/requests', '/models', '/budgets'].includes(path))

describe('empty', () => {
  const at = stage(undefined, undefined, { standing: true })

  test.each(EMPTY)('$path has no violations, light and dark', async ({ path }) => {
    const watched = await at.visit(path, STILL)
    await watched.settled()
    expect(await violations(watched)).toEqual([])
    await watched.page.keyboard.press('d')
    expect(await violations(watched, COLOURS)).toEqual([])
    expect(watched.faults).toEqual([])
  })
})

describe('filled', () => {
  const at = stage(
    () => ({ prices: [{ name: 'own.json', content: { prices: [WIDE_PRICE] } }] }),
    async (tallystick) => {
      await fill(tallystick, { toMs: Date.now(), year: thorough(300, 2_000), day: thorough(250, 1_000) })
      await lastHour(tallystick, Date.now())
      await tallystick.ingest.submit({ items: [WIDE_EVENT], door: 'native' })
    },
    {
      standing: true,
    },
  )

  test.each(PAGES)('$path has no violations, light and dark', async ({ path }) => {
    const watched = await at.visit(path, STILL)
    await watched.settled()
    // What is folded away counts too.
    for (const summary of await watched.page.locator('main summary').all()) await summary.click()
    await watched.settled()
    expect(await violations(watched)).toEqual([])
    await watched.page.keyboard.press('d')
    expect(await violations(watched, COLOURS)).toEqual([])
    await watched.page.setViewportSize({ width: 390, height: 844 })
    expect(await violations(watched, ROOM)).toEqual([])
    expect(watched.faults).toEqual([])
  })

  test.each(['/requests?range=7d&event=wide', '/settings?tab=prices&model=house-wide'])(
    'what is too wide for a phone is reached by the keyboard: %s',
    async (path) => {
      const watched = await at.visit(path, STILL)
      const { page } = watched
      await page.setViewportSize({ width: 390, height: 844 })
      await page.locator('[data-receipt] table, [data-price]').first().waitFor()
      await watched.settled()
      const scrolls = page.locator('[role="group"][tabindex="0"]', { has: page.locator('table') })
      await scrolls.first().waitFor()
      expect(await violations(watched)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      expect(watched.faults).toEqual([])
    },
  )

  /** Below what opens lies a page that is read above; the less there is of it, the sooner it is read again. */
  const BELOW = LONG ? '/' : '/reports'

  test('what opens over a page has none either', async () => {
    const watched = await at.visit(BELOW, STILL)
    const { page } = watched
    await watched.settled()
    // One popover is as another.
    for (const key of LONG ? ['t', 'z', '/', '?'] : ['t', '/', '?']) {
      await page.keyboard.press(key)
      await page.locator('[role="dialog"], [data-option], dialog[open]').first().waitFor()
      expect(await violations(watched), key).toEqual([])
      await page.keyboard.press('Escape')
    }
    await page.setViewportSize({ width: 390, height: 844 })
    await page.getByRole('button', { name: 'Pages', exact: true }).click()
    await page.locator('dialog[open] nav').waitFor()
    expect(await violations(watched)).toEqual([])
    expect(watched.faults).toEqual([])
  })

  test('what opens within a page has none either', async () => {
    const watched = await at.visit('/', STILL)
    const { page } = watched
    await watched.settled()
    await page.getByRole('button', { name: 'Table', exact: true }).first().click()
    await page.locator('#events [data-row]').first().click()
    await page.getByRole('button', { name: 'More', exact: true }).click()
    expect(await violations(watched)).toEqual([])
    await page.setViewportSize({ width: 390, height: 844 })
    expect(await violations(watched, LONG ? RULES : ROOM)).toEqual([])
    if (LONG) {
      await page.getByRole('button', { name: 'Pages', exact: true }).click()
      expect(await violations(watched)).toEqual([])
    }
    expect(watched.faults).toEqual([])
  })
})

describe('closed', () => {
  const at = stage(undefined, async ({ fetch: ask }) => {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'Ada', scopes: ['admin'] })
    const made = await ask(new Request('http://localhost/api/v1/keys', { method: 'POST', headers, body }), {
      trusted: true,
    })
    expect(made.ok, await made.text()).toBe(true)
  })

  test('the login page has none', async () => {
    const watched = await at.visit('/', STILL)
    await watched.page.getByLabel('API key').waitFor()
    expect(await violations(watched)).toEqual([])
    await watched.page.emulateMedia({ colorScheme: 'dark' })
    expect(await violations(watched, COLOURS)).toEqual([])
  })
})
