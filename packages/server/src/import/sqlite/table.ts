import type { Pages } from './pages.ts'
import { readRecord, type SqliteValue, varint } from './record.ts'

const LEAF = 0x0d
const INTERIOR = 0x05
/** Rows longer than this are passed over: none that is wanted is as long. */
const LONGEST_ROW = 8 * 1024 * 1024
const DEEPEST = 32

/** A table by its name in the schema. */
export interface SqliteTable {
  readonly root: number
  readonly columns: readonly string[]
}

/** Tables of a database that are stored by row id, as nearly all are. @throws Error where the file is damaged */
export function tablesOf(pages: Pages): Map<string, SqliteTable> {
  const tables = new Map<string, SqliteTable>()
  for (const [type, name, , root, sql] of records(pages, 1))
    if (type === 'table' && typeof name === 'string' && typeof root === 'number' && typeof sql === 'string')
      if (!/\bWITHOUT\s+ROWID\s*$/i.test(sql)) tables.set(name, { root, columns: columnsOf(sql) })
  return tables
}

/** The rows of a table by column names. A column that was added after a row was written is absent in it. */
export function* rowsOf(pages: Pages, { root, columns }: SqliteTable): Generator<Map<string, SqliteValue>, void, void> {
  for (const values of records(pages, root))
    yield new Map(values.slice(0, columns.length).map((value, index) => [columns[index] as string, value]))
}

function* records(pages: Pages, root: number): Generator<SqliteValue[], void, void> {
  // A damaged file can lead round in circles.
  let budget = pages.count
  const visit = function* (number: number, depth: number): Generator<SqliteValue[], void, void> {
    if (--budget < 0 || depth > DEEPEST) throw new Error('The database is damaged: its pages go round.')
    const page = pages.page(number)
    const start = number === 1 ? 100 : 0
    const type = page[start]
    if (type !== LEAF && type !== INTERIOR) throw new Error(`Page ${number} of the database belongs to no table.`)
    const cells = page.readUInt16BE(start + 3)
    const pointers = start + (type === LEAF ? 8 : 12)
    for (let cell = 0; cell < cells; cell++) {
      const at = page.readUInt16BE(pointers + cell * 2)
      if (type === INTERIOR) yield* visit(page.readUInt32BE(at), depth + 1)
      else {
        const record = payload(pages, page, at)
        if (record !== undefined) yield readRecord(record)
      }
    }
    if (type === INTERIOR) yield* visit(page.readUInt32BE(start + 8), depth + 1)
  }
  yield* visit(root, 0)
}

/** A row's bytes, those on overflow pages too; undefined if they are too many. */
function payload(pages: Pages, page: Buffer, at: number): Buffer | undefined {
  const [length, afterLength] = varint(page, at)
  const [, begin] = varint(page, afterLength)
  if (length > LONGEST_ROW) return undefined
  const { usable } = pages
  const most = usable - 35
  if (length <= most) return page.subarray(begin, begin + length)
  const least = Math.floor(((usable - 12) * 32) / 255) - 23
  const fitting = least + ((length - least) % (usable - 4))
  const local = fitting <= most ? fitting : least
  const parts = [page.subarray(begin, begin + local)]
  let next = page.readUInt32BE(begin + local)
  for (let left = length - local; left > 0; ) {
    const overflow = pages.page(next)
    const part = overflow.subarray(4, 4 + Math.min(left, usable - 4))
    parts.push(part)
    left -= part.length
    next = overflow.readUInt32BE(0)
  }
  return Buffer.concat(parts)
}

/** Names of the columns in the order of `CREATE TABLE`. */
function columnsOf(sql: string): string[] {
  const inside = sql.slice(sql.indexOf('(') + 1, sql.lastIndexOf(')'))
  const parts: string[] = ['']
  let depth = 0
  let quote = ''
  for (const character of inside) {
    if (quote !== '') quote = character === quote ? '' : quote
    else if (/["'`]/.test(character)) quote = character
    else if (character === '(') depth++
    else if (character === ')') depth--
    if (character === ',' && depth === 0 && quote === '') parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts
    .map((part) => part.trim())
    .filter((part) => !/^(CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN)\b/i.test(part))
    .map((part) => /^["`[]?([^"`\]\s]+)/.exec(part)?.[1] ?? '')
}
