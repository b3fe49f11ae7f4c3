import { quoted } from '@tallystick/core'
import type { CsvError } from 'csv-parse'

/** What is wrong with each code of the parser, and what to do about it. @see https://csv.js.org/parse/errors/ */
const REASONS: ReadonlyMap<string, string> = new Map([
  [
    'CSV_QUOTE_NOT_CLOSED',
    'the quote that opens this cell is never closed. Close it, or double a quote that belongs to the text ("")',
  ],
  [
    'CSV_INVALID_CLOSING_QUOTE',
    'text follows the closing quote of this cell. Double a quote that belongs to the text (""), or mend --delimiter',
  ],
  [
    'INVALID_OPENING_QUOTE',
    'a quote stands inside a cell that does not begin with one. Put the whole cell in quotes and double the quote ("")',
  ],
  ['CSV_MAX_RECORD_SIZE', 'this row has more than 4 MiB. Look for a quote that is not closed before it'],
])

/**
 * A sentence about a file that the parser cannot read: where it stands (row of data, line of the file, column) and what to
 * do. Undefined for an error that is not the parser's.
 *
 * @example csvProblem(error, ['at', 'in']) // 'row 2, column "in" (line 3): text follows the closing quote ...'
 */
export function csvProblem(error: unknown, header: readonly string[] | undefined): string | undefined {
  const { code, records, lines, index, message } = error as Partial<CsvError> & Record<string, unknown>
  if (typeof code !== 'string' || typeof records !== 'number' || typeof index !== 'number') return undefined
  const name = header?.[index]
  const column = name === undefined ? `column ${index + 1}` : `column ${quoted(name)}`
  // The header is a record too, so the number of records before this one is the number of this row.
  const row = records === 0 ? 'the header' : `row ${records}`
  // The parser has read to the end of the file before it misses a closing quote, so its line says nothing there.
  const line = code === 'CSV_QUOTE_NOT_CLOSED' || typeof lines !== 'number' ? '' : ` (line ${lines})`
  return `${row}, ${column}${line}: ${REASONS.get(code) ?? String(message)}`
}
