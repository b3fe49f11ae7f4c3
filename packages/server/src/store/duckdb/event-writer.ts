import type { FieldName } from '@tallystick/core/event'
import type { StoredEvent } from '../store.ts'
import type { ChunkColumns, FieldColumn } from './chunk-columns.ts'
import { type Dictionary, OVERFLOW_CODE } from './dictionary.ts'
import { setUuid } from './uuid.ts'

/** Writes events, whatever is in them, into rows of a chunk. */
export class EventWriter {
  readonly #columns: ChunkColumns
  readonly #dictionary: Dictionary
  readonly #ofField: ReadonlyMap<string, FieldColumn>
  readonly #idBytes = Buffer.alloc(36)

  constructor(columns: ChunkColumns, dictionary: Dictionary) {
    this.#columns = columns
    this.#dictionary = dictionary
    this.#ofField = new Map(columns.fields.map((column) => [column.field, column]))
  }

  write({ ordinal, receivedMs, event }: StoredEvent, row: number): void {
    const columns = this.#columns
    columns.ordinals.setInteger(row, ordinal)
    columns.received.setInteger(row, receivedMs)
    let overflow: Record<string, string> | undefined
    let rest: Record<string, unknown> | undefined
    const record = event as unknown as Readonly<Record<string, unknown>>
    for (const field in record) {
      const value = record[field]
      if (value === undefined) continue
      const column = this.#ofField.get(field)
      if (column === undefined) continue
      const { buffer } = column
      switch (column.storage) {
        case 'integer':
          buffer.setInteger(row, value as number)
          break
        case 'code': {
          const code = this.#dictionary.code(field as FieldName, value as string)
          buffer.shorts[row] = code
          buffer.mark(row)
          if (code === OVERFLOW_CODE) {
            overflow ??= {}
            overflow[column.name] = value as string
          }
          break
        }
        case 'boolean':
          buffer.bytes[row] = value ? 1 : 0
          buffer.mark(row)
          break
        case 'small':
          buffer.words[row] = value as number
          buffer.mark(row)
          break
        case 'rest':
          rest ??= {}
          rest[field] = value
          break
        case 'text':
          buffer.setText(row, value as string)
          break
        case 'json':
          buffer.setText(row, JSON.stringify(value))
          break
        case 'id':
          if (!this.#isUuid(column, row, value as string)) columns.idText.setText(row, value as string)
          break
      }
    }
    if (overflow) columns.overflow.setText(row, JSON.stringify(overflow))
    if (rest) columns.rest.setText(row, JSON.stringify(rest))
  }

  #isUuid({ buffer }: FieldColumn, row: number, id: string): boolean {
    // Every unit of the text is one byte or it is no UUID: 36 units of which some take more do not fit.
    const length = id.length === 36 ? this.#idBytes.write(id, 'utf8') : 0
    return length === 36 && setUuid(buffer, row, this.#idBytes, 0, length)
  }
}
