import { describe, expect, it } from 'vitest'
import { createTestApp, NOW_MS, type TestApp } from './testing/test-app.ts'

const LONG = [
  '/analytics/events',
  '/analytics/export',
  '/analytics/export?format=csv',
  '/api/v1/export',
  '/api/v1/export?format=csv',
] as const

async function filled(): Promise<TestApp> {
  const test = await createTestApp({ limits: { downloads: 2 } })
  const items = Array.from({ length: 2_500 }, (_, index) => ({
    event_id: `e${index}`,
    timestamp_ms: NOW_MS - 60_000 + index,
    model: 'm',
  }))
  await test.ingest.submit({ items, door: 'test' })
  return test
}

/** An answer whose reader has taken the first piece and lets the others wait. */
async function begun(test: TestApp, path: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const response = await test.call(path)
  expect(response.status).toBe(200)
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  expect((await reader.read()).done).toBe(false)
  return reader
}

describe.each(LONG)('%s to many slow readers', (path) => {
  it('Q-4: is begun for so many only; who is refused is told when to come again, and comes when another has gone', async () => {
    const test = await filled()
    const first = await begun(test, path)
    const second = await begun(test, path)
    for (const other of LONG) {
      const refused = await test.call(other)
      expect(refused.status).toBe(503)
      expect(refused.headers.get('retry-after')).toBe('1')
      expect(await refused.text()).toContain('2 long answers are being read')
    }
    // What is one page long is not held up.
    expect((await test.call('/analytics/events?limit=10')).status).toBe(200)
    expect((await test.call('/analytics/events?limit=1000')).status).toBe(200)

    await first.cancel()
    const third = await begun(test, path)
    while (!(await second.read()).done);
    await third.cancel()
    // Nobody reads the body of these.
    for (let times = 0; times < 3; times++) expect((await test.call(path, { method: 'HEAD' })).status).toBe(200)
    await (await begun(test, path)).cancel()
  })
})
