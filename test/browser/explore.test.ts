import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { money, moneyExact, toExact } from '../../packages/dashboard/src/lib/format.ts'
import { figureOf } from '../../packages/dashboard/src/lib/measures.ts'
import { SCREENSHOTS } from './testing/page.ts'
import { overflow, stage } from './testing/stage.ts'
import { HOSTILE, type Sent, traffic } from './testing/traffic.ts'

/** The page Explore and the saved views, in a real browser over a real server. */
const at = stage()

const DAY = 86_400_000
const FROM = Date.UTC(2023, 10, 16)
const TO = FROM + 2 * DAY

type Row = { readonly [name: string]: string | number | boolean | null }
const ask = async (query: object): Promise<readonly Row[]> =>
  (await at.post<{ rows: readonly Row[] }>('/api/v1/query?consistency=applied', query)).rows

async function send(events: readonly Sent[]): Promise<void> {
  for (let index = 0; index < events.length; index += 1_000)
    await at.post('/api/v1/events', events.slice(index, index + 1_000))
  await ask({ measures: ['events'], from: 0, to: Date.now() + DAY })
}

const span = `from=${FROM}&to=${TO}`
const lines = (page: Page) => page.locator('#explore-table tbody [data-line]')
const cells = (page: Page, measure: string): Promise<string[]> =>
  page.locator(`#explore-table tbody [data-measure="${measure}"]`).allTextContents()
const changes = (page: Page, measure: string): Promise<(string | null)[]> =>
  page
    .locator(`#explore-table tbody [data-change="${measure}"]`)
    .evaluateAll((found) => found.map((cell) => cell.getAttribute('title')))

