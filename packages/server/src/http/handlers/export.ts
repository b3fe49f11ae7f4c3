import { type Issue, inlineIssues, nearest, quoted, TallystickError } from '@tallystick/core'
import { type FieldName, wireJson } from '@tallystick/core/event'
import { csvRow } from '../../format/csv.ts'
import { CSV_COLUMNS, type CsvColumn, csvColumnOf, csvLine } from '../../format/event-csv.ts'
import type { ScanCursor, ScanPage, StoredEvent } from '../../store/store.ts'
import { noteTaken } from '../audited.ts'
import type { Downloads } from '../downloads.ts'
import { EXPORT_DOC } from '../openapi/transfer.ts'
import { documentedParameters, type ParameterTable } from '../parameters.ts'
import type { Handler } from '../route.ts'
import { streamBody } from '../stream-body.ts'
import { selectionOf } from './events.ts'
import { waitsForApplied } from './query.ts'

/** Events read at one time: few enough that an answer under way holds a few MB, enough that reading them pays. */
const PAGE_EVENTS = 1_000
/** Written at one time: longer texts are large objects of the engine, which pile up behind a slow reader. */
const PIECE_CHARACTERS = 32_768
const OWN: ParameterTable = documentedParameters(EXPORT_DOC)

/** How events become text. */
interface Format {
  readonly type: string
  readonly extension: string
  readonly head: string
  /** Members that are looked at; all when absent. */
  readonly fields?: readonly FieldName[]
  readonly line: (event: StoredEvent['event']) => string
}

/**
 * `GET /api/v1/export`: every event of `[from, to)`, oldest first, as NDJSON in the native wire or as CSV. Read no faster than
 * it is taken, a page at a time. What is accepted after the request came is left out.
 */
export const exportEvents: Handler = async ({ url, request, app, store, principal }) => {
  const { searchParams } = url
  const selection = selectionOf(searchParams, OWN, app.clock.now())
  const format = formatOf(searchParams)
  if (waitsForApplied(url)) await app.ingest.applied(app.limits.appliedWaitMs)
  const known = app.ingest.progress().appliedOrdinal
  const read = (after?: ScanCursor): Promise<ScanPage> =>
    store.scan({
      ...selection,
      ascending: true,
      limit: PAGE_EVENTS,
      ...(format.fields === undefined ? {} : { fields: format.fields }),
      ...(after === undefined ? {} : { after }),
    })
  // In turn with queries, so that a busy server can still refuse; the other pages come one at a time.
  const first = await app.queries.run(() => read(), request.signal)
  if (first.next !== undefined) app.downloads.assertRoom()
  const { fromMs, toMs } = selection
  await noteTaken({ app, request, principal }, 'events.export', {
    format: format.extension,
    from_ms: fromMs,
    to_ms: toMs,
  })
  return new Response(streamBody(texts(first, read, known, format, app.downloads), app), {
    headers: {
      'content-type': format.type,
      'content-disposition': `attachment; filename="events.${format.extension}"`,
    },
  })
}

function formatOf(parameters: URLSearchParams): Format {
  const names = parameters.get('columns')
  if (parameters.get('format') === 'csv') {
    const columns = names === null ? CSV_COLUMNS : columnsOf(names)
    return {
      type: 'text/csv; charset=utf-8',
      extension: 'csv',
      ...(names === null ? {} : { fields: columns.map(({ field }) => field) }),
      head: csvRow(columns.map(({ name }) => name)),
      line: (event) => csvLine(columns, event),
    }
  }
  if (names !== null)
    throw new TallystickError('unknown_parameter', 'columns: only CSV has columns; NDJSON holds whole events.', {
      issues: [{ path: 'columns', message: 'only CSV has columns; NDJSON holds whole events' }],
    })
  return { type: 'application/x-ndjson', extension: 'ndjson', head: '', line: (event) => `${wireJson(event)}\n` }
}

function columnsOf(names: string): readonly CsvColumn[] {
  const issues: Issue[] = []
  const columns = names.split(',').flatMap((text) => {
    const name = text.trim()
    const column = csvColumnOf(name)
    if (column !== undefined) return [column]
    issues.push({
      path: 'columns',
      message: `no column ${quoted(name)}; ${nearest(
        name,
        CSV_COLUMNS.map((known) => known.name),
      )}`,
    })
    return []
  })
  if (issues.length > 0) throw new TallystickError('unknown_value', `${inlineIssues(issues)}.`, { issues })
  return columns
}

/** The next page is read while one is being written, and no more than that. */
async function* texts(
  first: ScanPage,
  read: (after: ScanCursor) => Promise<ScanPage>,
  known: number,
  { head, line }: Format,
  downloads: Downloads,
): AsyncGenerator<string> {
  const end = first.next === undefined ? undefined : downloads.begin()
  try {
    if (head !== '') yield head
    let page: ScanPage | undefined = first
    while (page !== undefined) {
      const pending: Promise<ScanPage> | undefined = page.next === undefined ? undefined : read(page.next)
      // Nobody waits for it if the reader goes away.
      pending?.catch(() => undefined)
      let text = ''
      for (const { event, ordinal } of page.events) {
        if (ordinal > known) continue
        text += line(event)
        if (text.length < PIECE_CHARACTERS) continue
        yield text
        text = ''
      }
      if (text !== '') yield text
      page = await pending
    }
  } finally {
    end?.()
  }
}
