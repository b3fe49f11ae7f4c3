import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { money, toExact } from '../../packages/dashboard/src/lib/format.ts'
import { SCREENSHOTS } from './testing/page.ts'
import { people } from './testing/people.ts'
import { overflow, stage } from './testing/stage.ts'

/** The first screen of the Overview: what was spent, where it is going, whether that is all, and who caused it. */

const DAY = 86_400_000
const ZONE = 'Asia/Kathmandu'
const at = stage()

interface Spend {
  readonly cost_nano_usd: number | null
}
interface Outlook {
  readonly today: Spend
  readonly last_7_days: Spend
  readonly this_month: Spend
  readonly month_end: { readonly low_nano_usd: number; readonly high_nano_usd: number } | null
}
const outlook = async (more = ''): Promise<Outlook> =>
  (await (
    await fetch(`${at.address}/api/v1/projection?time_zone=${encodeURIComponent(ZONE)}&consistency=applied${more}`)
  ).json()) as Outlook
const eventually = <T>(value: () => Promise<T>) => expect.poll(value, { timeout: 12_000 })
const WIDE = { viewport: { width: 1440, height: 900 } }
const PHONE = { viewport: { width: 390, height: 844 } }

describe('with weeks of traffic', () => {
  beforeEach(async () => {
    const now = Date.now()
    const events = people(1_800, now - 45 * DAY, now - 60_000)
    for (let start = 0; start < events.length; start += 900)
      await at.post('/api/v1/events', events.slice(start, start + 900))
    // A source whose second and third events never came, and one that says it dropped some.
    const source = (seq: number, more: object = {}) => ({
      event_id: `s${seq}`,
      timestamp_ms: now - 3_600_000,
      model: 'gpt-4o',
      source_id: 'gateway-oslo',
      epoch: 1,
      seq,
      ...more,
    })
    await at.post('/api/v1/events', [source(0), source(3)])
  })

  test('answers the four questions without scrolling, with the figures of the API', async () => {
    const { page, faults } = await at.visit('/?range=7d', WIDE)
    const { today, last_7_days: week, this_month: month, month_end: end } = await outlook()
    const now = (name: string) => page.locator(`[data-now="${name}"]`).textContent()
    await page.locator('[data-now="month"]').waitFor()
    expect([await now('today'), await now('week'), await now('month')]).toEqual(
      // In the first minutes of a day nothing has been spent yet, and of nothing the API knows no cost.
      [today, week, month].map(({ cost_nano_usd: cost }) => money(cost ?? 0)),
    )
    if (end === null) throw new Error('Six weeks are enough to tell the end of a month from.')
    const said = (await page.locator('[data-month-end]').textContent()) ?? ''
    expect(said).toContain(`${money(end.low_nano_usd)} to ${money(end.high_nano_usd)} by the end of`)
    const { rows } = await at.post<{ rows: { cache_savings_nano_usd: number }[] }>('/api/v1/query', {
      from: Date.now() - 7 * DAY,
      measures: ['cache_savings_nano_usd'],
    })
    await eventually(() => now('saved')).toBe(money(toExact(rows[0]?.cache_savings_nano_usd)))

    const line = page.locator('[data-complete]')
    await line.getByText('Not complete: 2 events did not arrive, and no source says why.').waitFor()
    await page.getByRole('img', { name: /^Spend per/ }).waitFor()
    const { y = 0, height = 0 } = (await line.boundingBox()) ?? {}
    expect(y + height).toBeLessThan(900)
    await page.screenshot({ path: join(SCREENSHOTS, 'overview-first-light.png') })
    await line.getByRole('button', { name: 'Details' }).click()
    expect(await page.locator('[data-gap="gateway-oslo"] td').nth(1).textContent()).toBe('2')
    await page.screenshot({ path: join(SCREENSHOTS, 'overview-completeness-light.png') })

    // Filters hold for what is spent these days too.
    await page.goto(`${at.address}/?range=7d&is.agent_id=coder`)
    const coder = await outlook('&agent_id=coder')
    await eventually(() => now('month')).toBe(money(coder.this_month.cost_nano_usd ?? 0))

    // What the second list splits by is picked, and stays in the address.
    const list = page.getByRole('combobox', { name: 'Split spend by' })
    await list.selectOption('api_key_id')
    await page.waitForURL(/cause=api_key_id/)
    await page.getByRole('region', { name: 'Spend by API key' }).getByText('key-1').waitFor()
    await list.selectOption('provider')
    await page.getByRole('region', { name: 'Spend by provider' }).getByText('anthropic').waitFor()
    await page.getByRole('img', { name: /^Time to first byte per/ }).waitFor()
    expect(faults).toEqual([])
  }, 60_000)

  test('stands in the dark and on a phone', async () => {
    const dark = await at.visit('/?range=30d', { ...WIDE, colorScheme: 'dark' })
    await dark.page.getByRole('img', { name: /^Time to first byte per/ }).waitFor()
    await dark.page.screenshot({ path: join(SCREENSHOTS, 'overview-first-dark.png') })
    await dark.page.locator('#events [data-row]').first().waitFor()
    await dark.page.screenshot({ path: join(SCREENSHOTS, 'overview-whole-dark.png'), fullPage: true })
    const phone = await at.visit('/?range=30d', PHONE)
    await phone.page.locator('[data-month-end]').waitFor()
    await phone.page.getByRole('img', { name: /^Spend per/ }).waitFor()
    expect(await overflow(phone)).toBe(0)
    await phone.page.screenshot({ path: join(SCREENSHOTS, 'overview-first-phone.png') })
    expect([...dark.faults, ...phone.faults]).toEqual([])
  }, 60_000)
})

test('on the first day it is too early to say', async () => {
  await at.post('/api/v1/events', people(30, Date.now() - 600_000, Date.now() - 1_000))
  const { page, faults } = await at.visit('/')
  await page.getByText(/^Too early to say what .* comes to$/).waitFor()
  await page.getByText('Every accepted event is counted.', { exact: false }).waitFor()
  expect(faults).toEqual([])
}, 30_000)
