import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { moneyExact } from '../../packages/dashboard/src/lib/format.ts'
import { SCREENSHOTS, type Watched } from './testing/page.ts'
import { overflow, stage } from './testing/stage.ts'
import { HOSTILE, type Sent, traffic } from './testing/traffic.ts'

/** The page of the requests and the receipts of their costs, in a real browser over a real server. */
const at = stage()

const DAY = 86_400_000
const FROM = Date.UTC(2023, 10, 16)
const RANGE = `from=${FROM}&to=${FROM + DAY}`

async function send(events: readonly Sent[]): Promise<void> {
  const { accepted } = await at.post<{ accepted: number }>('/api/v1/events', events)
  expect(accepted).toBe(events.length)
  await at.post('/api/v1/query?consistency=applied', { from: 0, to: 1, measures: ['events'] })
}

interface Listed {
  readonly events: readonly { readonly event_id: string; readonly cost_nano_usd?: number }[]
}
const list = async (search: string): Promise<Listed['events']> =>
  ((await (await fetch(`${at.address}/api/v1/events?${search}`)).json()) as Listed).events
const receiptOf = async (id: string): Promise<{ lines: { cost_nano_usd: number }[]; list_nano_usd: number | null }> =>
  ((await (await fetch(`${at.address}/api/v1/events/${encodeURIComponent(id)}`)).json()) as { receipt: never }).receipt

const KINDS = 'kind=llm_request_completed&kind=llm_request_failed'

const rows = ({ page }: Watched) => page.locator('#requests tr[aria-rowindex] [data-row]')
const eventually = <T>(value: () => Promise<T>) => expect.poll(value, { timeout: 12_000 })

/** Three attempts of one operation, a reported cost, an unpriced model, a batch with caches, and a session. */
function special(from: number): Sent[] {
  const request = {
    provider: 'openai',
    model: 'gpt-4o',
    agent_id: 'support',
    session_id: 'visit-7',
    input_tokens: 4_000,
    output_tokens: 300,
  }
  const failed = {
    kind: 'llm_request_failed',
    success: false,
    status_code: 503,
    error_type: 'overloaded',
    input_tokens: 0,
    output_tokens: 0,
  }
  return [
    { ...request, ...failed, event_id: 'try-1', timestamp_ms: from, duration_ms: 800, operation_id: 'op', attempt: 1 },
    {
      ...request,
      ...failed,
      event_id: 'try-2',
      timestamp_ms: from + 1_000,
      duration_ms: 400,
      operation_id: 'op',
      attempt: 2,
    },
    {
      ...request,
      event_id: 'try-3',
      timestamp_ms: from + 2_000,
      duration_ms: 2_500,
      ttfb_ms: 600,
      upstream_duration_ms: 2_450,
      operation_id: 'op',
      attempt: 3,
      status_code: 200,
      cache_read_tokens: 1_500,
      trace_id: 'abc',
    },
    { ...request, event_id: 'reported', timestamp_ms: from + 9_000, duration_ms: 12_000, cost_nano_usd: 20_000_000 },
    { ...request, event_id: 'unpriced', timestamp_ms: from + 12_000, model: 'house-model', provider: 'house' },
    {
      ...request,
      event_id: 'batch',
      timestamp_ms: from + 15_000,
      service_tier: 'batch',
      cache_read_tokens: 333,
      output_tokens: 51,
      duration_ms: 700,
      ttfb_ms: 200,
    },
  ]
}