describe('Explore', () => {
  test('shows the figures of the API, compared, sorted, filtered by a click, in the address, to be copied', async () => {
    await send([...traffic(400, FROM, TO), ...traffic(300, FROM - 2 * DAY, FROM, 'before')])
    const question = `/explore?${span}&by2=agent_id&measures=cost_nano_usd,requests,duration_ms_p95,input_tokens_p50`
    const watched = await at.visit(`${question}&limit=20&compare=1`, { permissions: ['clipboard-read'] })
    const { page, faults } = watched
    await page.locator('[data-change]').first().waitFor()
    expect(await page.locator('[data-sentence]').textContent()).toBe(
      'Spend, requests and 2 more by model and agent, 16 Nov 2023, 05:45 – 18 Nov 2023, 05:45, compared with the equally long period before',
    )
    const body = {
      measures: ['cost_nano_usd', 'requests', 'duration_ms_p95', 'input_tokens_p50'],
      group_by: ['model', 'agent_id'],
      limit: 20,
    }
    const now = await ask({ ...body, from: FROM, to: TO })
    const before = await ask({ ...body, from: FROM - 2 * DAY, to: FROM, limit: 10_000 })
    expect(now).toHaveLength(20)
    expect(await lines(page).count()).toBe(20)
    const written = (measure: string): string[] =>
      now.map((row) =>
        measure === 'cost_nano_usd' && row[measure] === null
          ? 'unpriced'
          : figureOf(measure).format(toExact(row[measure])),
      )
    for (const measure of body.measures) expect(await cells(page, measure), measure).toEqual(written(measure))
    await expect
      .poll(() => changes(page, 'cost_nano_usd'))
      .toEqual(
        now.map((row) => {
          const known = before.find((other) => other['model'] === row['model'] && other['agent_id'] === row['agent_id'])
          return known?.['cost_nano_usd'] === null || row['cost_nano_usd'] === null
            ? expect.stringMatching(/^No figure/)
            : `${moneyExact(toExact(known?.['cost_nano_usd']))} before`
        }),
      )
    const [whole = {}] = await ask({ from: FROM, to: TO, measures: body.measures })
    const foot = page.locator('#explore-table tfoot [data-measure="cost_nano_usd"]')
    expect(await foot.textContent()).toBe(money(toExact(whole['cost_nano_usd'])))
    await page.screenshot({ path: join(SCREENSHOTS, 'explore-light.png') })

    // As lines, each with its dashed one of before; another measure by the keyboard, which waits in the address.
    await page.getByRole('button', { name: 'Lines' }).click()
    await page.getByRole('img', { name: 'gpt-4o, research, before' }).waitFor()
    await page.getByRole('button', { name: /^Measures:/ }).press('Enter')
    await page.keyboard.type('cache hit ratio')
    await page.keyboard.press('ArrowDown')
    await page.screenshot({ path: join(SCREENSHOTS, 'explore-lines-light.png') })
    await page.keyboard.press('Space')
    await expect.poll(() => page.url()).toContain('input_tokens_p50%2Ccache_hit_ratio')
    await page.keyboard.press('Space')
    await page.keyboard.press('Escape')
    await page.locator('th').getByText('Cache hit ratio').waitFor({ state: 'detached' })

    // By the keyboard alone: to the rows, down two, into the value.
    await page.locator('[data-line="0"] [data-row]').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => page.evaluate('document.activeElement.closest("tr")?.dataset.line')).toBe('2')
    // Sorted by the change, which the server does not rank by.
    await page.getByRole('button', { name: 'Change' }).nth(1).press('Enter')
    await expect.poll(() => page.url()).toContain('sort=-change_requests')
    const bySize = await page
      .locator('#explore-table tbody [data-change="requests"]')
      .evaluateAll((found) =>
        found.map((cell) => Number((cell.firstChild?.textContent ?? '').replace('−', '-').replace(/[+±]/, ''))),
      )
    expect(bySize).toEqual(bySize.toSorted((a, b) => b - a))

    await page.getByRole('button', { name: 'Copy as curl' }).click()
    const curl = await page.evaluate<string>('navigator.clipboard.readText()')
    expect(JSON.parse(/-d '(.*)'$/.exec(curl)?.[1] ?? '')).toMatchObject({ ...body, from: FROM, to: TO })
    await page.getByRole('button', { name: 'Copy as tallystick query' }).click()
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toContain(
      '--group-by model,agent_id --from 2023-11-16',
    )
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download as CSV' }).click(),
    ])
    const csv = await readFile(await download.path(), 'utf8')
    expect(csv.split('\r\n')[0]).toBe(
      ['model', 'agent_id', ...body.measures.flatMap((name) => [name, `${name}_before`, `change_${name}`])].join(','),
    )
    expect(csv.split('\r\n').length).toBe(22)

    await page.getByTitle('Show only agent coder').first().click()
    await expect.poll(() => page.url()).toContain('is.agent_id=coder')
    await page.locator('[data-line="0"] a').waitFor()
    expect(await page.locator('[data-line="0"] a').getAttribute('href')).toMatch(/^\/requests\?.*is\.agent_id=coder/)
    expect(faults).toEqual([])
  }, 60_000)

  test('keeps sums exact with an Other row, draws what is not split, and says rows by step', async () => {
    await send(traffic(300, FROM, TO))
    const watched = await at.visit(`/explore?${span}&measures=requests&by=agent_id&limit=20&whole=1&chart=lines`)
    const { page, faults } = watched
    await lines(page).first().waitFor()
    expect(await cells(page, 'requests')).toEqual(['300'])
    // Split again, by the keyboard; then a row for each day.
    await page.locator('#breakdown-by option[value="tags.team"]').waitFor({ state: 'attached' })
    await page.keyboard.press('b')
    await page.keyboard.press('End')
    await expect.poll(() => page.url()).toContain('by=tags.team')
    expect(page.url()).not.toContain('whole=1')
    await page.getByLabel('Split by').selectOption('agent_id')
    await page.getByRole('button', { name: 'Each step' }).click()
    await page.getByTitle('Step of the charts').selectOption('1d')
    await expect.poll(async () => (await cells(page, 'requests')).length).toBeGreaterThan(9)
    await expect
      .poll(async () => (await cells(page, 'requests')).reduce((sum, text) => sum + Number(text), 0))
      .toBe(300)
    expect(faults).toEqual([])
  }, 60_000)

  test('scrolls a thousand rows, with only those there that are seen, and renders whatever they are called', async () => {
    const events = Array.from({ length: 3_000 }, (_, index) => ({
      event_id: `u${index}`,
      timestamp_ms: FROM + index,
      kind: 'llm_request_completed',
      provider: 'openai',
      model: 'gpt-4o',
      user_id: index < HOSTILE.length ? HOSTILE[index] : `user-${String(index).padStart(5, '0')}`,
      input_tokens: 10_000 - index,
      output_tokens: 1,
      success: true,
    }))
    await send(events)
    const watched = await at.visit(
      `/explore?${span}&by=user_id&measures=input_tokens,requests&limit=1000&sort=-input_tokens`,
    )
    const { page, faults } = watched
    await lines(page).first().waitFor()
    for (const [index, name] of HOSTILE.entries())
      expect(await page.locator(`[data-line="${index}"] [data-row]`).textContent()).toBe(name)
    expect(await lines(page).count()).toBeLessThan(100)
    await page.locator('[data-line="0"] [data-row]').focus()
    await page.keyboard.press('End')
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Other')
    expect(await page.locator('[data-line="1000"] [data-measure="requests"]').textContent()).toBe('2,000')
    await page.keyboard.press('ArrowUp')
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('user-00999')
    expect(await page.locator('#explore-table').getByText('2,000 more in Other').count()).toBe(1)
    expect(faults).toEqual([])
  }, 60_000)

  test('fits a phone in the dark, and says so where there is nothing', async () => {
    await send(traffic(300, FROM, TO))
    const phone = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } as const
    const watched = await at.visit(`/explore?${span}&compare=1`, phone)
    await lines(watched.page).first().waitFor()
    await watched.page.locator('#explore-table').scrollIntoViewIfNeeded()
    await watched.page.screenshot({ path: join(SCREENSHOTS, 'explore-phone-dark.png'), fullPage: true })
    expect(await overflow(watched)).toBe(0)
    const empty = await at.visit('/explore?range=1h', { colorScheme: 'dark' })
    await empty.page.getByText('No requests in this range.').first().waitFor()
    await empty.page.screenshot({ path: join(SCREENSHOTS, 'explore-empty-dark.png') })
    expect([...watched.faults, ...empty.faults]).toEqual([])
  }, 60_000)
})

