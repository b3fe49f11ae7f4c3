/**
 * A cell before it is written. Text is made safe for spreadsheets; figures are not text and stay as they are, negative
 * ones too. Null is an empty cell.
 */
export type CsvCell = string | number | bigint | boolean | null | CsvFigure

/** A number already spelled out, e.g. with a fixed count of decimals. */
export interface CsvFigure {
  readonly digits: string
}

/**
 * What a spreadsheet takes for a formula when a cell begins with it, full-width forms included: some fold them to ASCII.
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/
const SPECIAL = /[",\r\n]/

/**
 * One line of CSV with its line end (`\n`). The header is a row like any other: its names may come from outside too.
 *
 * Text that a spreadsheet would run as a formula gets an apostrophe in front and quotes around; text with a comma, a quote
 * or a line end gets quotes, with quotes doubled (RFC 4180).
 *
 * @example csvRow(['a', 'say "hi"', '=SUM(A1:A2)', -5, true, null]) // 'a,"say ""hi""","\'=SUM(A1:A2)",-5,true,\n'
 */
export function csvRow(cells: readonly CsvCell[]): string {
  let line = ''
  for (let index = 0; index < cells.length; index++) {
    if (index > 0) line += ','
    line += cellText(cells[index] as CsvCell)
  }
  return `${line}\n`
}

function cellText(cell: CsvCell): string {
  if (typeof cell === 'string') return csvText(cell)
  if (cell === null) return ''
  return typeof cell === 'object' ? cell.digits : String(cell)
}

function csvText(text: string): string {
  if (FORMULA.test(text)) return `"'${text.replaceAll('"', '""')}"`
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
