import { join } from 'node:path'
import { expect, test } from 'vitest'
import { money, moneyExact, toExact } from '../../packages/dashboard/src/lib/format.ts'
import { SCREENSHOTS } from './testing/page.ts'
import { overflow, stage } from './testing/stage.ts'
import { HOSTILE, traffic } from './testing/traffic.ts'

/** The page of the sessions, in a real browser over a real server. */
const at = stage()

const DAY = 86_400_000
const FROM = Date.UTC(2023, 10, 16)

test('lists sessions with their figures, sorted as asked, and opens one in order with what it had cost by then', async () => {
  const names = ['chat-1', 'chat-2', 'nightly-import', ...HOSTILE]
  // Every third request belongs to none; the rest go round the sessions.
  const events = traffic(300, FROM, FROM + DAY).map((event, index) =>
    index % 3 === 0 ? event : { ...event, session_id: names[index % names.length], user_id: `user-${index % 4}` },
  )
  await at.post('/api/v1/events', events)
  const ask = async (query: object): Promise<readonly Record<string, string | number | null>[]> =>
    (
      await at.post<{ rows: Record<string, string | number | null>[] }>('/api/v1/query?consistency=applied', {
        from: FROM,
        to: FROM + DAY,
        ...query,
      })
    ).rows
  const by = {
    group_by: ['session_id'],
    filters: { session_id: { not: [null] } },
    measures: ['cost_nano_usd', 'requests'],
  }
  const expected = await ask({ ...by, order_by: '-cost_nano_usd' })

  const watched = await at.visit(`/sessions?from=${FROM}&to=${FROM + DAY}`)
  const { page, faults } = watched
  const rows = page.locator('#sessions [data-row]')
  await rows.first().waitFor()
  expect(await rows.count()).toBe(names.length)
  await page.getByRole('button', { name: 'Spend' }).click()
  await expect.poll(() => rows.allTextContents()).toEqual(expected.map((row) => row['session_id']))
  expect(page.url()).toContain('order=-cost_nano_usd')
  const spend = page.locator('#sessions tbody td:last-child')
  expect((await spend.allTextContents()).map((text) => text.replace(/\s*\+$/, '').trim())).toEqual(
    expected.map((row) => money(toExact(row['cost_nano_usd']))),
  )
  await page.locator('#sessions tbody td').getByText('+', { exact: false }).first().waitFor()
  await page.screenshot({ path: join(SCREENSHOTS, 'sessions-light.png') })

  await rows.first().focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  const panel = page.getByRole('complementary', { name: 'One session' })
  const second = expected[1] ?? {}
  await expect.poll(() => panel.locator('tbody tr').count()).toBe(second['requests'])
  const sums = await panel
    .locator('tbody td:last-child')
    .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('title')))
  expect(sums.at(-1)).toBe(moneyExact(toExact(second['cost_nano_usd'])))
  const { events: own } = (await (
    await fetch(`${at.address}/api/v1/events?order=asc&session_id=${encodeURIComponent(String(second['session_id']))}`)
  ).json()) as { events: { cost_nano_usd?: number }[] }
  const spent = own.map((_, index) =>
    own.slice(0, index + 1).reduce((sum, { cost_nano_usd: cost = 0 }) => sum + cost, 0),
  )
  expect(sums).toEqual(spent.map((nano) => moneyExact(nano)))
  expect(page.url()).toContain('session=')
  await page.screenshot({ path: join(SCREENSHOTS, 'session-light.png') })
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.screenshot({ path: join(SCREENSHOTS, 'session-dark.png') })
  await page.emulateMedia({ colorScheme: 'light' })

  await panel.locator('tbody a').first().click()
  await page.getByRole('complementary', { name: 'One request' }).locator('[data-receipt]').waitFor()
  await page.goBack()
  await panel.waitFor()
  await page.keyboard.press('Escape')
  await panel.waitFor({ state: 'detached' })

  await page.setViewportSize({ width: 390, height: 844 })
  await page.screenshot({ path: join(SCREENSHOTS, 'sessions-phone.png') })
  expect(await overflow(watched)).toBe(0)
  await page.locator('#sessions [data-row]').nth(1).click()
  await page.locator('figure svg').waitFor()
  await page.screenshot({ path: join(SCREENSHOTS, 'session-phone.png') })
  await page.goto(`${at.address}/sessions`)
  await page.getByText('No requests with a session in this range').waitFor()
  expect(faults).toEqual([])
})