describe('with a day of requests', () => {
  test('lists what the API lists, page by page, with no more rows in the document than are looked at', async () => {
    await send([...traffic(640, FROM, FROM + DAY - 3_600_000), ...special(FROM + DAY - 60_000)])
    const watched = await at.visit(`/requests?${RANGE}`)
    const { page, faults } = watched
    await rows(watched).first().waitFor()
    await page.screenshot({ path: join(SCREENSHOTS, 'requests-light.png') })
    const older = page.getByRole('button', { name: 'Show older' })
    for (const read of ['350', '600']) {
      await older.click()
      await page.locator('#requests').getByText(`${read} read so far`, { exact: true }).waitFor()
    }
    await older.click()
    await eventually(() => page.locator('#requests table').getAttribute('aria-rowcount')).toBe('647')
    expect(await rows(watched).count()).toBeLessThan(120)
    await page
      .locator('#requests .overflow-auto')
      .evaluate((element) => element.scrollTo({ top: element.scrollHeight }))
    await page.locator('#requests tr[aria-rowindex="647"]').waitFor()
    expect(faults).toEqual([])
  })

  test('narrows at a click, has the columns that are picked, and keeps it all in the address', async () => {
    await send([...traffic(60, FROM, FROM + DAY - 3_600_000), ...special(FROM + DAY - 60_000)])
    const watched = await at.visit(`/requests?${RANGE}`)
    const { page, faults } = watched
    await rows(watched).first().waitFor()
    const counted = async (search: string): Promise<number> =>
      (await list(`${RANGE}&${KINDS}&${search}&limit=1000`)).length
    for (const [chip, search] of [
      ['Failed', 'success=false'],
      ['Unpriced', 'cost_basis=unpriced'],
    ] as const) {
      await page.getByRole('button', { name: chip, exact: true }).click()
      await eventually(() => rows(watched).count()).toBe(await counted(search))
      expect(page.url()).toContain(`is.${search}`)
      await page.getByRole('button', { name: chip, exact: true }).click()
    }
    await page.getByRole('button', { name: 'Slower', exact: true }).click()
    await page.getByLabel('Slower than').selectOption('10000')
    await eventually(() => rows(watched).count()).toBe(1)
    expect(page.url()).toContain('slow=10000')
    await page.getByRole('button', { name: 'Slower than' }).click()
    await page.getByRole('button', { name: 'Dearer', exact: true }).click()
    await page.getByLabel('Dearer than').selectOption('10000000')
    await eventually(() => rows(watched).count()).toBe(await counted('min_cost_nano_usd=10000000'))
    await page.getByRole('button', { name: 'Dearer than' }).click()

    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('checkbox', { name: 'Session' }).check()
    await page.getByRole('checkbox', { name: 'Provider', exact: true }).uncheck()
    await page.keyboard.press('Escape')
    await page.locator('#requests th').getByText('Session').waitFor()
    expect(new URL(page.url()).searchParams.get('columns')).toBe(
      'model,agent_id,outcome,input_tokens,output_tokens,cost,duration_ms,session_id',
    )
    expect(await page.locator('#requests th').getByText('Provider').count()).toBe(0)
    expect(faults).toEqual([])
  })

  test('opens one request whole by the keyboard, with a receipt that adds up, and a link to it', async () => {
    await send([...traffic(40, FROM, FROM + DAY - 3_600_000), ...special(FROM + DAY - 60_000)])
    const watched = await at.visit(`/requests?${RANGE}`)
    const { page, faults } = watched
    await rows(watched).first().focus()
    await page.keyboard.press('Enter')
    const panel = page.getByRole('complementary', { name: 'One request' })
    const amounts = async (): Promise<readonly (string | null)[]> =>
      panel.locator('[data-receipt] table').first().locator('tr td.n:last-child').allTextContents()
    await panel.getByText('Service tier batch.').waitFor()
    const receipt = await receiptOf('batch')
    expect((await amounts()).map((text) => text?.replace('≈ ', ''))).toEqual(
      [...receipt.lines.map(({ cost_nano_usd: cost }) => cost), receipt.list_nano_usd].map((nano) => moneyExact(nano)),
    )
    const sum = receipt.lines.reduce((total, line) => total + line.cost_nano_usd, 0)
    expect(sum).toBe(receipt.list_nano_usd)
    await page.screenshot({ path: join(SCREENSHOTS, 'request-light.png') })

    await page.keyboard.press('ArrowDown')
    await panel.getByText('Add the model to a price file', { exact: false }).waitFor()
    await page.keyboard.press('ArrowDown')
    await panel.getByText('Reported by the client').waitFor()
    expect(await panel.locator('[data-sum^="Reported"]').textContent()).toBe('$0.020000000')
    await page.keyboard.press('ArrowDown')
    await panel.getByText('3 attempts of this operation').waitFor()
    await page.screenshot({ path: join(SCREENSHOTS, 'request-attempts-light.png') })
    await panel.locator('[data-timeline] a').first().click()
    await panel.getByText('503 overloaded').first().waitFor()
    expect(page.url()).toContain('event=try-1')
    await page.reload()
    await panel.getByText('3 attempts of this operation').waitFor()
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.screenshot({ path: join(SCREENSHOTS, 'request-dark.png') })
    await page.emulateMedia({ colorScheme: 'light' })
    await page.keyboard.press('Escape')
    await panel.waitFor({ state: 'detached' })
    expect(page.url()).not.toContain('event=')

    await page.setViewportSize({ width: 390, height: 844 })
    await page.screenshot({ path: join(SCREENSHOTS, 'requests-phone.png') })
    expect(await overflow(watched)).toBe(0)
    await rows(watched).first().click()
    const dialog = page.getByRole('dialog', { name: 'One request' })
    await dialog.getByText('Service tier batch.').waitFor()
    await page.screenshot({ path: join(SCREENSHOTS, 'request-phone.png') })
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(faults).toEqual([])
  })
})

