import { FIELD_NAMES, type FieldName, type UsageEvent, wireName } from '@tallystick/core/event'
import { type CsvCell, csvRow } from './csv.ts'

/** A column of events as CSV. */
export interface CsvColumn {
  readonly name: string
  /** The member that it shows. */
  readonly field: FieldName
  readonly cell: (event: UsageEvent) => CsvCell
}

/**
 * Every member of the wire, in the order of the field table: integers as they are (money in nano-USD, instants in ms), lists and
 * maps as JSON, an absent member as an empty cell. Behind `timestamp_ms` the same instant stands as RFC 3339 in UTC.
 */
export const CSV_COLUMNS: readonly CsvColumn[] = FIELD_NAMES.flatMap((field): CsvColumn[] => {
  const column: CsvColumn = { name: wireName(field), field, cell: cellOf(field) }
  if (field !== 'timestampMs') return [column]
  return [column, { name: 'timestamp', field, cell: ({ timestampMs }) => new Date(timestampMs).toISOString() }]
})

const COLUMN_OF: ReadonlyMap<string, CsvColumn> = new Map(CSV_COLUMNS.map((column) => [column.name, column]))

export function csvColumnOf(name: string): CsvColumn | undefined {
  return COLUMN_OF.get(name)
}

/** One event as a line. */
export function csvLine(columns: readonly CsvColumn[], event: UsageEvent): string {
  return csvRow(columns.map(({ cell }) => cell(event)))
}

function cellOf(field: FieldName): CsvColumn['cell'] {
  return (event) => {
    const value = event[field]
    if (value === undefined) return null
    return typeof value === 'object' ? JSON.stringify(value) : value
  }
}
