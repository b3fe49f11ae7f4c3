import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions } from 'playwright-core'
import { expect, test } from 'vitest'
import { fill, lastHour } from './testing/filled.ts'
import { SCREENSHOTS, type Watched } from './testing/page.ts'
import { PAGES, slug } from './testing/pages.ts'
import { stage } from './testing/stage.ts'

/**
 * Every page as a person sees it, for eyes to judge; with `TALLYSTICK_IMAGES` the few that the documents show go there. Clocks
 * stand still and chance is seeded: the same sources give the same pictures.
 */

const HOUR = 3_600_000
const NOW = Date.UTC(2026, 10, 20, 14, 32, 10)
/** Of how many pixels the documents' pictures are. */
const SMALL = { width: 1280, height: 800 }
const IMAGES = process.env['TALLYSTICK_IMAGES'] ?? ''
/** What the documents show. */
const SHOWN: ReadonlySet<string> = new Set([
  'overview',
  'explore',
  'requests',
  'models',
  'recommendations',
  'reports',
  'providers',
])

let agoMs = 0
const at = stage(
  () => ({ clock: { now: () => NOW - agoMs, monotonic: () => performance.now() } }),
  async (tallystick) => {
    // Time must not go back: the providers are judged as it passes.
    agoMs = HOUR
    await fill(tallystick, { toMs: NOW - HOUR, year: 12_000, week: 22_000, day: 4_000 })
    await lastHour(tallystick, NOW, (ms) => {
      agoMs = ms
    })
  },
  { standing: true },
)

const see = (path: string, options: BrowserContextOptions): Promise<Watched> =>
  at.visit(path, { timezoneId: 'Europe/Oslo', ...options }, (page) => page.clock.setFixedTime(NOW))

const LOOKS = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['phone-light', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
  ['phone-dark', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }],
] as const

test.each(PAGES)(
  '$path, light and dark, wide and narrow',
  async (row) => {
    for (const [name, options] of LOOKS) {
      const watched = await see(row.path, options)
      await watched.settled()
      await watched.page.screenshot({ path: join(SCREENSHOTS, `${slug(row)}-${name}.png`) })
      await watched.page.screenshot({ path: join(SCREENSHOTS, `${slug(row)}-${name}-whole.png`), fullPage: true })
      expect(watched.faults).toEqual([])
      await watched.close()
    }
    const paper = await see(row.path, { viewport: { width: 1047, height: 718 } })
    await paper.settled()
    await paper.page.emulateMedia({ media: 'print' })
    await paper.page.screenshot({ path: join(SCREENSHOTS, `${slug(row)}-print.png`), fullPage: true })
    await paper.page.emulateMedia({ media: 'screen', forcedColors: 'active' })
    await paper.page.setViewportSize({ width: 1440, height: 900 })
    await paper.page.screenshot({ path: join(SCREENSHOTS, `${slug(row)}-forced.png`) })
  },
  120_000,
)

test.skipIf(IMAGES === '').each(PAGES.filter((row) => SHOWN.has(slug(row))))('$path for the documents', async (row) => {
  const dir = fileURLToPath(new URL(`../../${IMAGES}/`, import.meta.url))
  await mkdir(dir, { recursive: true })
  const watched = await see(row.path, { viewport: SMALL })
  await watched.settled()
  const picture = await watched.page.screenshot({ path: join(dir, `${slug(row)}.png`) })
  expect(picture.byteLength).toBeLessThan(250_000)
})
