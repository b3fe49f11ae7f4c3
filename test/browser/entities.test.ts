import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { LONG } from '../../packages/core/src/testing/thorough.ts'
import { count, duration, money, ratio, toExact } from '../../packages/dashboard/src/lib/format.ts'
import { SCREENSHOTS, type Watched } from './testing/page.ts'
import { people } from './testing/people.ts'
import { overflow, type Stage, stage } from './testing/stage.ts'
import { HOSTILE } from './testing/traffic.ts'

/** The pages of models, agents, users, keys and providers: one mechanism, so what one shows the others do too. */

const DAY = 86_400_000
const FROM = Date.UTC(2026, 9, 12)
const RANGE = `from=${FROM}&to=${FROM + 2 * DAY}`

/** One server for the tests of a part, which tell it of nothing more than a budget. */
const standing = (): Stage => stage(undefined, undefined, { standing: true })
type Row = { readonly [name: string]: string | number | boolean | null }
const askOf = async (at: Stage, query: object): Promise<readonly Row[]> =>
  (
    await at.post<{ rows: readonly Row[] }>('/api/v1/query?consistency=applied', {
      from: FROM,
      to: FROM + 2 * DAY,
      ...query,
    })
  ).rows
const eventually = <T>(value: () => Promise<T>) => expect.poll(value, { timeout: 12_000 })
/** For people to look at. */
const shot = async ({ page }: Watched, name: string): Promise<void> => {
  if (LONG) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
}

/** Texts of a row of the table, its name first. */
const cells = ({ page }: Watched, name: string): Promise<string[]> =>
  page
    .locator(`[data-entity="${name}"] :is(th, td)`)
    .allInnerTexts()
    .then((texts) => texts.map((text) => text.replaceAll('\u00a0', ' ').trim()))