describe('saved views', () => {
  test('are saved, opened, renamed and removed, by the keyboard, and keep what is relative', async () => {
    await send(traffic(100, FROM, TO))
    const { page, faults } = await at.visit('/explore?range=7d&compare=1&is.agent_id=coder')
    await page.locator('[data-sentence]').waitFor()
    await page.keyboard.press('v')
    await page.getByText('No view has been saved yet.').waitFor()
    await page.keyboard.type('What the coder costs <b>')
    await page.keyboard.press('Enter')
    const row = page.locator('[data-view="What the coder costs <b>"]')
    await row.waitFor()
    const { views } = (await (await fetch(`${at.address}/api/v1/views`)).json()) as { views: Row[] }
    expect(views).toMatchObject([{ address: '/explore?range=7d&is.agent_id=coder&compare=1', created_by: 'local' }])
    await page.screenshot({ path: join(SCREENSHOTS, 'views-light.png') })
    await page.keyboard.press('Escape')

    await page.goto(`${at.address}/budgets`)
    await page.getByRole('heading', { name: 'Budgets', level: 1 }).waitFor()
    await page.keyboard.press('v')
    await row.getByRole('button', { name: /^What the coder costs/ }).click()
    await page.locator('[data-sentence]').getByText('last 7 days').waitFor()
    expect(page.url()).toBe(`${at.address}/explore?range=7d&is.agent_id=coder&compare=1`)

    await page.keyboard.press('v')
    await page.getByRole('button', { name: /^Rename/ }).press('Enter')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('Coder')
    await page.keyboard.press('Enter')
    await page.locator('[data-view="Coder"]').waitFor()
    await page.getByRole('button', { name: 'Remove Coder' }).press('Enter')
    await page.getByRole('button', { name: 'Really remove Coder' }).press('Enter')
    await page.getByText('No view has been saved yet.').waitFor()
    expect(faults).toEqual([])
  }, 60_000)
})
