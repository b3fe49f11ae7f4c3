import { JsonBytes, type UsageEvent, wireJson, writeAcceptedEvent, writeContent } from '@tallystick/core/event'
import type { JournalLines } from '@tallystick/core/journal'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbitraryEvent } from '../../../../core/src/event/testing/arbitrary.ts'
import { thorough } from '../../../../core/src/testing/thorough.ts'
import { ChunkColumns } from './chunk-columns.ts'
import { ChunkWriter } from './chunk-writer.ts'
import { Dictionary, type DictionaryLimits } from './dictionary.ts'
import { LineDecoder } from './line-decoder.ts'
import { LineRows, type Rows, type RowWriters } from './rows.ts'
import { COLUMN_OF, EVENT_TABLE, OVERFLOW, REST } from './schema.ts'

const SEAL = ',"c":"00000000"}'
const CODED = new Map(
  [...COLUMN_OF.values()].flatMap(({ storage, name, field }) => (storage === 'code' ? [[name, field]] : [])),
)

/** Lines as the reader of the journal hands them on; the checksum has been looked at by then. */
function linesOf(texts: readonly string[]): JournalLines {
  const parts = texts.map((text) => Buffer.from(`${text}\n`))
  const starts: number[] = []
  let length = 0
  for (const part of parts) {
    starts.push(length)
    length += part.length
  }
  return {
    segment: 1,
    buffer: Buffer.concat(parts),
    offset: 0,
    starts,
    ends: starts.map((start, index) => start + (parts[index] as Buffer).length - 1),
    ordinals: texts.map((_, index) => index + 1),
  }
}

/** Rows of lines as if no line were of the kind that is read by its bytes. */
class ParsedRows implements Rows {
  readonly #rows: LineRows
  constructor(rows: LineRows) {
    this.#rows = rows
  }
  get length(): number {
    return this.#rows.length
  }
  ordinal(index: number): number {
    return this.#rows.ordinal(index)
  }
  write(index: number, { events }: RowWriters, row: number): boolean {
    return this.#rows.write(index, { events, lines: { decode: () => false } }, row)
  }
}

/** Every cell of the chunk, names in place of their codes, and what was told of the lines. */
function cellsOf(texts: readonly string[], fast: boolean, limits?: DictionaryLimits): unknown {
  const lines = linesOf(texts)
  const told: unknown[] = []
  const rows = new LineRows((damage) => told.push(damage))
  for (let index = 0; index < texts.length; index++) rows.add(lines, index)
  const dictionary = new Dictionary(limits)
  const { chunk, ...written } = new ChunkWriter(dictionary).write(
    fast ? rows : new ParsedRows(rows),
    0,
    rows.length,
    1_793_700_000_000,
  )
  const columns = EVENT_TABLE.map(({ name }, index) => {
    const field = CODED.get(name)
    const values = chunk.getColumnValues(index)
    // Which member of an object comes first means nothing, and the two ways write them in the order they met them.
    if (name === OVERFLOW || name === REST) return values.map((text) => text && JSON.parse(text as string))
    return field === undefined
      ? values
      : values.map((code) => (code === 0 || code === null ? code : dictionary.value(field, code as number)))
  })
  return { columns, told, ...written }
}

/** What comes of the lines, or that nothing does. */
function outcome(texts: readonly string[], fast: boolean): unknown {
  try {
    return cellsOf(texts, fast)
  } catch {
    return 'refused'
  }
}

const lineOf = (event: string, ordinal = 1): string =>
  `{"t":"event","n":${ordinal},"r":1793700000001,"h":"0123456789abcdef","e":${event}${SEAL}`
const seen = (event: UsageEvent, index: number): string => lineOf(wireJson(event), index + 1)
/** As a door writes it: what was sent first, what was added behind it. */
const accepted = (event: UsageEvent, index: number): string => {
  const content = writeContent(new JsonBytes(), {
    ok: true,
    event: { ...event },
    idMinted: false,
    timestampMinted: false,
  })
  const line = new JsonBytes()
  writeAcceptedEvent(line, event, content, { timestampMinted: false })
  return lineOf(new TextDecoder().decode(line.bytes.subarray(0, line.length)), index + 1)
}

test('an event comes out the same, cell by cell, whether its line is read by bytes or parsed', () => {
  fc.assert(
    fc.property(fc.array(arbitraryEvent(), { minLength: 1, maxLength: 25 }), (events) => {
      for (const texts of [events.map(seen), events.map(accepted)]) {
        expect(cellsOf(texts, true)).toEqual(cellsOf(texts, false))
      }
    }),
    { seed: 1, numRuns: thorough(15, 150) },
  )
}, 60_000)