describe('with events', () => {
  const at = standing()
  const ask = (query: object): Promise<readonly Row[]> => askOf(at, query)
  beforeAll(async () => {
    await at.post('/api/v1/events', people(900, FROM - 2 * DAY, FROM + 2 * DAY))
  })

  test('models are compared by the figures of the API, told apart by numbers, and lead to their own page', async () => {
    const watched = await at.visit(`/models?${RANGE}`)
    const { page, faults } = watched
    const [model = {}] = await ask({
      group_by: ['model'],
      measures: ['cost_nano_usd', 'requests', 'cache_hit_ratio', 'ttfb_ms_p50', 'duration_ms_p95', 'error_ratio'],
      filters: { model: ['gpt-4o'] },
    })
    const [before = {}] = await ask({
      from: FROM - 2 * DAY,
      to: FROM,
      measures: ['cost_nano_usd'],
      filters: { model: ['gpt-4o'] },
    })
    await page.locator('[data-entity="gpt-4o"] td', { hasText: '$10.00 out' }).waitFor()
    const cost = Number(model['cost_nano_usd'])
    const [name, , requests, spend, change, per, , price, cached, first, slow, errors] = await cells(watched, 'gpt-4o')
    expect(name).toBe('gpt-4o\nopenai')
    expect(requests).toBe(count(toExact(model['requests'])))
    expect(spend?.split('\n')[0]).toBe(money(cost))
    expect(change).toMatch(/^[+−]\d/)
    expect(Math.sign(Number(change?.replace('−', '-').replace(/[^-\d.]/g, '')))).toBe(
      Math.sign(cost - Number(before['cost_nano_usd'])),
    )
    expect(per?.split('\n')[0]).toBe(money(Math.round(cost / Number(model['requests']))))
    expect(price).toMatch(/^\$2\.50 in \$10\.00 out\n\$1\.25 cached$/)
    expect(cached).toBe(ratio(Number(model['cache_hit_ratio'])))
    expect(first?.split('\n')[0]).toBe(duration(Number(model['ttfb_ms_p50'])))
    expect(slow?.split('\n')[0]).toBe(duration(Number(model['duration_ms_p95'])))
    expect(errors).toBe(ratio(Number(model['error_ratio'])))
    // Exactly one is the cheapest, and it is said in a word.
    await eventually(() => page.getByText('cheapest', { exact: true }).count()).toBe(2)
    expect(
      (await cells(watched, 'a-model-without-a-price')).filter((text) => text.startsWith('unpriced')),
    ).toHaveLength(2)
    await shot(watched, 'models-light')

    // Sorted by what is cheapest, found by name, opened by the keyboard.
    await page.getByRole('button', { name: 'Per request' }).click()
    await page.waitForURL(/sort=cost_per_request/)
    await eventually(() => page.locator('[data-entity]').first().getAttribute('data-entity')).toBe('gpt-4o-mini')
    await page.getByRole('searchbox', { name: 'Find a model' }).fill('CLAUDE')
    await eventually(() => page.locator('[data-entity]').count()).toBe(1)
    await page.locator('[data-row]').first().focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/models\?.*name=claude-sonnet-4-5/)
    await page.locator('[data-name]', { hasText: 'claude-sonnet-4-5' }).waitFor()

    const [sonnet = {}] = await ask({
      measures: ['requests', 'cost_nano_usd'],
      filters: { model: ['claude-sonnet-4-5'] },
    })
    const figure = (measure: string) =>
      page.locator(`[data-figure="${measure}"]`).evaluate((element) => element.firstChild?.textContent)
    await eventually(() => figure('requests')).toBe(count(toExact(sonnet['requests'])))
    expect(await figure('cost_nano_usd')).toBe(money(toExact(sonnet['cost_nano_usd'])))
    await page.locator('[data-price="anthropic"]', { hasText: '$15.00' }).waitFor()
    await page.locator('[data-split="agent_id"]').first().waitFor()
    await eventually(async () => new Set(await page.locator('#events tbody td:nth-child(2)').allInnerTexts())).toEqual(
      new Set(['claude-sonnet-4-5']),
    )
    await shot(watched, 'model-light')

    // A part of it leads to the page of that part, narrowed to it.
    await page.locator('[data-split="agent_id"]', { hasText: 'coder' }).click()
    await page.waitForURL(/\/agents\?.*is\.model=claude-sonnet-4-5.*name=coder/)
    const [both = {}] = await ask({
      measures: ['requests'],
      filters: { model: ['claude-sonnet-4-5'], agent_id: ['coder'] },
    })
    await eventually(() => figure('requests')).toBe(count(toExact(both['requests'])))
    await page.goBack()
    await page.locator('[data-name]', { hasText: 'claude-sonnet-4-5' }).waitFor()
    await page.getByRole('link', { name: 'All models' }).click()
    await eventually(() => page.locator('[data-entity]').count()).toBe(5)
    expect(faults).toEqual([])
  }, 90_000)

  test('a model without a price says how to give it one', async () => {
    const { page, faults } = await at.visit(`/models?${RANGE}&name=a-model-without-a-price`)
    await page.getByText('Nobody knows a price for a-model-without-a-price at nobody.').waitFor()
    await page.getByText('unpriced', { exact: true }).first().waitFor()
    expect(faults).toEqual([])
  })

  test('agents show their budgets, users how many there are, and none is a page too', async () => {
    await at.post('/api/v1/budgets', {
      name: 'Coder, a month',
      subject: { dimension: 'agent_id', value: 'coder' },
      amount_usd: 5,
      window: { kind: 'month' },
    })
    const agents = await at.visit(`/agents?${RANGE}`)
    await agents.page.locator('[data-entity="coder"]').waitFor()
    const [coder = {}] = await ask({ measures: ['requests', 'operations'], filters: { agent_id: ['coder'] } })
    await agents.page
      .locator('[data-entity="coder"] td', { hasText: 'ms' })
      .or(agents.page.locator('[data-entity="coder"] td', { hasText: 's' }))
      .first()
      .waitFor()
    const retries = Number(coder['requests']) - Number(coder['operations'])
    expect(await cells(agents, 'coder')).toContain(String(retries))
    await shot(agents, 'agents-light')
    await agents.page.locator('[data-entity="coder"] a').click()
    await agents.page.getByText('Coder, a month').waitFor()
    await agents.page.locator('[data-split="provider"]').first().waitFor()
    await shot(agents, 'agent-light')

    const users = await at.visit(`/users?${RANGE}&zone=UTC`)
    await users.page.locator('[data-entity="user-0"]').waitFor()
    const chart = users.page.getByRole('region', { name: /^Different users/ })
    await chart.getByRole('button', { name: 'Table' }).click()
    const perDay = await Promise.all(
      [1, 0].map(async (day) => {
        const range = { from: FROM + day * DAY, to: FROM + (day + 1) * DAY }
        const rows = await ask({ ...range, group_by: ['user_id'], measures: ['requests'], limit: 1_000 })
        return String(rows.filter((row) => row['user_id'] !== null).length)
      }),
    )
    await expect.poll(() => chart.locator('tbody tr td:nth-child(2)').allTextContents()).toEqual(perDay)
    await shot(users, 'users-light')
    await users.page.getByRole('link', { name: 'No user' }).click()
    await users.page.waitForURL(/name=(&|$)/)
    const [none = {}] = await ask({ measures: ['requests'], filters: { user_id: [null] } })
    await users.page.locator('[data-figure="requests"]', { hasText: String(none['requests']) }).waitFor()
    expect([...agents.faults, ...users.faults]).toEqual([])
  }, 90_000)

  test('they fit a phone and the dark', async () => {
    // The others are the same mechanism, and fit as `layout.test.ts` has it.
    for (const path of LONG ? ['models', 'agents', 'users', 'credentials', 'providers'] : ['users']) {
      const watched = await at.visit(`/${path}?${RANGE}`, { viewport: { width: 390, height: 844 } })
      await watched.page.locator('[data-entity]').first().waitFor()
      expect(await overflow(watched), path).toBe(0)
      await shot(watched, `${path}-phone`)
      expect(watched.faults).toEqual([])
      await watched.close()
    }
    const dark = await at.visit(`/models?${RANGE}`, { colorScheme: 'dark' })
    await dark.page.locator('[data-entity="gpt-4o"] td', { hasText: '$10.00 out' }).waitFor()
    await shot(dark, 'models-dark')
    await dark.page.goto(`${at.address}/agents?${RANGE}&name=coder`)
    await dark.page.locator('[data-split="model"]').first().waitFor()
    await shot(dark, 'agent-dark')
    const phone = await at.visit(`/models?${RANGE}&name=gpt-4o`, { viewport: { width: 390, height: 844 } })
    await phone.page.locator('[data-split="agent_id"]').first().waitFor()
    expect(await overflow(phone)).toBe(0)
    await shot(phone, 'model-phone')
    expect([...dark.faults, ...phone.faults]).toEqual([])
  }, 90_000)
})

