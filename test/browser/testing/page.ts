import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page, type Request } from 'playwright-core'
import { LONG } from '../../../packages/core/src/testing/thorough.ts'

const BROWSER = '/usr/bin/chromium'
/** The same without windows, at half the work for a page. */
const SHELL = '/usr/bin/chromium-headless-shell'
/** Debian's; another can be named for other machines. The long run looks through the whole browser. */
const CHROMIUM = process.env['TALLYSTICK_TEST_CHROMIUM'] ?? (!LONG && existsSync(SHELL) ? SHELL : BROWSER)
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
]

/** What stands there while something is read. */
const BUSY = 'main .skeleton, main [aria-busy="true"]'
/** An answer leads to the next question within this. */
const QUIET_MS = 150
const SETTLED_WITHIN_MS = 30_000

export const SCREENSHOTS: string = fileURLToPath(new URL('../../../test-output/screenshots', import.meta.url))

export function launch(): Promise<Browser> {
  if (!existsSync(CHROMIUM))
    throw new Error(`No browser at ${CHROMIUM}: apt-get install chromium, or set TALLYSTICK_TEST_CHROMIUM`)
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
}

export interface Watched {
  readonly page: Page
  /** What must not happen: console errors (violations of the policy among them), exceptions, dialogs, requests elsewhere. */
  readonly faults: string[]
  /** Resolves when every question has been answered and drawn; the live stream goes on. */
  settled(): Promise<void>
  close(): Promise<void>
}

/**
 * Opens `url` in a fresh profile and writes down whatever goes wrong.
 *
 * @param prepare what is done with the page before it is opened
 */
export async function watch(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepare: (page: Page) => Promise<unknown> = async () => {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    timezoneId: 'Asia/Kathmandu',
    locale: 'en-GB',
    colorScheme: 'light',
    ...options,
  })
  const page = await context.newPage()
  // Shorter than a test may take, so that the step that hangs is the one that is named.
  page.setDefaultTimeout(12_000)
  const faults: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`))
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) faults.push(`request to ${request.url()}`)
  })
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
  // A page that breaks its policy says so in the console too, but not where it only reports.
  await page.addInitScript({
    content: `document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error('policy: ' + violatedDirective + ' ' + blockedURI))`,
  })
  await prepare(page)
  await page.goto(url)
  const settled = async (): Promise<void> => {
    const untilMs = performance.now() + SETTLED_WITHIN_MS
    for (;;) {
      const quiet = asked.size === 0 && performance.now() - quietSince > QUIET_MS
      if (quiet && (await page.locator('main > *').count()) > 0 && (await page.locator(BUSY).count()) === 0) return
      if (performance.now() > untilMs)
        throw new Error(`Still busy: ${[...asked].map((request) => request.url()).join(', ') || BUSY}`)
      await setTimeout(40)
    }
  }
  return { page, faults, settled, close: () => context.close() }
}
