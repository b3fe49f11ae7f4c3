import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { LONG } from '../../packages/core/src/testing/thorough.ts'
import { fill } from './testing/filled.ts'
import type { Watched } from './testing/page.ts'
import { PAGES } from './testing/pages.ts'
import { stage } from './testing/stage.ts'

/** The page's own table; the module is one of a browser, which the types of tests do not know. */
const KEYS = new URL('../../packages/dashboard/src/lib/keys.ts', import.meta.url).href
const { SHORTCUTS } = (await import(KEYS)) as { readonly SHORTCUTS: readonly { readonly key: string }[] }

/** Every page by the keyboard alone: nobody needs a pointer, and nobody loses their place. */

vi.setConfig({ testTimeout: 90_000 })
const at = stage(undefined, (tallystick) => fill(tallystick, { toMs: Date.now(), year: 60, day: 12 }), {
  standing: true,
})

const focused = ({ page }: Watched, expression: string): Promise<unknown> =>
  page.evaluate(`(() => { const it = document.activeElement; return ${expression} })()`)

/** Waits for a page to be the one on show, and for the focus to be where its content begins. */
async function arrived(watched: Watched, { path, label }: { path: string; label: string }): Promise<void> {
  await watched.page.waitForURL((url) => url.pathname === path)
  await watched.page.locator('h1', { hasText: label }).waitFor({ state: 'attached' })
  await expect.poll(() => focused(watched, 'it.id')).toBe('main')
  await expect.poll(() => watched.page.locator('[role="status"][aria-live]').last().textContent()).toBe(label)
}

test('g and a letter lead to every page, and the focus to its content', async () => {
  const watched = await at.visit('/?range=7d&is.provider=openai')
  const { page, faults } = watched
  await watched.settled()
  const shown = page.locator('aside nav a')
  expect(
    await shown.evaluateAll((links) => links.map((link) => [link.textContent, link.getAttribute('title')])),
  ).toEqual(PAGES.map(({ label, key }) => [label, `${label} (g ${key})`]))
  for (const row of [...PAGES.slice(1), ...PAGES.slice(0, 1)]) {
    await page.keyboard.press('g')
    await page.keyboard.press(row.key)
    await arrived(watched, row)
    expect(await page.locator('[aria-current="page"]').first().textContent()).toBe(row.label)
    expect(new URL(page.url()).search).toBe('?range=7d&is.provider=openai')
  }
  await watched.settled()
  expect(faults).toEqual([])
})

/** What is a link leads on by Enter; that every page is arrived at the letters show. */
const FOLLOWED = LONG
  ? PAGES.slice(1)
  : PAGES.filter(({ path }) => ['/explore', '/budgets', '/settings'].includes(path))

test('the sidebar leads to every page by Tab and Enter, the skip link past it', async () => {
  const watched = await at.visit('/')
  const { page, faults } = watched
  await watched.settled()
  const links = page.locator('aside nav a')
  expect(await links.evaluateAll((all) => all.map((link) => new URL((link as unknown as URL).href).pathname))).toEqual(
    PAGES.map(({ path }) => path),
  )
  await page.keyboard.press('Tab')
  expect(await focused(watched, 'it.textContent')).toBe('Skip to the content')
  expect(await focused(watched, 'it.getBoundingClientRect().top >= 0')).toBe(true)
  await page.keyboard.press('Enter')
  await expect.poll(() => focused(watched, 'it.id')).toBe('main')
  for (const row of FOLLOWED) {
    await page.locator('aside nav').getByRole('link', { name: row.label, exact: true }).focus()
    await page.keyboard.press('Enter')
    await arrived(watched, row)
  }
  await page.goBack()
  await arrived(watched, FOLLOWED.at(-2) ?? { path: '/', label: 'Overview' })
  await watched.settled()
  expect(faults).toEqual([])
})

const POPOVERS = ['t', 'z', 'v']

