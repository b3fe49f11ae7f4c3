import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { LONG } from '../../packages/core/src/testing/thorough.ts'
import {
  count,
  countExact,
  duration,
  money,
  moneyExact,
  ratio,
  toExact,
} from '../../packages/dashboard/src/lib/format.ts'
import { SCREENSHOTS, type Watched } from './testing/page.ts'
import { overflow, type Stage, stage } from './testing/stage.ts'
import { HOSTILE, type Sent, traffic } from './testing/traffic.ts'

/** The page in a real browser, over a real server with the embedded store, under the policy that the server sends. */

const DAY = 86_400_000
const NOVEMBER_2023 = Date.UTC(2023, 10, 16)

const changing = (): Stage => stage(() => ({ traceUrl: 'https://jaeger.example/trace/{trace_id}' }))
/** For tests that only look. */
const standing = (): Stage => stage(undefined, undefined, { standing: true })

async function sendTo(at: Stage, events: readonly Sent[]): Promise<void> {
  const answer = await at.post<{ accepted: number }>('/api/v1/events', events)
  expect(answer.accepted).toBe(events.length)
  await askOf(at, { measures: ['events'], from: 0, to: Date.now() + DAY })
}

type Row = { readonly [name: string]: string | number | boolean | null }
const askOf = async (at: Stage, query: object): Promise<readonly Row[]> =>
  (await at.post<{ rows: readonly Row[] }>('/api/v1/query?consistency=applied', query)).rows

/** Waits for a value: the page asks and draws on its own time. */
const eventually = <T>(value: () => Promise<T>) => expect.poll(value, { timeout: 12_000 })

/** The text of a key figure, without the sentence that is there for those who do not see it. */
async function figure({ page }: Watched, measure: string): Promise<string> {
  return page.locator(`[data-figure="${measure}"]`).evaluate((element) => element.firstChild?.textContent ?? '')
}

const range = (fromMs: number, toMs: number): string => `from=${fromMs}&to=${toMs}`
/** For people to look at. */
const shot = async ({ page }: Watched, name: string, fullPage = false): Promise<void> => {
  if (LONG) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage })
}

describe('with no events', () => {
  const at = changing()
  const { visit, post } = at

  test('says how to send the first one, in lines that work here, and shows it when it has come', async () => {
    const watched = await visit()
    const { page, faults } = watched
    await page.getByRole('heading', { name: 'No events yet' }).waitFor()
    const [curl = '', csv = ''] = await page.locator('pre').allTextContents()
    expect(csv).toMatch(/^npx tallystick import csv /)
    expect(csv).toContain(`--server ${at.address}`)
    await shot(watched, 'empty-light')

    const [, target = '', body = ''] = /^curl (\S+) .* -d '(.*)'$/.exec(curl) ?? []
    expect(new URL(target).origin).toBe(at.address)
    await post(new URL(target).pathname, JSON.parse(body))
    await page.locator('[data-figure="requests"]').waitFor()
    await expect.poll(() => figure(watched, 'requests')).toBe('1')
    // 1,200 tokens at $2.50 and 180 at $10 a million.
    expect(await figure(watched, 'cost_nano_usd')).toBe('$0.0048')
    expect(faults).toEqual([])
  })
})

