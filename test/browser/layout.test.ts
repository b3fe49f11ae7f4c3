import { expect, test, vi } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { fill, lastHour } from './testing/filled.ts'
import { PAGES } from './testing/pages.ts'
import { overflow, stage } from './testing/stage.ts'

/** Nothing jumps, nothing is wider than the screen, paper is enough, and who wants no motion gets none. */

const at = stage(
  undefined,
  async (tallystick) => {
    await fill(tallystick, { toMs: Date.now(), year: thorough(800, 4_000), day: thorough(300, 600) })
    await lastHour(tallystick, Date.now())
  },
  {
    standing: true,
  },
)

vi.setConfig({ testTimeout: 90_000 })
const WIDTHS = LONG ? [390, 768, 1024, 1440, 1920] : [390, 1024]
/** Half of what is called good (web.dev/articles/cls: 0.1) would be five times as much. */
const MOST_SHIFT = 0.02

const OBSERVE = `
  globalThis.shifts = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue
      shifts.push({ value: entry.value, of: entry.sources.map(({ node, previousRect: a, currentRect: b }) =>
        ((node?.outerHTML ?? node?.textContent ?? '') + '').slice(0, 120) + ' ' + [a.x, a.y, a.width, a.height] + ' to ' + [b.x, b.y, b.width, b.height]) })
    }
  }).observe({ type: 'layout-shift', buffered: true })`

type Shift = { readonly value: number; readonly of: readonly string[] }

/** Those that load as the others do: at a width of their own, the others of their kind at both. */
const LIKE = ['/agents', '/users', '/credentials', '/sessions', '/tools', '/alerts', '/reports', '/keys']
const SCREEN = [1440, 900] as const
const PHONE = [390, 844] as const

test.each(PAGES)('$path does not jump as it loads and fits every width', async ({ path }) => {
  for (const [width, height] of LONG || !LIKE.includes(path) ? [SCREEN, PHONE] : [SCREEN]) {
    const watched = await at.visit(`${path}?range=all`, { viewport: { width, height } }, (page) =>
      page.addInitScript({ content: OBSERVE }),
    )
    await watched.settled()
    const shifts = (await watched.page.evaluate('shifts')) as readonly Shift[]
    const sum = shifts.reduce((total, { value }) => total + value, 0)
    expect(sum < MOST_SHIFT, `${width} px: ${sum} ${JSON.stringify(shifts, undefined, 1)}`).toBe(true)
    for (const other of width === 1440 ? WIDTHS : [])
      for (const half of [1, 2]) {
        // At 200 % a window holds half as many CSS pixels.
        await watched.page.setViewportSize({ width: Math.max(320, other / half), height: 900 / half })
        expect(await overflow(watched), `${other} px at ${half * 100} %`).toBe(0)
      }
    expect(watched.faults).toEqual([])
  }
})

/** Those whose parts are found on the others: figures, a long table, charts over time, a document, forms. */
const PRINTED = LONG
  ? PAGES
  : PAGES.filter(({ path }) => ['/', '/requests', '/explore', '/reports', '/budgets'].includes(path))

test.each(PRINTED)('$path prints whole, without what only a screen can use', async ({ path }) => {
  const watched = await at.visit(`${path}?range=all`, {
    // A4 on its side.
    viewport: { width: 1047, height: 718 },
    reducedMotion: 'reduce',
    colorScheme: 'dark',
  })
  const { page, faults } = watched
  await watched.settled()
  expect(await page.evaluate('document.getAnimations().length')).toBe(0)
  const moving = `[...document.querySelectorAll('*')].filter((it) => { const { animationName, transitionDuration } = getComputedStyle(it); return animationName !== 'none' || parseFloat(transitionDuration) > 0 }).length`
  expect(await page.evaluate(moving)).toBe(0)
  await page.emulateMedia({ media: 'print' })
  expect(await page.locator('nav:visible').count()).toBe(0)
  await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe('light')
  const cut = `[...document.querySelectorAll('main *')].filter((it) => it.checkVisibility() && it.scrollHeight > it.clientHeight + 1 && ['auto', 'scroll'].includes(getComputedStyle(it).overflowY)).map((it) => it.outerHTML.slice(0, 160))`
  expect(await page.evaluate(cut)).toEqual([])
  expect(await overflow(watched)).toBe(0)
  expect(faults).toEqual([])
})