test('names beyond what the dictionary holds come out the same too', () => {
  const limits = { valuesPerField: 8, totalLength: 500 }
  fc.assert(
    fc.property(fc.array(arbitraryEvent(), { minLength: 10, maxLength: 40 }), (events) => {
      const texts = events.map(seen)
      expect(cellsOf(texts, true, limits)).toEqual(cellsOf(texts, false, limits))
    }),
    { seed: 2, numRuns: thorough(6, 30) },
  )
}, 60_000)

describe('a line that this program did not write', () => {
  const VALUES = [
    ...['null', 'true', 'false', '0', '-0', '-1', '007', '1.5', '1e3', '12', '2147483648', '9007199254740991'],
    ...['12345678901234567890', '"12"', '""', '"\\u0041"', '"a\\"b"', '"tab\t"', '"\\n"', '"na\u00efve"', '[]', '{}'],
    ...['{"a":{"b":[1,"}"]}}', '{"2":"b","1":"a","a":"x","a":"y"}', '[1,2', '"open', 'nul', '1 ', ' 1', '"a" '],
    ...['"0199aa00-1234-7abc-8def-0123456789ab"', '"0199AA00-1234-7abc-8def-0123456789ab"', '"exactly12byt"'],
  ]
  const NAMES = [...[...COLUMN_OF.values()].map(({ name }) => name), 'unknown', 'event_i', 'event_id2', '', '__proto__']
  const value = fc.constantFrom(...VALUES)
  const place = fc.nat(90)
  const put = fc.array(fc.tuple(place, fc.constantFrom(...NAMES), value), { maxLength: 2 })
  const changed = fc.array(fc.tuple(place, value), { maxLength: 2 })
  /** The members of an event with other values, with some put in anywhere, twice, in another order, or left out. */
  const odd = fc
    .tuple(arbitraryEvent({ text: 'plain' }), changed, fc.oneof(fc.constant([]), put), fc.nat(12))
    .map(([event, values, members, twist]) => {
      const own = Object.entries(JSON.parse(wireJson(event)) as object).map(([name, value]): [string, string] => [
        name,
        JSON.stringify(value),
      ])
      for (const [at, text] of values) (own[at % own.length] as [string, string])[1] = text
      for (const [at, name, text] of members) own.splice(at % (own.length + 1), twist === 1 ? 1 : 0, [name, text])
      if (twist === 2) own.reverse()
      return `{${own.map(([name, text]) => `"${name}":${text}`).join(twist === 3 ? ' , ' : ',')}}`
    })

  test('comes out as parsing it would have it', () => {
    fc.assert(
      fc.property(odd, (event) => {
        const texts = [
          lineOf('{"event_id":"before","kind":"router_started"}'),
          lineOf(event),
          lineOf('{"event_id":"x"}'),
        ]
        expect(outcome(texts, true)).toEqual(outcome(texts, false))
      }),
      { seed: 3, numRuns: thorough(70, 600) },
    )
  }, 60_000)

  test('does so whatever byte of it is another', () => {
    const bytes = [...'{}[],:"\\0a- \n\u0001\u00e9'].map((character) => Buffer.from(character))
    fc.assert(
      fc.property(
        arbitraryEvent(),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.constantFrom(...bytes),
        (event, part, byte) => {
          const line = Buffer.from(lineOf(wireJson(event)))
          const at = Math.floor(part * (line.length - SEAL.length))
          const text = Buffer.concat([line.subarray(0, at), byte, line.subarray(at + 1)]).toString('latin1')
          // Back as it was: a text that is one byte a character keeps every byte.
          const lines = [Buffer.from(text, 'latin1').toString('utf8').replaceAll('\n', ' ')]
          expect(outcome(lines, true)).toEqual(outcome(lines, false))
        },
      ),
      { seed: 4, numRuns: thorough(80, 800) },
    )
  }, 60_000)
})

test.each([
  ['in the order of the table', seen],
  ['as the doors write them', accepted],
])('the lines that this program writes are read by their bytes, %s', (_, write) => {
  const columns = new ChunkColumns()
  const decoder = new LineDecoder(columns, new Dictionary())
  const events = fc.sample(arbitraryEvent({ text: 'plain' }), { seed: 5, numRuns: 500 })
  const lines = linesOf(events.map(write))
  const read = events.filter((_, index) =>
    decoder.decode(lines.buffer, lines.starts[index] as number, lines.ends[index] as number, index + 1, index),
  )
  expect(read.length).toBeGreaterThan(450)
})
