import { gzipSync } from 'node:zlib'
import { type ExportRow, readRows } from '../rows.ts'

/** Rows in each of the forms that a file may have them in. */
export const FORMS: ReadonlyMap<string, (rows: readonly object[]) => Uint8Array> = new Map([
  ['JSON', (rows) => bytes(JSON.stringify(rows, null, 2))],
  ['JSON Lines', (rows) => bytes(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))],
  ['pages of an API', (rows) => bytes(rows.map((row) => JSON.stringify({ data: [row], total: 9 })).join('\n'))],
  ['CSV', (rows) => bytes(csvOf(rows))],
  ['JSON Lines, packed', (rows) => gzipSync(rows.map((row) => JSON.stringify(row)).join('\n'))],
])

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** With objects and lists as JSON in their cells, as every exporter of these writes them. */
export function csvOf(rows: readonly object[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cell = (value: unknown): string => {
    if (value === undefined || value === null) return ''
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  const lines = rows.map((row) => columns.map((name) => cell((row as Record<string, unknown>)[name])).join(','))
  return `${columns.join(',')}\n${lines.join('\n')}\n`
}

/** What is made of each row of a file that comes in pieces of `size` bytes. */
export async function readAs<T>(
  file: Uint8Array,
  eventOf: (row: ExportRow) => T,
  size = 7,
): Promise<readonly (T | string)[]> {
  const pieces = (async function* () {
    for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size)
  })()
  const made: (T | string)[] = []
  for await (const read of readRows(pieces, 'export')) made.push('row' in read ? eventOf(read.row) : read.problem)
  return made
}

/** Sums of members over items, e.g. of tokens and cost. */
export function totals(items: readonly Record<string, unknown>[], names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, items.reduce((sum, item) => sum + Number(item[name] ?? 0), 0)]))
}
