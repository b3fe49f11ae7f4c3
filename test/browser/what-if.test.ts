import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SCREENSHOTS } from './testing/page.ts'
import { overflow, stage } from './testing/stage.ts'

/** The page of what-if, in a real browser over a real server. */
const at = stage()

const HOUR = 3_600_000
const HOSTILE = '<img src=x onerror=alert(1)>'

async function traffic(): Promise<void> {
  const models = [
    ['openai', 'gpt-4o'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['openai', 'gpt-4o-mini'],
    ['house', HOSTILE],
  ] as const
  await at.post(
    '/api/v1/events',
    Array.from({ length: 240 }, (_, index) => {
      const [provider, model] = models[index % 4] ?? models[0]
      return {
        event_id: `w${index}`,
        timestamp_ms: Date.now() - (index % 160) * HOUR - 60_000,
        provider,
        model,
        agent_id: ['support-bot', 'nightly', HOSTILE][index % 3],
        input_tokens: 4_000 + ((index * 997) % 60_000),
        cache_read_tokens: 2_000,
        output_tokens: 300 + ((index * 31) % 900),
        duration_ms: 900,
      }
    }),
  )
}

interface Answer {
  readonly targets: readonly {
    readonly there_nano_usd: { readonly likely: number }
    readonly by_model: readonly { readonly model: string | null }[]
  }[]
}

test('models are compared side by side by keyboard and address, with the figures of the API', async () => {
  await traffic()
  const watched = await at.visit('/what-if?range=7d')
  const { page, faults } = watched
  await page.getByText('Pick a model to see').waitFor()

  // By the keyboard alone: a name is typed, a second picked of those in use.
  await page.getByLabel('On another model').focus()
  await page.keyboard.type('anthropic:claude-haiku-4-5')
  await page.keyboard.press('Enter')
  const rows = page.locator('[data-what-if] tr')
  await expect.poll(() => rows.count()).toBe(2)
  await page.getByRole('button', { name: 'gpt-4o-mini', exact: true }).press('Enter')
  await expect.poll(() => rows.count()).toBe(3)
  expect(page.url()).toContain('on=anthropic%3Aclaude-haiku-4-5')
  expect(page.url()).toContain('on2=openai%3Agpt-4o-mini')

  const cost = async (index: number): Promise<string | null> =>
    rows.nth(index).locator('td').nth(2).getAttribute('title')
  const asked = await at.post<Answer>('/api/v1/what-if?consistency=applied', {
    from: Date.now() - 7 * 24 * HOUR,
    targets: [
      { provider: 'anthropic', model: 'claude-haiku-4-5' },
      { provider: 'openai', model: 'gpt-4o-mini' },
    ],
  })
  for (const [index, target] of asked.targets.entries())
    expect(await cost(index + 1)).toBe(`$${(target.there_nano_usd.likely / 1e9).toFixed(9)}`)
  const parts = page.locator('[data-parts="model"] tr')
  await expect.poll(() => parts.count()).toBe(4)
  expect(await parts.allTextContents()).toEqual(expect.arrayContaining([expect.stringContaining(HOSTILE)]))
  expect(await page.locator('[data-uncertain]').textContent()).toContain(
    'claude-sonnet-4-5: claude up to 4.6 and o200k differ',
  )
  await page.screenshot({ path: join(SCREENSHOTS, 'what-if-light.png'), fullPage: true })
  expect(await overflow(watched)).toBe(0)

  // The first is looked at, its share of cache reads changed, then it is removed.
  await page.locator('[data-what-if] button[data-row]').first().press('Enter')
  await page.getByRole('heading', { name: 'claude-haiku-4-5' }).waitFor()
  const before = await cost(1)
  await page.getByLabel('Share of input read from a cache').focus()
  for (let step = 0; step < 10; step++) await page.keyboard.press('ArrowRight')
  await expect.poll(() => page.url()).toContain('cache=')
  await expect.poll(() => cost(1)).not.toBe(before)
  await page.getByRole('button', { name: 'Remove claude-haiku-4-5' }).press('Enter')
  await expect.poll(() => rows.count()).toBe(2)

  // A name without a price says which are most like it.
  const wrong = await at.visit('/what-if?on=%3Agpt-4o-minj')
  await wrong.page.getByRole('alert').getByText('gpt-4o-mini').waitFor()
  expect(faults).toEqual([])
  expect(wrong.faults.filter((fault) => !fault.includes('400'))).toEqual([])
}, 90_000)

test('it fits a phone, in the dark', async () => {
  await traffic()
  const watched = await at.visit('/what-if?range=7d&on=openai:gpt-4o-mini&on2=google:gemini-2.5-flash', {
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
  })
  await watched.page.locator('[data-parts="model"] tr').first().waitFor()
  await watched.page.screenshot({ path: join(SCREENSHOTS, 'what-if-phone-dark.png'), fullPage: true })
  expect(await overflow(watched)).toBe(0)
  expect(watched.faults).toEqual([])
}, 60_000)