describe('with events', () => {
  const from = NOVEMBER_2023
  const to = from + DAY
  const events = traffic(600, from, to)

  const at = standing()
  const { visit } = at
  const ask = (query: object): Promise<readonly Row[]> => askOf(at, query)

  beforeAll(() => sendTo(at, events))

  test('offers their range when it lies outside the one on show', async () => {
    const watched = await visit()
    const { page, faults } = watched
    await page.getByText('No events in this range.').first().waitFor()
    await page.locator('[data-offer]').click()
    await page.locator('[data-figure="requests"]').getByText('600').waitFor()
    expect(faults).toEqual([])
  })

  test('shows the same figures as the API, to the last digit', async () => {
    const watched = await visit(`/?${range(from, to)}`)
    const { page, faults } = watched
    await page.locator('[data-figure="requests"]').getByText('600').waitFor()
    const measures = ['cost_nano_usd', 'requests', 'total_tokens', 'error_ratio', 'duration_ms_p95', 'cache_hit_ratio']
    const spread = ['input_tokens', 'output_tokens', 'input_tokens_p50', 'output_tokens_p50', 'cost_nano_usd_p50']
    const [row = {}] = await ask({ from, to, measures: [...measures, ...spread] })
    const shown = await Promise.all(measures.map((measure) => figure(watched, measure)))
    expect(shown).toEqual([
      money(toExact(row['cost_nano_usd'])),
      count(toExact(row['requests'])),
      count(toExact(row['total_tokens'])),
      ratio(Number(row['error_ratio'])),
      duration(Number(row['duration_ms_p95'])),
      ratio(Number(row['cache_hit_ratio'])),
    ])

    const cells = async (quantity: string): Promise<string[]> => {
      const line = page.locator(`[data-quantity="${quantity}"] td`)
      await line.first().waitFor()
      return line.allTextContents()
    }
    const [, input, , inputMedian] = await cells('input_tokens')
    const [, output, , outputMedian] = await cells('output_tokens')
    const [, spend] = await cells('cost_nano_usd')
    expect([input, inputMedian, output, outputMedian, spend]).toEqual([
      countExact(toExact(row['input_tokens'])),
      countExact(toExact(row['input_tokens_p50'])),
      countExact(toExact(row['output_tokens'])),
      countExact(toExact(row['output_tokens_p50'])),
      moneyExact(toExact(row['cost_nano_usd'])),
    ])

    const models = await ask({
      from,
      to,
      group_by: ['model'],
      measures: ['cost_nano_usd', 'requests'],
      order_by: '-cost_nano_usd',
    })
    await page.locator('#breakdown [data-row]').first().waitFor()
    const lines = await page
      .locator('#breakdown tbody tr')
      .evaluateAll((rows) =>
        rows.map((line) =>
          [...line.querySelectorAll('td')].map((cell) => cell.textContent?.trim().replaceAll('\u00a0', ' ') ?? ''),
        ),
      )
    expect(lines.map(([name, requests, , , cost]) => [name, requests, cost])).toEqual(
      models.map((line) => [
        line['model'],
        count(toExact(line['requests'])),
        line['cost_nano_usd'] === null ? 'unpriced' : money(toExact(line['cost_nano_usd'])),
      ]),
    )
    expect(faults).toEqual([])
  })

  test('keeps what is picked in the address, and the way back', async () => {
    const watched = await visit(`/?${range(from, to)}`)
    const { page, faults } = watched
    await page
      .locator('#breakdown [data-row]')
      .filter({ hasText: /^gpt-4o$/ })
      .click()
    await page.waitForURL(/is\.model=gpt-4o/)
    const [row = {}] = await ask({ from, to, filters: { model: ['gpt-4o'] }, measures: ['requests'] })
    await page.locator('[data-figure="requests"]').getByText(String(row['requests']), { exact: false }).waitFor()
    await page.locator('#breakdown-by').selectOption('tags.team')
    await page.waitForURL(/by=tags\.team/)
    await page.locator('#breakdown [data-row]', { hasText: 'search' }).waitFor()

    const again = await visit(new URL(page.url()).pathname + new URL(page.url()).search)
    await again.page.locator('#breakdown [data-row]', { hasText: 'ads' }).waitFor()
    expect(await figure(again, 'requests')).toBe(String(row['requests']))

    await page.goBack()
    await page.goBack()
    await page.locator('[data-figure="requests"]').getByText('600').waitFor()
    expect(page.url()).not.toContain('is.model')
    expect([...faults, ...again.faults]).toEqual([])
  })

  test('can be worked with the keyboard alone', async () => {
    const watched = await visit(`/?${range(from, to)}`)
    const { page, faults } = watched
    await page.locator('[data-figure="requests"]').getByText('600').waitFor()

    await page.keyboard.press('t')
    await page.getByRole('dialog', { name: /^Range/ }).waitFor()
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog', { name: /^Range/ }).count()).toBe(0)

    await page.keyboard.press('z')
    await page.keyboard.type('lord how')
    await page.keyboard.press('Enter')
    await page.waitForURL(/zone=Australia%2FLord_Howe/)

    await page.keyboard.press('d')
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')

    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Escape')

    await page.keyboard.press('/')
    await page.keyboard.type('agent_id=coder')
    await page.keyboard.press('Enter')
    await page.waitForURL(/is\.agent_id=coder/)

    // The list of dimensions is one stop: arrows move in it, Tab leaves it and it closes.
    await page.keyboard.press('ArrowDown')
    await page.locator('[data-option]').first().waitFor()
    await page.keyboard.press('ArrowDown')
    await eventually(() => page.locator('[data-option]:focus').count()).toBe(1)
    await page.keyboard.press('Tab')
    await eventually(() => page.locator('[data-option]').count()).toBe(0)

    const chart = page.getByRole('img', { name: /^Requests per/ })
    await chart.focus()
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowLeft')
    await page
      .locator('[aria-live]', { hasText: /^1[67] Nov 2023, \d\d:\d\d – \d\d:\d\d: / })
      .waitFor({ state: 'attached' })
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.searchParams.get('from') !== String(from))
    await page.keyboard.press('Escape')
    await page.waitForURL((url) => url.searchParams.get('from') === String(from))

    // Not before the list is that of the filter and of the whole range: a row that goes takes the focus with it.
    const agents = page.locator('#events tbody td:nth-child(4)')
    await eventually(async () => new Set(await agents.allTextContents())).toEqual(new Set(['coder']))
    await eventually(() => agents.count()).toBe(50)
    await page.locator('#events [data-row]').first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await eventually(() => page.locator('#events [data-row]').nth(1).getAttribute('aria-expanded')).toBe('true')
    expect(faults).toEqual([])
  })

  test.each([
    ['light', 1440, 900],
    ['dark', 390, 844],
    ...(LONG
      ? ([
          ['dark', 1440, 900],
          ['light', 390, 844],
        ] as const)
      : []),
  ] as const)('fits a %s screen of %d x %d', async (colorScheme, width, height) => {
    const watched = await visit(`/?${range(from, to)}`, { colorScheme, viewport: { width, height } })
    const { page, faults } = watched
    await page.locator('[data-figure="requests"]').getByText('600').waitFor()
    await page.locator('#figures tbody tr').first().waitFor()
    expect(await overflow(watched)).toBe(0)
    expect(await page.locator('html').getAttribute('data-theme')).toBe(colorScheme)
    await shot(watched, `overview-${colorScheme}-${width}`, true)
    expect(faults).toEqual([])
  })

  test('gives every chart a sentence and a table', async () => {
    const { page } = await visit(`/?${range(from, to)}`)
    await page.locator('[data-figure="requests"]').getByText('600').waitFor()
    const charts = page.getByRole('img', { name: /Arrow keys read the values/ })
    await eventually(() => charts.count()).toBe(4)
    const said = await charts.evaluateAll((found) => found.map((chart) => chart.getAttribute('aria-label') ?? ''))
    for (const sentence of said) expect(sentence).toMatch(/^(Spend|Requests|Tokens|Latency) per 15 minutes.*\d/)
    await page.getByRole('button', { name: 'Table' }).first().click()
    const table = page.getByRole('region', { name: 'Figures as a table' })
    await table.locator('tbody tr').first().waitFor()
    const all = await table.locator('tbody tr td:nth-child(2)').allTextContents()
    const sum = all
      .filter((text) => text.startsWith('$'))
      .reduce((total, text) => total + BigInt(text.replaceAll(/[$,.]/g, '')), 0n)
    const [row = {}] = await ask({ from, to, measures: ['cost_nano_usd'] })
    expect(sum).toBe(BigInt(row['cost_nano_usd'] as number))
  })
})

