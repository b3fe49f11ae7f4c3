import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Debian's browser; another can be named for other machines. */
const CHROMIUM = process.env['TALLYSTICK_TEST_CHROMIUM'] ?? '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
]

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
  close(): Promise<void>
}

/** Opens `url` in a fresh profile and writes down whatever goes wrong. */
export async function watch(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
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
  await page.goto(url)
  return { page, faults, close: () => context.close() }
}
