/** Rows as CSV (RFC 4180), safe to open in a spreadsheet: text that would be taken for a formula gets an apostrophe. */

export type Field = string | number | bigint | boolean | null

/**
 * @example toCsv(['model', 'cost'], [['=1+1', 5]]) // "model,cost\r\n'=1+1,5\r\n"
 */
export function toCsv(header: readonly string[], rows: readonly (readonly Field[])[]): string {
  return [header, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('')
}

function field(value: Field): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