test('holds new requests back while one is read, and shows hostile names as text', async () => {
  const watched = await at.visit('/requests?range=7d')
  const { page, faults } = watched
  const now = Date.now() - 60_000
  const request = { provider: 'openai', input_tokens: 10, output_tokens: 1 }
  await send(
    HOSTILE.map((text, index) => ({
      ...request,
      event_id: text,
      timestamp_ms: now - index,
      model: text,
      agent_id: text,
      session_id: text,
      operation_id: text,
      trace_id: text,
      kind: 'llm_request_failed',
      success: false,
      error_message: text,
    })),
  )
  await page.reload()
  await eventually(() => rows(watched).count()).toBe(HOSTILE.length)
  for (const index of HOSTILE.keys()) {
    await rows(watched).nth(index).click()
    await page
      .getByRole('complementary')
      .locator('h2')
      .getByText(HOSTILE[index] ?? '', { exact: true })
      .waitFor()
    await page.locator('[data-receipt]').waitFor()
  }
  await send([{ ...request, event_id: 'late', model: 'gpt-4o', timestamp_ms: now + 5_000 }])
  await page.getByRole('button', { name: 'Show 1 new' }).waitFor()
  expect(await rows(watched).count()).toBe(HOSTILE.length)
  await page.getByRole('button', { name: 'Show 1 new' }).click()
  await eventually(() => rows(watched).count()).toBe(HOSTILE.length + 1)
  expect(faults).toEqual([])
})

test('the columns of a table can be made wider and narrower, by hand and by keys, and stay so', async () => {
  const from = Date.now() - 60_000
  await send(traffic(20, from - 3_600_000, from))
  const { page, faults } = await at.visit('/requests?range=24h')
  const heading = (name: string) => page.locator(`#requests th[data-column="${name}"]`)
  const width = async (name: string): Promise<number> => Math.round((await heading(name).boundingBox())?.width ?? 0)
  await heading('when').waitFor()
  await page.locator('#requests [data-row]').first().waitFor()
  const [laidOut, others] = [await width('model'), await width('cost')]

  const edge = heading('model').getByRole('separator', { name: 'Width of Model' })
  const box = await edge.boundingBox()
  if (box === null) throw new Error('The column has no edge.')
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width / 2 + 90, box.y + box.height / 2, { steps: 5 })
  await page.mouse.up()
  expect(await width('model')).toBe(laidOut + 90)
  expect(await width('cost')).toBe(others)

  await page.reload()
  await page.locator('#requests [data-row]').first().waitFor()
  expect(await width('model')).toBe(laidOut + 90)

  await heading('when').getByRole('separator').focus()
  await page.keyboard.press('ArrowDown')
  const focused = async (): Promise<string> =>
    String(await page.evaluate('document.activeElement?.closest("th")?.dataset.column'))
  await eventually(focused).not.toBe('when')
  const column = await focused()
  const before = await width(column)
  await page.keyboard.press('ArrowLeft')
  expect(await width(column)).toBe(before - 16)
  for (let press = 0; press < 100; press++) await page.keyboard.press('ArrowLeft')
  expect(await width(column)).toBe(48)
  await page.keyboard.press('Home')
  expect(await width('model')).toBe(laidOut)
  expect(faults).toEqual([])
})
