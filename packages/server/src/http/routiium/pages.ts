import type { FieldName } from '@tallystick/core/event'
import type { ScanCursor, ScanPage, StoredEvent } from '../../store/store.ts'
import type { Call } from '../route.ts'
import type { Selection } from './parameters.ts'
import { REQUESTS_ONLY } from './requests.ts'

/** Events read at one time: few enough that an answer under way holds a few MB, enough that reading them pays. */
export const PAGE_EVENTS = 1_000

export interface Page {
  readonly events: readonly StoredEvent[]
  /** Where to go on; undefined on the last page when nothing is left. */
  readonly next: ScanCursor | undefined
}

/**
 * The selected requests, page by page. The next page is read while one is being written, and no more than that.
 *
 * What is accepted after the first page was asked for is left out even where its instant lies in the period, so an answer
 * that takes minutes is that of one moment; what expires or is cleared meanwhile may be missing from its rest.
 *
 * @throws TallystickError `overloaded` before the first page only
 */
export async function* eventPages(
  { app, store, request: { signal } }: Call,
  selection: Selection,
  fields: readonly FieldName[] | undefined,
): AsyncGenerator<Page> {
  const { period, ascending, limit = Number.POSITIVE_INFINITY } = selection
  if (limit === 0 || period.fromMs >= period.toMs) return
  const known = app.ingest.progress().appliedOrdinal
  const filters = [REQUESTS_ONLY, ...selection.filters]
  const read = (after: ScanCursor | undefined, wanted: number): Promise<ScanPage> =>
    store.scan({
      fromMs: period.fromMs,
      toMs: period.toMs,
      filters,
      ascending,
      limit: Math.min(wanted, PAGE_EVENTS),
      ...(fields === undefined ? {} : { fields }),
      ...(after === undefined ? {} : { after }),
    })

  let left = limit
  let pending = app.queries.run(() => read(selection.after, left), signal)
  for (;;) {
    const { events: found, next } = await pending
    const events = found.filter(({ ordinal }) => ordinal <= known)
    left -= events.length
    const more = next !== undefined && left > 0
    if (more) {
      pending = read(next, left)
      // Nobody waits for it if the reader goes away.
      pending.catch(() => undefined)
    }
    yield { events, next }
    if (!more) return
  }
}
