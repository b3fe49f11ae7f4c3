import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report } from '@tallystick/core/insight'
import { afterAll, expect, test } from 'vitest'
import { SCREENSHOTS } from './testing/page.ts'
import { overflow, stage } from './testing/stage.ts'

/** The page of the reports, in a real browser over a real server. */
const dir = mkdtempSync(join(tmpdir(), 'tallystick-reports-page-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const at = stage(() => ({ store: 'memory:', reports: { dir } }))

const HOUR = 3_600_000
const HOSTILE = '<img src=x onerror="document.title=1">'

async function aDay(): Promise<void> {
  await at.post(
    '/api/v1/events',
    Array.from({ length: 60 }, (_, index) => ({
      event_id: `e${index}`,
      timestamp_ms: Date.now() - (index % 20) * HOUR,
      provider: 'openai',
      model: index % 3 === 0 ? HOSTILE : 'gpt-4o',
      agent_id: `agent ${index % 4}`,
      input_tokens: 10_000,
      output_tokens: 900,
      duration_ms: 700 + index,
    })),
  )
}

test('a report of the range on show is saved in each format, and opens in a tab of its own', async () => {
  await aDay()
  const { page, faults } = await at.visit('/reports?range=7d&zone=Asia/Kathmandu&is.model=gpt-4o')
  const saved = async (name: string): Promise<string> => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()])
    expect(download.suggestedFilename()).toMatch(/^usage-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.(json|md|html)$/)
    return readFileSync(await download.path(), 'utf8')
  }
  const report = JSON.parse(await saved('Save JSON')) as Report
  const told = await at.post<{ rows: readonly { requests: number; cost_nano_usd: number }[] }>('/api/v1/query', {
    from: report.from_ms,
    to: report.to_ms,
    measures: ['requests', 'cost_nano_usd'],
    filters: { model: ['gpt-4o'] },
  })
  expect([report.range, report.time_zone]).toEqual(['7d', 'Asia/Kathmandu'])
  expect([report.totals['requests']?.value, report.totals['cost_nano_usd']?.value]).toEqual([
    told.rows[0]?.requests,
    told.rows[0]?.cost_nano_usd,
  ])
  expect(await saved('Save Markdown')).toMatch(/^# Usage report/)
  expect(await saved('Save HTML')).toMatch(/^<!doctype html>/)

  const [tab] = await Promise.all([
    page.context().waitForEvent('page'),
    page.getByRole('link', { name: 'Open in a new tab' }).click(),
  ])
  const said: string[] = []
  tab.on('console', (message) => said.push(message.text()))
  await tab.getByRole('heading', { name: 'Usage report' }).waitFor()
  expect(await tab.locator('dd.figure').nth(1).textContent()).toBe('40')
  expect(await tab.title()).toMatch(/^Usage report/)
  // Its styles are applied: the policy has the hash of them.
  expect(await tab.evaluate('getComputedStyle(document.querySelector("dl.keys")).display')).toBe('grid')
  expect(said).toEqual([])
  await tab.screenshot({ path: join(SCREENSHOTS, 'report-light.png'), fullPage: true })
  await tab.emulateMedia({ colorScheme: 'dark' })
  await tab.screenshot({ path: join(SCREENSHOTS, 'report-dark.png'), fullPage: true })
  await tab.setViewportSize({ width: 390, height: 844 })
  expect(await tab.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
  expect(faults).toEqual([])
})

test('a schedule is made, run, paused, changed and removed by the keyboard alone', async () => {
  await aDay()
  const watched = await at.visit('/reports')
  const { page, faults } = watched
  await page.getByText('None yet.').waitFor()
  await page.getByRole('button', { name: 'New schedule' }).press('Enter')
  // The form has the focus, so one can type at once.
  await page.keyboard.type(HOSTILE)
  await page.getByLabel('Goes to').selectOption('file')
  await page.getByLabel('When').selectOption('day')
  await page.getByLabel('At', { exact: true }).fill('07:30')
  await page.getByLabel('Time zone', { exact: true }).fill('Mars/Base')
  await page.getByLabel('Time zone', { exact: true }).press('Enter')
  await page.getByRole('alert').getByText('Mars/Base').waitFor()
  await page.getByLabel('Time zone', { exact: true }).fill('Europe/Berlin')
  await page.getByLabel('Time zone', { exact: true }).press('Enter')

  const row = page.locator('[data-schedule]')
  await row.getByText('every day at 07:30').waitFor()
  expect(await row.locator('h3').textContent()).toBe(HOSTILE)
  expect(await row.textContent()).toMatch(/next in \d+ (h|min)/)
  await row.getByRole('button', { name: /^Run / }).press('Enter')
  await row
    .locator('[data-outcome]')
    .getByText(/^delivered /)
    .waitFor()
  const written = readdirSync(dir).filter((name) => name.startsWith('usage-'))
  expect(written).toHaveLength(1)
  expect(readFileSync(join(dir, written[0] as string), 'utf8')).not.toContain('<img')

  await row.getByRole('button', { name: /^Pause / }).press('Enter')
  await row.getByText('paused').waitFor()
  await row.getByRole('button', { name: /^Edit / }).press('Enter')
  await page.getByLabel('Name', { exact: true }).fill('Morning figures')
  await page.screenshot({ path: join(SCREENSHOTS, 'reports-form.png') })
  await page.getByRole('button', { name: 'Save changes' }).press('Enter')
  await row.getByText('Morning figures').waitFor()
  expect(await row.textContent()).toContain('paused')
  await row.getByRole('button', { name: /^Resume / }).press('Enter')
  await row.getByRole('button', { name: /^Pause / }).waitFor()
  await page.screenshot({ path: join(SCREENSHOTS, 'reports-light.png') })
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await overflow(watched)).toBe(0)
  await page.screenshot({ path: join(SCREENSHOTS, 'reports-phone.png') })
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.keyboard.press('Escape')
  await page.getByRole('heading', { name: 'Reports by schedule' }).click()
  await page.keyboard.press('d')
  await page.screenshot({ path: join(SCREENSHOTS, 'reports-dark.png') })

  await row.getByRole('button', { name: /^Remove / }).press('Enter')
  await row.getByRole('button', { name: /^Really remove/ }).press('Enter')
  await page.getByText('None yet.').waitFor()
  // What was refused, which the browser notes by itself.
  expect(faults.filter((fault) => !/ 400 /.test(fault))).toEqual([])
})
