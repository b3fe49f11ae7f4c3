import { csvRow } from '../../format/csv.ts'
import { noteTaken } from '../audited.ts'
import type { Handler } from '../route.ts'
import { type Column, columnsOf } from './columns.ts'
import { type Format, jsonFormat, listing } from './listing.ts'
import { selectionOf } from './parameters.ts'

const DAY_SECONDS = 86_400

/** `GET /analytics/export`: the events of a period as a file, CSV when `format` is exactly that, else JSON. */
export const exportEvents: Handler = async (call) => {
  const { searchParams } = call.url
  const selection = selectionOf(searchParams, call.app.clock.now(), DAY_SECONDS)
  const { start, end } = selection.period
  const csv = searchParams.get('format') === 'csv'
  const format = csv ? csvFormat(columnsOf(searchParams)) : jsonFormat((count) => ({ count, period: { start, end } }))
  const answer = await listing(call, selection, format, {
    'content-type': csv ? 'text/csv' : 'application/json',
    'content-disposition': `attachment; filename="analytics_${start}_to_${end}.${csv ? 'csv' : 'json'}"`,
  })
  await noteTaken(call, 'events.export', { format: csv ? 'csv' : 'json', from_s: start, to_s: end })
  return answer
}

function csvFormat(columns: readonly Column[]): Format {
  return {
    head: csvRow(columns.map(({ name }) => name)),
    fields: columns.flatMap(({ fields }) => fields),
    page: (events) => events.map((event) => csvRow(columns.map(({ cell }) => cell(event)))).join(''),
    tail: () => '',
  }
}
