import { describe, expect, test } from 'vitest'
import { CHUNK_ROWS, ChunkColumns } from './chunk-columns.ts'
import { DuckDBDataChunk } from './node-api.ts'
import { EVENT_TABLE } from './schema.ts'

const column = EVENT_TABLE.findIndex(({ name }) => name === 'user_id')

/** One chunk after another of the same columns; what the engine then says of the column. */
function readBack(...chunks: readonly (readonly (string | undefined)[])[]): unknown[][] {
  const columns = new ChunkColumns()
  const user = columns.fields.find(({ field }) => field === 'userId')?.buffer
  return chunks.map((texts) => {
    const chunk = DuckDBDataChunk.create(columns.types, CHUNK_ROWS)
    columns.begin(chunk.chunk)
    texts.forEach((text, row) => {
      if (text !== undefined) user?.setText(row, text)
    })
    columns.finish()
    chunk.rowCount = texts.length
    return [...chunk.getColumnValues(column)]
  })
}

describe('long texts', () => {
  test('of every length about the one that no longer stands in the column come back as they were', () => {
    const texts = Array.from({ length: 40 }, (_, length) => 'a1b2c3d4e5'.repeat(4).slice(0, length))
    expect(readBack(texts)).toEqual([texts])
  })

  test('of several bytes a character, with a zero in them or with half a character come back as the engine takes them', () => {
    const texts = ['señor García-Núñez', '🙂🙂🙂🙂', 'zero\u0000 in the middle', 'half \ud83d of one, at length']
    expect(readBack(texts)).toEqual([[...texts.slice(0, 3), 'half \ufffd of one, at length']])
  })

  test('take more room as they need it, and leave nothing to the chunk behind', () => {
    const long = Array.from({ length: 300 }, (_, row) => `${row}-${'x'.repeat(row * 40)}`)
    const gaps = long.map((text, row) => (row % 3 === 0 ? undefined : text.slice(-20)))
    expect(readBack(long, gaps, [], long)).toEqual([long, gaps.map((text) => text ?? null), [], long])
  })

  test('of a row that is given up are forgotten', () => {
    const columns = new ChunkColumns()
    const user = columns.fields.find(({ field }) => field === 'userId')?.buffer
    const chunk = DuckDBDataChunk.create(columns.types, CHUNK_ROWS)
    columns.begin(chunk.chunk)
    user?.setText(0, 'the first text, which is kept')
    user?.setText(1, 'the second text, which is not')
    columns.clear(1)
    user?.setText(1, 'what took its place in the row')
    user?.setText(2, 'a third one, given up for good')
    columns.clear(2)
    columns.finish()
    chunk.rowCount = 3
    expect([...chunk.getColumnValues(column)]).toEqual([
      'the first text, which is kept',
      'what took its place in the row',
      null,
    ])
  })
})
