import { grouped, plainTable, type Terminal } from '../terminal.ts'
import type { Figures } from './figures.ts'

/** A column of a table that makes way where the terminal is narrow. */
export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => string
  readonly align: 'left' | 'right'
  /** The greatest goes first where there is no room for all; 0 stays whatever happens. */
  readonly spare: number
  /** Most characters of a cell. */
  readonly most?: number
}

const GAP = 2
const ELLIPSIS = '…'

/**
 * A table that fits into so many characters: columns that can be spared are left out, the most dispensable first. `marked`
 * rows are printed bold, `dimmed` ones dim.
 */
export function fittedTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { color, columns: width }: Pick<Terminal, 'color' | 'columns'>,
  marks: { readonly bold?: (row: Row) => boolean; readonly dim?: (row: Row) => boolean } = {},
): string {
  let left = columns.map((column) => {
    const cells = rows.map((row) => cut(printable(column.cell(row)), column.most))
    return { ...column, cells, width: Math.max(column.head.length, ...cells.map((cell) => [...cell].length)) }
  })
  while (left.reduce((sum, column) => sum + column.width + GAP, -GAP) > width) {
    const spare = Math.max(...left.map((column) => column.spare))
    if (spare === 0) break
    left = left.filter((column) => column.spare !== spare)
  }
  const table = plainTable(
    left.map(({ head }) => head),
    left.map(({ align }) => align),
  )
  rows.forEach((row, index) => {
    const paint = marks.bold?.(row) ? color.bold : marks.dim?.(row) ? color.dim : (text: string) => text
    table.push(left.map(({ cells }) => paint(cells[index] as string)))
  })
  return trimmedLines(table.toString())
}

const trimmedLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')

/** What comes from outside may move the cursor of a terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?')

function cut(text: string, most: number | undefined): string {
  const letters = [...text]
  return most === undefined || letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}${ELLIPSIS}`
}

/** Requests, kinds of tokens that add up to the total, and cost. */
export function figureColumns<Row extends Figures>(): readonly Column<Row>[] {
  return [
    { head: 'Requests', align: 'right', spare: 4, cell: ({ requests }) => grouped(requests ?? 0) },
    { head: 'Input', align: 'right', spare: 2, cell: ({ fresh_input_tokens: tokens }) => grouped(tokens ?? 0) },
    {
      head: 'Cache write',
      align: 'right',
      spare: 6,
      cell: (row) => grouped(BigInt(row.cache_write_tokens ?? 0) + BigInt(row.cache_write_1h_tokens ?? 0)),
    },
    { head: 'Cache read', align: 'right', spare: 5, cell: ({ cache_read_tokens: tokens }) => grouped(tokens ?? 0) },
    { head: 'Output', align: 'right', spare: 2, cell: ({ output_tokens: tokens }) => grouped(tokens ?? 0) },
    { head: 'Total tokens', align: 'right', spare: 1, cell: ({ total_tokens: tokens }) => grouped(tokens ?? 0) },
    { head: 'Cost', align: 'right', spare: 0, cell: costCell },
  ]
}

/** `unpriced` where no request has a price, with a star where some have none; no requests have cost nothing. */
export function costCell({ cost_nano_usd: cost, requests, unpriced_requests: unpriced }: Figures): string {
  if (cost === null) return Number(requests) === 0 ? '$0.00' : 'unpriced'
  return `${cents(cost)}${Number(unpriced) > 0 ? '*' : ''}`
}

const CENT = 10_000_000n

/**
 * Integer nano-USD in whole cents, rounded half to even; what is less than a cent and not nothing says so.
 *
 * @example cents(47_605_000_000) // '$47.60'
 * @example cents(1) // '<$0.01'
 */
export function cents(nanoUsd: number | bigint | string): string {
  const value = BigInt(nanoUsd)
  const size = value < 0n ? -value : value
  if (size > 0n && size < CENT) return value < 0n ? '-<$0.01' : '<$0.01'
  const rest = size % CENT
  const up = rest * 2n > CENT || (rest * 2n === CENT && (size / CENT) % 2n === 1n)
  const whole = size / CENT + (up ? 1n : 0n)
  return `${value < 0n ? '-' : ''}$${grouped(whole / 100n)}.${String(whole % 100n).padStart(2, '0')}`
}