describe('while events arrive, and come from outside', () => {
  const at = changing()
  const { visit } = at

  test('the figures and the list follow without a reload, and under a filter too', async () => {
    const now = Date.now()
    await sendTo(at, [...traffic(40, now - 3_600_000, now - 60_000)])
    const watched = await visit('/?is.agent_id=newcomer')
    const { page, faults } = watched
    await page.getByText('No events of this range match the filters.').waitFor()
    await page.locator('[data-live="live"]').waitFor()
    await sendTo(at, [
      { ...traffic(1, Date.now() - 1_000, Date.now())[0], event_id: 'live-1', agent_id: 'newcomer', model: 'gpt-4o' },
    ])
    await page.locator('#events [data-row]').first().waitFor()
    await eventually(() => figure(watched, 'requests')).toBe('1')
    expect(await page.locator('#events [data-row]').count()).toBe(1)
    expect(faults).toEqual([])
  })

  test('a lost connection is said, and mends by itself', async () => {
    await sendTo(at, traffic(10, Date.now() - 60_000, Date.now()))
    const watched = await visit()
    const { page } = watched
    await page.locator('[data-live="live"]').waitFor()
    await eventually(() => figure(watched, 'requests')).toBe('10')
    await at.stop()
    await page.getByText(/^\s*Disconnected\. Figures are of/).waitFor()
    await at.restart()
    await page.locator('[data-live="live"]').waitFor()
    await page.getByText(/Disconnected\. Figures are of/).waitFor({ state: 'hidden' })
  })

  test('names from outside are text wherever they are shown', async () => {
    const now = Date.now()
    await sendTo(
      at,
      HOSTILE.map((text, index) => ({
        event_id: `h${index}-${text}`.slice(0, 100),
        timestamp_ms: now - 60_000 - index,
        kind: 'llm_request_failed',
        success: false,
        provider: text,
        model: text,
        response_model: text,
        agent_id: text,
        user_id: text,
        error_type: text,
        error_message: text,
        finish_reason: text,
        input_tokens: 10 + index,
        tags: { [text]: text },
      })),
    )
    const { page, faults } = await visit('/?range=1h')
    await page
      .locator('#breakdown [data-row]')
      .nth(HOSTILE.length - 1)
      .waitFor()
    const names = await page.locator('#breakdown [data-row]').allTextContents()
    expect(new Set(names)).toEqual(new Set(HOSTILE))
    for (const by of ['agent_id', 'user_id', 'error_type', 'finish_reason', 'response_model']) {
      await page.locator('#breakdown-by').selectOption(by)
      await page.waitForURL((url) => url.searchParams.get('by') === by)
      await page.locator(`#breakdown thead th:first-child:not(:text-is("Model"))`).waitFor()
      await eventually(async () => new Set(await page.locator('#breakdown [data-row]').allTextContents())).toEqual(
        new Set(HOSTILE),
      )
    }
    await page.getByRole('button', { name: 'Table' }).first().click()
    await page.locator('#events [data-row]').first().click()
    await page.locator('#events dl').first().waitFor()
    await page.locator('#breakdown [data-row]').first().click()
    await page.waitForURL(/is\./)
    expect(await page.locator('#app script, #app iframe, #app [onerror], #app [onload]').count()).toBe(0)
    expect(faults).toEqual([])
  })

  test('the trace of an event is a link, where it has one', async () => {
    const event = { provider: 'openai', model: 'gpt-4o', input_tokens: 1, timestamp_ms: Date.now() - 60_000 }
    await sendTo(at, [{ ...event, trace_id: '../4bf92f', span_id: '00f067aa' }])
    const { page, faults } = await visit('/?range=1h')
    await page.locator('#events [data-row]').first().click()
    const link = page.locator('#events dl a')
    await eventually(() => link.getAttribute('href')).toBe('https://jaeger.example/trace/..%2F4bf92f')
    expect(await link.getAttribute('rel')).toBe('noopener noreferrer')
    expect(await link.textContent()).toBe('../4bf92f')
    expect(faults).toEqual([])
  })

  test('a failing panel says what failed and can be tried again, while the others go on', async () => {
    await sendTo(at, traffic(30, Date.now() - 3_600_000, Date.now() - 1_000))
    const { page } = await visit()
    await page.locator('[data-figure="requests"]').getByText('30').waitFor()
    let failing = true
    await page.route('**/api/v1/events?*', (route) =>
      failing
        ? route.fulfill({
            status: 503,
            contentType: 'application/problem+json',
            body: JSON.stringify({ code: 'store_unavailable', title: 'The store cannot answer' }),
          })
        : route.continue(),
    )
    await page.reload()
    const alert = page.locator('#events [role="alert"]')
    await alert.waitFor()
    expect(await alert.textContent()).toContain('store_unavailable')
    await page.locator('[data-figure="requests"]').getByText('30').waitFor()
    failing = false
    await alert.getByRole('button', { name: 'Try again' }).click()
    await page.locator('#events [data-row]').first().waitFor()
    expect(await alert.count()).toBe(0)
  })
})

