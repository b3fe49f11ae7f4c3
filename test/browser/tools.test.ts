import { join } from 'node:path'
import { UsageAnalytics } from '@tallystick/core/compat'
import { afterAll, expect, test } from 'vitest'
import { SCREENSHOTS } from './testing/page.ts'
import { overflow, stage } from './testing/stage.ts'

/** The page of tools and routing, in a real browser over a real server. */
const at = stage()

const analytics = new UsageAnalytics(undefined, {})
afterAll(() => analytics.cleanup())

const HOSTILE = '<img src=x onerror=alert(1)>'
const HOUR = 3_600_000

/** As smart-ai-bridge would have recorded it. */
function records(nowMs: number): readonly Record<string, unknown>[] {
  return Array.from({ length: 160 }, (_, index) => ({
    tool_name: ['review', 'ask', 'spawn_subagent', 'write_files', HOSTILE][(index * index) % 5],
    backend_used: ['local', 'gemini', 'nvidia_deepseek', HOSTILE][index % 4],
    routing_method: ['rule_based', 'capability', 'fallback'][index % 3],
    ...(index % 5 === 0 ? {} : { routing_confidence: 0.45 + (index % 50) / 100 }),
    processing_time_ms: 200 + ((index * 377) % 7_000),
    tokens_used: 100 + index,
    success: index % 6 !== 1,
    ...(index % 6 === 1
      ? {
          error: {
            type: ['timeout', 'rate_limited'][index % 2 === 0 ? 0 : index % 4 === 1 ? 0 : 1],
            code: String(500 + (index % 3)),
            message: index % 7 === 0 ? HOSTILE : `no answer after ${index} ms`,
          },
        }
      : {}),
    timestamp: new Date(nowMs - ((index * index * 3) % 160) * HOUR - 60_000).toISOString(),
  }))
}

const wire = (record: Record<string, unknown>, index: number): object => {
  const error = record['error'] as Record<string, unknown> | undefined
  return {
    event_id: `t${index}`,
    kind: 'tool_invocation',
    timestamp: record['timestamp'],
    tool_name: record['tool_name'],
    backend: record['backend_used'],
    routing_method: record['routing_method'],
    routing_confidence: record['routing_confidence'],
    duration_ms: record['processing_time_ms'],
    total_tokens: record['tokens_used'],
    success: record['success'],
    error_type: error?.['type'],
    error_code: error?.['code'],
    error_message: error?.['message'],
  }
}

test('figures are those of UsageAnalytics over the same events; rows are doors; hostile names are text', async () => {
  const empty = await at.visit('/tools')
  await empty.page.getByText('No events yet').waitFor()
  const found = records(Date.now())
  await at.post('/api/v1/events', found.map(wire))
  const expected = analytics.aggregateEvents(found)

  const watched = await at.visit('/tools?range=7d&zone=UTC')
  const { page, faults } = watched
  const cells = (of: string): Promise<string[][]> =>
    page
      .locator(`[data-${of}] tr`)
      .evaluateAll((rows) =>
        rows.map((row) => [...row.querySelectorAll('td')].map((cell) => (cell.textContent ?? '').trim())),
      )
  await page.locator('[data-backends] a').first().waitFor()
  const backends = await cells('backends')
  expect(backends.map(([name, , , , , count]) => [name, Number(count)])).toEqual(
    expect.arrayContaining(
      Object.entries(expected.backend_performance).map(([name, { requests }]) => [name, requests]),
    ),
  )
  const scores = backends.map(([, score]) => Number(score))
  expect(scores).toEqual([...scores].sort((a, b) => b - a))
  const [best] = backends
  const theirs = expected.backend_performance[best?.[0] ?? '']
  expect(scores[0]).toBeCloseTo(
    analytics.calculateBackendScore(theirs ?? { requests: 0, successes: 0, avg_time_ms: 0 }),
    1,
  )

  await page.locator('[data-routes] a').first().waitFor()
  const routes = Object.values(expected.routing_effectiveness)
  expect(
    (await cells('routes')).map(([method, backend, count, confidence]) => [method, backend, count, confidence]).sort(),
  ).toEqual(
    routes.map((one) => [one.routing_method, one.backend, String(one.count), one.avg_confidence.toFixed(2)]).sort(),
  )
  expect(new Map((await cells('tools')).map(([tool, count]) => [tool, Number(count)]))).toEqual(
    new Map(Object.entries(expected.tool_popularity)),
  )
  await page.locator('[data-patterns] a').first().waitFor()
  const told = (await cells('patterns')).map(([type, message, count]) => [type, message, Number(count)])
  expect(told).toEqual(expected.error_patterns.map((one) => [`${one.type} ${one.code}`, one.message, one.count]))
  const bars = await page
    .locator('[data-hours] > div')
    .evaluateAll((all) => all.map((bar) => bar.getAttribute('title')))
  expect(bars.map((text) => Number(/: ([\d,]+) events/.exec(text ?? '')?.[1]))).toEqual(
    Array.from({ length: 24 }, (_, hour) => expected.hourly_distribution[String(hour)] ?? 0),
  )
  const week = await page.locator('[data-week] td').allTextContents()
  expect(week.reduce((sum, text) => sum + Number(text), 0)).toBe(160)
  await page.screenshot({ path: join(SCREENSHOTS, 'tools-light.png'), fullPage: true })
  expect(await overflow(watched)).toBe(0)

  // By the keyboard: down the ranking, and through the first row.
  await page.locator('[data-backends] a').first().focus()
  await page.keyboard.press('ArrowDown')
  expect(await page.locator('[data-backends] a:focus').textContent()).toBe(backends[1]?.[0])
  await page.getByRole('button', { name: 'LLM requests' }).press('Enter')
  await page.locator('[data-backends]').getByText('Nothing in this range.').waitFor()
  expect(page.url()).toContain('of=requests')
  await page.goBack()
  await page.locator('[data-backends] a').first().waitFor()
  await page.locator('[data-tools] a').first().press('Enter')
  await expect.poll(() => page.url()).toContain('is.tool_name=')
  expect([...faults, ...empty.faults]).toEqual([])
}, 90_000)

test('it fits a phone, in the dark', async () => {
  await at.post('/api/v1/events', records(Date.now()).map(wire))
  const watched = await at.visit('/tools?range=7d', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  await watched.page.locator('[data-patterns] a').first().waitFor()
  await watched.page.screenshot({ path: join(SCREENSHOTS, 'tools-phone-dark.png'), fullPage: true })
  expect(await overflow(watched)).toBe(0)
  expect(watched.faults).toEqual([])
}, 60_000)

test('the door of failures that have a status and no code leads to them', async () => {
  const request = { kind: 'llm_request_failed', provider: 'openai', model: 'gpt-4o', success: false }
  const failed = { ...request, error_type: 'rate_limit', error_message: 'slow down' }
  const now = Date.now()
  await at.post(
    '/api/v1/events',
    [429, 429, 503].map((status_code, index) => ({
      ...failed,
      event_id: `s${index}`,
      timestamp_ms: now - 60_000 - index,
      status_code,
    })),
  )
  await at.post('/api/v1/query?consistency=applied', { from: 0, to: 1, measures: ['events'] })
  const { page, faults } = await at.visit('/tools?range=24h&of=requests')
  const door = page.locator('[data-patterns] a', { hasText: 'rate_limit 429' })
  await door.click()
  await page.locator('#requests [data-row]').nth(1).waitFor()
  expect(await page.locator('#requests [data-row]').count()).toBe(2)
  expect(faults).toEqual([])
})
