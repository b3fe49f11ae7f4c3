import { encodeRoutiium, type FieldName, type UsageEvent } from '@tallystick/core/event'
import type { Downloads } from '../downloads.ts'
import { cursorText } from '../handlers/events.ts'
import type { Call } from '../route.ts'
import { streamBody } from '../stream-body.ts'
import { eventPages, type Page } from './pages.ts'
import { type Selection, settled } from './parameters.ts'

/**
 * Events written at one time. A text of more than 128 KiB is one of the engine's large objects, which a slow reader lets pile up
 * until all memory is looked through; smaller ones go with the next young collection.
 */
const PIECE_EVENTS = 100

/** How a list of events is written: what stands before, each piece of a page, and what stands behind. */
export interface Format {
  readonly head: string
  /** Members of the events that are looked at; all when absent. */
  readonly fields?: readonly FieldName[]
  page(events: readonly UsageEvent[], first: boolean): string
  tail(count: number, nextCursor: string | null): string
}

/** The member `events` of a JSON object, whose other members `rest` gives once their count is known. */
export function jsonFormat(rest: (count: number) => object): Format {
  return {
    head: '{"events":[',
    page: (events, first) =>
      `${first || events.length === 0 ? '' : ','}${events.map((event) => JSON.stringify(encodeRoutiium(event))).join(',')}`,
    tail: (count, next) => `],${JSON.stringify({ ...rest(count), next_cursor: next }).slice(1)}`,
  }
}

/**
 * Answers with the selected events as a stream. Nothing is sent before the first page has been read, so that a store that
 * cannot answer still gives an error and not half a list.
 */
export async function listing(
  call: Call,
  selection: Selection,
  format: Format,
  headers: Record<string, string>,
): Promise<Response> {
  const { url, app } = call
  await settled(url, app)
  const pages = eventPages(call, selection, format.fields)
  const first = (await pages.next()).value as Page | undefined
  const long = first?.next !== undefined && first.events.length < (selection.limit ?? Number.POSITIVE_INFINITY)
  if (long) app.downloads.assertRoom()
  const link = first === undefined ? undefined : nextLink(url, selection, first)
  const parts = written(first, pages, format, long ? app.downloads : undefined)
  return new Response(streamBody(parts, app), {
    headers: { ...headers, ...(link === undefined ? {} : { link }) },
  })
}

async function* written(
  first: Page | undefined,
  pages: AsyncGenerator<Page>,
  format: Format,
  downloads: Downloads | undefined,
): AsyncGenerator<string, void> {
  const end = downloads?.begin()
  let count = 0
  let page = first
  try {
    yield format.head
    while (page !== undefined) {
      const events = page.events.map(({ event }) => event)
      for (let at = 0; at < events.length; at += PIECE_EVENTS) {
        const text = format.page(events.slice(at, at + PIECE_EVENTS), count === 0)
        count += Math.min(PIECE_EVENTS, events.length - at)
        if (text !== '') yield text
      }
      const following = await pages.next()
      if (following.done) break
      page = following.value
    }
    yield format.tail(count, page?.next === undefined ? null : cursorText(page.next))
  } finally {
    end?.()
    await pages.return(undefined)
  }
}

/**
 * Where the list goes on, when its first page is all of it: later ones are not known before the headers have gone. The
 * period is spelled out, since its defaults move with the clock.
 */
function nextLink(url: URL, { period, limit }: Selection, { events, next }: Page): string | undefined {
  if (next === undefined || limit === undefined || events.length < limit) return undefined
  const parameters = new URLSearchParams(url.searchParams)
  parameters.set('start', String(period.start))
  parameters.set('end', String(period.end))
  parameters.set('cursor', cursorText(next))
  return `<${url.pathname}?${parameters}>; rel="next"`
}
