import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { Watched } from './page.ts'
import type { Stage } from './stage.ts'

const POUR = fileURLToPath(new URL('pour.mjs', import.meta.url))

interface Sent {
  readonly events: number
  readonly failed: number
  readonly input_tokens: number
  readonly output_tokens: number
  readonly elapsed_ms: number
}

/** What a person who works with the page meanwhile has to wait for. */
export interface Poured {
  /** Events a second that the server took. */
  readonly perSecond: number
  /** From a key to the paint of what it opens, ms, each time. */
  readonly keysMs: readonly number[]
  /** From a key to the other page, ms, each time. */
  readonly pagesMs: readonly number[]
  /** Of the script of the tab after collection, before and after. */
  readonly heapBytes: readonly [before: number, after: number]
}

/** In the page: the time of each key press until the next paint, as the browser measures it, and of each change of page. */
const MEASURE = `
  globalThis.keysMs = []
  globalThis.pagesMs = []
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) if (name === 'keydown') keysMs.push(duration)
  }).observe({ type: 'event', durationThreshold: 16 })
  addEventListener('keydown', ({ key }) => {
    if (key !== 'o' && key !== 'p') return
    const began = performance.now()
    const wanted = key === 'o' ? 'Overview' : 'Providers'
    const look = () => document.querySelector('h1')?.textContent === wanted ? pagesMs.push(performance.now() - began) : requestAnimationFrame(look)
    look()
  })`

/**
 * Pours events into the server of a stage while its Overview is open and somebody works with it, and holds the page against
 * what was sent and what the API says.
 */
export async function pour(at: Stage, events: number, perSecond: number): Promise<Poured> {
  const watched = await at.visit('/?range=1h', {}, (page) => page.addInitScript({ content: MEASURE }))
  const { page, faults } = watched
  await page.locator('[data-live="live"]').waitFor()
  const heapBefore = await heapBytes(watched)
  const child = spawn(process.execPath, [POUR, at.address, String(events), String(perSecond)])
  let out = ''
  let wrong = ''
  child.stdout.on('data', (data) => {
    out += data
  })
  child.stderr.on('data', (data) => {
    wrong += data
  })
  let over = false
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve)).finally(() => {
    over = true
  })
  try {
    await page.locator('[data-figure="requests"]').waitFor()
    while (!over) {
      await page.keyboard.press('t')
      await page.getByRole('dialog', { name: /^Range/ }).waitFor()
      await page.keyboard.press('Escape')
      await page.keyboard.press('g')
      await page.keyboard.press('p')
      await page.locator('h1', { hasText: 'Providers' }).waitFor()
      await page.keyboard.press('g')
      await page.keyboard.press('o')
      await page.locator('[data-figure="requests"]').waitFor()
      expect(await page.locator('#events [data-row]').count()).toBeLessThanOrEqual(500)
    }
  } finally {
    child.kill('SIGKILL')
  }
  expect(await ended, wrong).toBe(0)
  const sent = JSON.parse(out) as Sent
  expect(sent.events).toBe(events)

  const measures = ['requests', 'failed_requests', 'input_tokens', 'output_tokens', 'cost_nano_usd']
  const now = Date.now()
  const { rows } = await at.post<{ rows: readonly Record<string, number>[] }>('/api/v1/query?consistency=applied', {
    from: now - 3_600_000,
    to: now + 60_000,
    measures,
  })
  expect(rows[0]).toMatchObject({
    requests: events,
    failed_requests: sent.failed,
    input_tokens: sent.input_tokens,
    output_tokens: sent.output_tokens,
  })
  const exact = (name: string): string => Number(rows[0]?.[name]).toLocaleString('en-US')
  const told = (measure: string): Promise<string> =>
    page.locator(`[data-figure="${measure}"]`).evaluate((figure) => figure.getAttribute('title') ?? '')
  await expect.poll(() => told('requests'), { timeout: 20_000 }).toBe(`${exact('requests')} requests, retries included`)
  expect(await told('total_tokens')).toBe(`${exact('input_tokens')} input, ${exact('output_tokens')} output`)
  expect(await told('error_ratio')).toBe(`${exact('failed_requests')} of ${exact('requests')} requests failed`)
  const [whole = 0, nano = 0] = [
    Math.floor(Number(rows[0]?.['cost_nano_usd']) / 1e9),
    Number(rows[0]?.['cost_nano_usd']) % 1e9,
  ]
  expect(await told('cost_nano_usd')).toContain(
    `$${whole.toLocaleString('en-US')}.${String(nano).padStart(9, '0')}`.replace(/0+$/, ''),
  )
  expect(faults).toEqual([])
  return {
    perSecond: Math.round((1000 * events) / sent.elapsed_ms),
    keysMs: (await page.evaluate('keysMs')) as number[],
    pagesMs: (await page.evaluate('pagesMs')) as number[],
    heapBytes: [heapBefore, await heapBytes(watched)],
  }
}

async function heapBytes({ page }: Watched): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  await session.send('Performance.enable')
  const { metrics } = await session.send('Performance.getMetrics')
  await session.detach()
  return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN
}

/** What was measured, in a line. */
export function report({ perSecond, keysMs, pagesMs, heapBytes: [before, after] }: Poured): string {
  const spread = (values: readonly number[]): string => {
    const sorted = [...values].sort((a, b) => a - b)
    const at = (share: number): number =>
      Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
    return `median ${at(0.5)} ms, worst ${at(1)} ms of ${sorted.length}`
  }
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
  return `${perSecond} events/s; keys ${spread(keysMs)}; pages ${spread(pagesMs)}; heap ${mb(before)} to ${mb(after)}`
}