describe('the page itself, and that of the API', () => {
  const at = standing()
  const { visit } = at
  /** Every route is drawn at once, which takes a slow machine its time. */
  const WITHIN = { timeout: 40_000 }

  test('shows every route, tries one, and asks nobody but this server', async () => {
    const watched = await visit('/docs')
    const { page, faults } = watched
    await page.getByRole('heading', { name: 'Ask for figures' }).waitFor(WITHIN)
    const { paths } = (await (await fetch(`${at.address}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { summary: string }>>
    }
    const headings = (await page.getByRole('heading').allTextContents()).map((text) => text.trim())
    for (const { summary } of Object.values(paths).flatMap((operations) => Object.values(operations)))
      expect(
        headings.filter((text) => text === summary),
        summary,
      ).toHaveLength(1)
    const operation = page.locator('[id="get-/version"]')
    await operation.getByRole('button', { name: 'TRY' }).click(WITHIN)
    await operation.getByText('"tallystick"').first().waitFor(WITHIN)
    await shot(watched, 'api-light')
    expect(faults).toEqual([])
  }, 90_000)

  // Nothing but the faults can tell the two apart here, and they are those of the test above.
  if (LONG)
    test('is dark where the reader is', async () => {
      const watched = await visit('/docs', { colorScheme: 'dark' })
      const { page, faults } = watched
      await page.getByRole('heading', { name: 'Ask for figures' }).waitFor(WITHIN)
      await shot(watched, 'api-dark')
      expect(faults).toEqual([])
    }, 90_000)

  test('the first paint needs less than 100 kB of script and style', async () => {
    // What the page itself names; the pages beside it load theirs when they are visited.
    const page = await readFile(join(at.page, 'index.html'), 'utf8')
    const assets = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path as string)
    expect(assets.length).toBeGreaterThanOrEqual(2)
    const sizes = await Promise.all(
      assets.map(async (path) => gzipSync(await readFile(join(at.page, path))).byteLength),
    )
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000)
  })
})
