import { expect, test, vi } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { cut, hostile, REFUSED } from './testing/hostile.ts'
import type { Watched } from './testing/page.ts'
import { PAGES } from './testing/pages.ts'
import { overflow, stage } from './testing/stage.ts'

/** Names from outside are text, on every page and wherever they stand in an event. */

vi.setConfig({ testTimeout: 90_000 })
const SEED = Number(process.env['TALLYSTICK_TEST_SEED'] ?? 20_261_122)
/** All that are written down, and mixtures of them. */
const COUNT = thorough(300, 500)
const ORDERED = hostile(COUNT, SEED)
/** In the short run a page shows fewer of them, but some of each kind. */
const STRINGS = LONG ? ORDERED : ORDERED.map((_, index) => ORDERED[(index * 7) % COUNT] ?? '')
const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Strings in one stretch of time: the rows that a page shows at most. */
const AT_ONCE = thorough(50, 100)

const now = Date.now()
/** Where the strings from `first` on stand: a minute for each hundred. */
const minuteOf = (index: number): number => now - HOUR + Math.floor(index / AT_ONCE) * MINUTE

/** Twice as many events as strings: a failed request and a call of a tool, named by it in every way that there is. */
const events = (texts: readonly string[], prefix: string): readonly object[] =>
  texts.flatMap((text, index) => {
    const who = {
      timestamp_ms: minuteOf(index) + (index % AT_ONCE),
      // A number gets `agent_` put before it.
      agent_id: cut(text, 120),
      user_id: text,
      session_id: text,
      api_key_id: cut(text, 128),
      api_key_label: text,
      tags: { [cut(text, 64)]: text },
    }
    return [
      {
        ...who,
        event_id: `${prefix}r${index}`,
        kind: 'llm_request_failed',
        success: false,
        status_code: 500,
        provider: cut(text, 64),
        model: text,
        response_model: text,
        operation: cut(text, 64),
        endpoint: text,
        backend: cut(text, 128),
        routing_method: cut(text, 128),
        error_type: cut(text, 128),
        error_code: cut(text, 128),
        error_message: text,
        finish_reason: cut(text, 64),
        service_tier: cut(text, 64),
        user_agent: text,
        trace_id: cut(text, 64),
        input_tokens: 10 + index,
        duration_ms: 100 + index,
      },
      {
        ...who,
        event_id: `${prefix}t${index}`,
        kind: 'tool_invocation',
        tool_name: text,
        backend: cut(text, 128),
        success: false,
        duration_ms: 5,
      },
    ]
  })

const at = stage(
  () => ({ traceUrl: 'https://jaeger.example/trace/{trace_id}', alerts: { allowedHosts: ['127.0.0.1'] } }),
  async ({ ingest, fetch: ask }) => {
    // What people name is no safer than what machines name.
    for (const name of STRINGS.slice(0, 20)) {
      const subject = { dimension: 'user_id', value: name }
      for (const [path, body] of [
        ['budgets', { name, amount_usd: '1', subject }],
        ['alerts/rules', { name, kind: 'error_rate', filters: { user_id: [name] } }],
      ] as const) {
        const headers = { 'content-type': 'application/json' }
        const request = new Request(`http://localhost/api/v1/${path}`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        })
        const made = await ask(request, { trusted: true })
        expect(made.status, await made.text()).toBe(201)
      }
    }
    const answer = await ingest.submit({ items: events(STRINGS, 'h'), door: 'native' })
    expect(answer).toMatchObject({ accepted: 2 * STRINGS.length, rejected: [] })
    const refused = await ingest.submit({ items: events(REFUSED, 'x'), door: 'native' })
    expect(refused).toMatchObject({ accepted: 0, rejected: { length: 2 * REFUSED.length } })
  },
  { standing: true },
)

/** Elements that no page of ours has; a name that became one of them was taken for markup. */
const MADE = `script, style, link, meta, base, iframe, object, embed, video, audio, img, math, marquee, template, form[action],
  [id="pwned"], [srcdoc], [onerror], [onload], [onclick], [onfocus], [ontoggle], [onbegin], [onmouseover], [onstart]`

async function innocent({ page, faults }: Watched): Promise<void> {
  const made = `[...document.getElementById('app').querySelectorAll(${JSON.stringify(MADE)})].map((it) => it.outerHTML.slice(0, 200))`
  expect(await page.evaluate(made)).toEqual([])
  const elsewhere = `[...document.links].filter(({ origin, dataset, target }) => origin !== location.origin && target !== '_blank').map(({ href }) => href)`
  expect(await page.evaluate(elsewhere)).toEqual([])
  expect(await page.evaluate('globalThis.pwned ?? null')).toBe(null)
  expect(await page.evaluate('document.title')).toMatch(/^Tallystick$|^[A-Z][a-z -]+ - Tallystick$/)
  expect(faults).toEqual([])
}

/** Those with a row for each: in the short run the rows are those of one stretch, which is another one on each page. */
const LISTS = LONG ? [] : ['/', '/models', '/agents', '/users', '/credentials', '/providers', '/tools']
const rangeOf = (path: string): string => {
  const fromMs = minuteOf((LISTS.indexOf(path) * AT_ONCE) % COUNT)
  return LISTS.includes(path) ? `from=${fromMs}&to=${fromMs + MINUTE}` : 'range=24h'
}

test.each(PAGES)(
  `$path shows ${COUNT} hostile strings as text (seed ${SEED})`,
  async ({ path }) => {
    const watched = await at.visit(`${path}?${rangeOf(path)}`)
    const { page } = watched
    await watched.settled()
    await innocent(watched)
    expect(await overflow(watched)).toBe(0)
    // What opens in place: records, changes, details.
    for (const folded of (
      await page.locator('main summary, main [aria-expanded="false"]:not([aria-haspopup])').all()
    ).slice(0, 3))
      await folded.click()
    for (const chosen of await page.locator('main button', { hasText: /^Table$/ }).all()) await chosen.click()
    await watched.settled()
    await innocent(watched)
    expect(await overflow(watched)).toBe(0)
    await page.setViewportSize({ width: 390, height: 844 })
    expect(await overflow(watched)).toBe(0)
    // As filters, which stand in the header and in every question.
    const filters = new URLSearchParams()
    for (const text of STRINGS.slice(0, 4)) filters.append('is.model', text)
    filters.append('not.agent_id', LONGEST)
    filters.append(`is.tags.${cut(STRINGS[0] ?? '', 64)}`, STRINGS[0] ?? '')
    await go(watched, `${path}?${filters}`)
    await innocent(watched)
    expect(await overflow(watched)).toBe(0)
  },
  60_000,
)

const LONGEST = STRINGS.reduce((longest, text) => (text.length > longest.length ? text : longest))

/** To another address as the browser's own buttons go there, without loading anew. */
async function go(watched: Watched, address: string): Promise<void> {
  await watched.page.evaluate(
    `history.pushState(null, '', ${JSON.stringify(address)}); dispatchEvent(new PopStateEvent('popstate'))`,
  )
  await watched.settled()
}

test(`every one of them stands in the breakdown as it was sent (seed ${SEED})`, async () => {
  const watched = await at.visit('/')
  for (let first = 0; first < STRINGS.length; first += AT_ONCE) {
    const fromMs = minuteOf(first)
    await go(watched, `/?from=${fromMs}&to=${fromMs + MINUTE}&by=user_id`)
    const names = await watched.page.locator('#breakdown [data-row]').allTextContents()
    expect(new Set(names)).toEqual(new Set(STRINGS.slice(first, first + AT_ONCE)))
  }
  await innocent(watched)
})