/** What Tab must come to: whatever can be worked and is seen, but for what arrows move in. */
const REACHABLE = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')].filter(
  (it) => it.tabIndex >= 0 && !it.disabled && it.checkVisibility({ visibilityProperty: true }) && !it.closest('dialog:not([open])'),
)`
/** Where the focus is, and what is wrong with it. */
const STOP = `(() => {
  const it = document.activeElement
  if (it === null || it === document.body) return null
  globalThis.met ??= new Set()
  const again = globalThis.met.has(it)
  globalThis.met.add(it)
  const box = it.getBoundingClientRect()
  const marked = (of) => { const { outlineStyle, outlineWidth } = getComputedStyle(of); return outlineStyle !== 'none' && parseFloat(outlineWidth) > 0 }
  const field = it.closest('.control')
  // What lies on top where it begins and where it ends: the header that stays may not hide it.
  const seen = [box.top + 3, box.bottom - 3].some((y) => {
    const over = document.elementFromPoint(Math.max(1, Math.min(innerWidth - 2, box.left + box.width / 2)), y)
    return over !== null && (it.contains(over) || over.contains(it))
  })
  const wrong = [
    !marked(it) && !(field && marked(field)) && 'no mark of the focus',
    (box.bottom <= 0 || box.top >= innerHeight || !seen) && 'out of sight',
  ].filter(Boolean)
  return { again, wrong: wrong.map((fault) => fault + ': ' + it.outerHTML.slice(0, 160)) }
})()`
/** Far more than any page has. */
const MOST_STOPS = 400

test.each([...PAGES.map(({ path }) => ({ path, key: 'Tab' })), { path: LONG ? '/' : '/requests', key: 'Shift+Tab' }])(
  '$key comes to everything on $path, always seen, and out again',
  async ({ path, key }) => {
    const watched = await at.visit(path)
    const { page, faults } = watched
    await watched.settled()
    const wrong: string[] = []
    let stops = 0
    for (; stops < MOST_STOPS; stops++) {
      await page.keyboard.press(key)
      const stop = (await page.evaluate(STOP)) as { again: boolean; wrong: string[] } | null
      if (stop === null || stop.again) break
      wrong.push(...stop.wrong)
    }
    expect(wrong).toEqual([])
    expect(stops).toBeLessThan(MOST_STOPS)
    const missed = await page.evaluate(
      `${REACHABLE}.filter((it) => !globalThis.met.has(it)).map((it) => it.outerHTML.slice(0, 160))`,
    )
    expect(missed).toEqual([])
    expect(faults).toEqual([])
  },
)

test('the help lists the keys that work, all of them, and they do what it says', async () => {
  const watched = await at.visit('/')
  const { page, faults } = watched
  await watched.settled()
  const focus = (expression: string): Promise<void> => expect.poll(() => focused(watched, expression)).toBe(true)
  const gone = (selector: string): Promise<void> => page.locator(selector).waitFor({ state: 'detached' })
  const effects = new Map<string, () => Promise<unknown>>([
    [
      '/',
      async () => {
        await page.keyboard.press('/')
        await focus(`it.getAttribute('aria-label') === 'Filter by'`)
        await page.keyboard.press('Escape')
      },
    ],
    // What opens a popover is one thing to this test; the table says which there are.
    ...POPOVERS.filter((key) => SHORTCUTS.some((shortcut) => shortcut.key === key)).map(
      (key): [string, () => Promise<unknown>] => [
        key,
        async () => {
          await page.keyboard.press(key)
          await focus(`it.closest('[role="dialog"]') !== null`)
          await page.keyboard.press('Escape')
          await gone('[role="dialog"]')
          // Back where it was opened, as a person who closes it expects.
          await focus(`it.getAttribute('aria-haspopup') === 'dialog'`)
        },
      ],
    ),
    [
      'b',
      async () => {
        await page.keyboard.press('b')
        await focus(`it.id === 'breakdown-by'`)
        await page.evaluate('document.activeElement.blur()')
      },
    ],
    [
      'r',
      async () => {
        const asked = page.waitForRequest('**/api/v1/query')
        await page.keyboard.press('r')
        await asked
      },
    ],
    [
      'd',
      async () => {
        const before = await page.locator('html').getAttribute('data-theme')
        await page.keyboard.press('d')
        expect(await page.locator('html').getAttribute('data-theme')).not.toBe(before)
      },
    ],
    [
      '← →',
      async () => {
        await page.getByRole('img', { name: /^Requests per/ }).focus()
        await page.keyboard.press('ArrowLeft')
        await page.keyboard.press('ArrowRight')
        await page
          .locator('main [aria-live]', { hasText: /\d\d:\d\d/ })
          .first()
          .waitFor({ state: 'attached' })
      },
    ],
    [
      'Enter',
      async () => {
        await page.keyboard.press('Enter')
        await page.waitForURL(/from=/)
      },
    ],
    [
      'Esc',
      async () => {
        await page.keyboard.press('Escape')
        await page.waitForURL((url) => !url.searchParams.has('from'))
        await watched.settled()
      },
    ],
    [
      '↑ ↓',
      async () => {
        const rows = page.locator('#breakdown [data-row]')
        await rows.first().focus()
        await page.keyboard.press('ArrowDown')
        expect(await rows.nth(1).evaluate((row) => row === row.ownerDocument.activeElement)).toBe(true)
        await page.keyboard.press('ArrowUp')
        expect(await rows.nth(0).evaluate((row) => row === row.ownerDocument.activeElement)).toBe(true)
      },
    ],
    [
      '?',
      async () => {
        await page.keyboard.press('?')
        await page.locator('dialog[open]').waitFor()
        await focus(`it.closest('dialog') !== null`)
        expect(await page.locator('dialog[open] dt').allTextContents()).toEqual([
          ...SHORTCUTS.map(({ key }) => key),
          ...PAGES.map(({ key }) => `g ${key}`),
        ])
        // Nothing happens behind it.
        await page.keyboard.press('t')
        await page.keyboard.press('g')
        await page.keyboard.press('k')
        expect(new URL(page.url()).pathname).toBe('/')
        expect(await page.locator('[role="dialog"]').count()).toBe(0)
        await page.keyboard.press('Escape')
        await page.locator('dialog[open]').waitFor({ state: 'hidden' })
      },
    ],
  ])
  expect([...effects.keys()].sort()).toEqual(SHORTCUTS.map(({ key }) => key).sort())
  for (const [, effect] of effects) await effect()

  const shell = readFileSync(new URL('../../packages/dashboard/src/shell/shell.svelte', import.meta.url), 'utf8')
  const handled = [...shell.matchAll(/^ {2}\['(.)', /gm)].map(([, key]) => key)
  expect(handled.length).toBeGreaterThan(5)
  expect(handled.filter((key) => !effects.has(key as string))).toEqual([])
  // No letter means two things after `g`.
  expect(new Set(PAGES.map(({ key }) => key)).size).toBe(PAGES.length)
  expect(faults).toEqual([])
})

test('on a phone the menu opens, leads on and closes', async () => {
  const watched = await at.visit('/', { viewport: { width: 390, height: 844 } })
  const { page, faults } = watched
  await watched.settled()
  const opener = page.getByRole('button', { name: 'Pages', exact: true })
  await opener.focus()
  await page.keyboard.press('Enter')
  await expect.poll(() => focused(watched, `it.closest('dialog') !== null`)).toBe(true)
  await page.keyboard.press('Escape')
  await expect.poll(() => focused(watched, `it.getAttribute('aria-label')`)).toBe('Pages')
  const [, second = { path: '/', label: 'Overview' }] = PAGES
  await page.keyboard.press('Enter')
  await page.locator('dialog[open] nav').getByRole('link', { name: second.label, exact: true }).focus()
  await page.keyboard.press('Enter')
  await arrived(watched, second)
  expect(await page.locator('dialog[open]').count()).toBe(0)
  expect(faults).toEqual([])
})
