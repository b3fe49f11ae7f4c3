import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvRow } from './csv.ts'

const cell = (text: string): string => csvRow([text]).slice(0, -1)

/** What a reader of RFC 4180 makes of one line. */
function parsed(line: string): string[] {
  const cells: string[] = []
  let at = 0
  while (at < line.length) {
    let text = ''
    if (line[at] === '"') {
      for (at++; line[at] !== '"' || line[at + 1] === '"'; at++) {
        if (line[at] === '"') at++
        text += line[at]
      }
      at++
    } else while (line[at] !== ',' && line[at] !== '\n') text += line[at++]
    cells.push(text)
    at++
  }
  return cells
}

const STARTS = ['=', '+', '-', '@', '\t', '\r', '\n', '\uff1d', '\uff0b', '\uff0d', '\uff20']

describe('CSV', () => {
  it('T:csv: quotes what must be quoted and nothing else', () => {
    expect(cell('simple')).toBe('simple')
    expect(cell('hello,world')).toBe('"hello,world"')
    expect(cell('say "hi"')).toBe('"say ""hi"""')
    expect(cell('two\nlines')).toBe('"two\nlines"')
    expect(cell('')).toBe('')
  })

  it('T:csv: takes the start of a formula out of every text', () => {
    expect(cell('=SUM(A1:A2)')).toBe(`"'=SUM(A1:A2)"`)
    expect(cell('+formula')).toBe(`"'+formula"`)
    for (const start of STARTS) expect(cell(`${start}cmd|'/c calc'!A1`)).toBe(`"'${start}cmd|'/c calc'!A1"`)
  })

  it('leaves numbers numbers, negative ones too', () => {
    expect(csvRow([-5, 2 ** 53, 9007199254740993n, { digits: '-0.500000' }, true, false, null])).toBe(
      '-5,9007199254740992,9007199254740993,-0.500000,true,false,\n',
    )
  })

  it('is read back as it was, formulas with an apostrophe in front, and no cell begins like a formula', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...STARTS, '"', ',', 'a', "'"), { maxLength: 6 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(fc.array(text, { minLength: 2, maxLength: 5 }), (cells) => {
        const read = parsed(csvRow(cells))
        // A last cell that is empty leaves nothing behind its comma to be read.
        while (read.length < cells.length) read.push('')
        cells.forEach((original, index) => {
          const risky = STARTS.some((start) => original.startsWith(start))
          expect(read[index]).toBe(risky ? `'${original}` : original)
        })
      }),
      { seed: 4, numRuns: 2_000 },
    )
  })
})
