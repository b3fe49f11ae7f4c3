import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { openTallystick, type Tallystick } from 'tallystick'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { type BuiltPage, builtPage } from './built-page.ts'
import { launch, SCREENSHOTS, type Watched, watch } from './page.ts'

type Options = Partial<Parameters<typeof openTallystick>[0]>

/** A real browser over a real server, which is a new one for each test unless the file has one for all. */
export interface Stage {
  readonly address: string
  readonly tallystick: Tallystick
  /** Where the built page lies. */
  readonly page: string
  visit(path?: string, options?: Parameters<typeof watch>[2], prepare?: Parameters<typeof watch>[3]): Promise<Watched>
  post<T>(path: string, body: unknown): Promise<T>
  stop(): Promise<void>
  /** After {@link stop}: the same data, the same address, another life. */
  restart(): Promise<void>
}

/**
 * To be called once at the top of a test file.
 *
 * @param options how each server is opened
 * @param prepare what it is told before it listens
 * @param how `standing`: one server for all tests of the file, which then must not disturb each other
 */
export function stage(
  options: () => Options | Promise<Options> = () => ({}),
  prepare: (tallystick: Tallystick) => Promise<void> = async () => {},
  { standing = false }: { readonly standing?: boolean } = {},
): Stage {
  const [begin, end] = standing ? [beforeAll, afterAll] : [beforeEach, afterEach]
  let built: BuiltPage
  let browser: Browser
  let dataDir: string
  let given: Options
  let tallystick: Tallystick
  let address: string
  const open: Watched[] = []
  const opened = (): Promise<Tallystick> => openTallystick({ dataDir, dashboardDir: built.dir, ...given })

  beforeAll(async () => {
    built = await builtPage()
    browser = await launch()
    await mkdir(SCREENSHOTS, { recursive: true })
  })
  afterAll(async () => {
    await browser?.close()
    await built?.remove()
  })
  begin(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tallystick-browser-'))
    given = await options()
    tallystick = await opened()
    await prepare(tallystick)
    address = (await tallystick.listen({ port: 0 })).url
  })
  end(async () => {
    await tallystick.close()
    await rm(dataDir, { recursive: true, force: true })
  })
  afterEach(async () => {
    for (const watched of open.splice(0)) await watched.close()
  })

  return {
    get address() {
      return address
    },
    get tallystick() {
      return tallystick
    },
    get page() {
      return built.dir
    },
    async visit(path = '/', how = {}, prepareIt = async () => {}) {
      const watched = await watch(browser, `${address}${path}`, how, prepareIt)
      open.push(watched)
      return watched
    },
    async post<T>(path: string, body: unknown): Promise<T> {
      const response = await fetch(`${address}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(response.ok, await response.clone().text()).toBe(true)
      return (await response.json()) as T
    },
    stop: () => tallystick.close(),
    async restart() {
      tallystick = await opened()
      await tallystick.listen({ port: Number(new URL(address).port) })
    },
  }
}

/** How far a page scrolls sideways; it may only within its tables. */
export const overflow = ({ page }: Watched): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
