import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Page, type Request } from 'playwright-core'
import { fill } from './fill.ts'
import { line, machine, median, option, quantile, usageOf } from './report.ts'
import { startTallystick, untilSealed, workFolder } from './servers.ts'

/**
 * What who works with the dashboard waits for, in a real Chromium: from a key or click until the next paint, as the browser itself
 * measures it; from a way into a page until its heading stands there; and until every figure on it is there. For each page and
 * range, over as many events as wanted.
 *
 *   npm run bench -- page [--events 1000000] [--days 365] [--repeat 3] [--dir DIR (one that is filled already)]
 *                         [--ranges 24h,30d,all]
 */
const CHROMIUM = process.env['TALLYSTICK_TEST_CHROMIUM'] ?? '/usr/bin/chromium'
const events = Number(option('events', '1000000'))
const days = Number(option('days', '365'))
const repeat = Number(option('repeat', '3'))
const ranges = option('ranges', '24h,30d,all').split(',')
const given = option('dir', '')
/** An answer leads to the next question within this. */
const QUIET_MS = 150
const SETTLED_WITHIN_MS = 120_000

/** Runs in the page: every key and click, until the paint that follows; and the heading that a way in leads to. */
const MEASURE = `
  globalThis.inputs = []
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries())
      if (name === 'keydown' || name === 'click' || name === 'pointerup') inputs.push(duration)
  }).observe({ type: 'event', durationThreshold: 16, buffered: true })
  globalThis.enter = (path, before) =>
    new Promise((resolve) => {
      const began = performance.now()
      const door = [...document.querySelectorAll('nav a[href]')].find((link) => new URL(link.href).pathname === path)
      door.click()
      const look = () => {
        const there = location.pathname === path && (document.querySelector('h1')?.textContent !== before || path === '/')
        requestAnimationFrame(there ? () => resolve(performance.now() - began) : look)
      }
      look()
    })`

if (!existsSync(CHROMIUM)) throw new Error(`No browser at ${CHROMIUM}: apt-get install chromium`)
console.log(machine())
const dir = given || workFolder()
if (given === '') await fill(dir, events, days)
const server = await startTallystick(dir)
await untilSealed(server)
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
try {
  for (const range of ranges) await measured(range)
} finally {
  await browser.close()
  await server.stop({ keep: given !== '' })
}

async function measured(range: string): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  const settled = watchRequests(page)
  await page.addInitScript({ content: MEASURE })
  const opened = performance.now()
  await page.goto(`${server.url}/?range=${range}`)
  await settled()
  line(`${range}: opened, until all figures are there`, { ms: performance.now() - opened - QUIET_MS })
  const doors = (
    await page.locator('nav a[href]').evaluateAll((links) =>
      links.map((link) => ({
        name: link.textContent?.trim() ?? '',
        path: new URL((link as unknown as { readonly href: string }).href).pathname,
      })),
    )
  ).filter(({ path }, index, all) => all.findIndex((other) => other.path === path) === index)
  const [headings, figures]: [Map<string, number[]>, Map<string, number[]>] = [new Map(), new Map()]
  for (let round = 0; round < repeat; round++) {
    for (const { name, path } of doors) {
      const before = await page.locator('h1').first().textContent()
      const started = performance.now()
      const headed = page.evaluate(`enter(${JSON.stringify(path)}, ${JSON.stringify(before)})`) as Promise<number>
      push(headings, name, await headed)
      await settled()
      push(figures, name, performance.now() - started - QUIET_MS)
      // What every page has: the range picker, the help, and the way back from both.
      for (const key of ['t', 'Escape', '?', 'Escape', 'Tab', 'Tab']) await page.keyboard.press(key)
    }
  }
  for (const { name } of doors) {
    const [heading = [], figure = []] = [headings.get(name), figures.get(name)]
    line(`${range}: ${name}`, {
      'heading p50 ms': median(heading),
      'worst ms': Math.max(...heading),
      'all figures p50 ms': median(figure),
      'worst figures ms': Math.max(...figure),
    })
  }
  const inputs = (await page.evaluate('inputs')) as readonly number[]
  const all = [...inputs, 0]
  line(`${range}: key or click until the next paint, of those over 16 ms`, {
    count: inputs.length,
    'p50 ms': median(all),
    'p95 ms': quantile(all, 0.95),
    'worst ms': Math.max(...all),
  })
  line(`${range}: server`, { 'RSS MB': usageOf(server.pid).rssMb, 'peak MB': usageOf(server.pid).peakMb })
  await context.close()
}

function push(lists: Map<string, number[]>, name: string, ms: number): void {
  const list = lists.get(name) ?? []
  list.push(ms)
  lists.set(name, list)
}

/** @returns waits until every question has been answered and nothing on the page says that it reads; the live stream goes on */
function watchRequests(page: Page): () => Promise<void> {
  const asked = new Set<Request>()
  let quietSince = performance.now()
  page.on('request', (request) => {
    if (new URL(request.url()).pathname !== '/api/v1/live') asked.add(request)
  })
  const answered = (request: Request): void => {
    asked.delete(request)
    quietSince = performance.now()
  }
  page.on('requestfinished', answered).on('requestfailed', answered)
  return async () => {
    const until = performance.now() + SETTLED_WITHIN_MS
    quietSince = performance.now()
    while (performance.now() < until) {
      const quiet = asked.size === 0 && performance.now() - quietSince > QUIET_MS
      if (quiet && (await page.locator('main .skeleton, main [aria-busy="true"]').count()) === 0) return
      await sleep(20)
    }
    throw new Error(`still reading: ${[...asked].map((request) => request.url()).join(', ')}`)
  }
}