describe('names from outside', () => {
  const at = standing()

  test('are text, also in the address', async () => {
    const events = HOSTILE.map((name, index) => ({
      event_id: `h${index}`,
      timestamp_ms: FROM + index,
      model: name,
      provider: name,
      agent_id: name,
      user_id: name,
      input_tokens: 10,
    }))
    await at.post('/api/v1/events', events)
    await askOf(at, { measures: ['events'] })
    const { page, faults } = await at.visit(`/models?${RANGE}`)
    await eventually(() => page.locator('[data-row]').count()).toBe(HOSTILE.length)
    expect(new Set(await page.locator('[data-row]').allTextContents())).toEqual(new Set(HOSTILE))
    for (const name of ['<img src=x onerror=alert(1)>', '__proto__']) {
      await page.goto(`${at.address}/agents?${RANGE}&name=${encodeURIComponent(name)}`)
      await page.locator('[data-name]', { hasText: name }).waitFor()
      await page.locator('[data-figure="requests"]', { hasText: '1' }).waitFor()
      await page.locator('[data-split="model"]', { hasText: name }).click()
      await page.waitForURL(/\/models\?/)
      await page.locator('[data-name]', { hasText: name }).waitFor()
    }
    expect(await page.locator('#app script, #app iframe, #app [onerror]').count()).toBe(0)
    expect(faults).toEqual([])
  }, 60_000)
})
