import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import { csvProblem } from './csv-problem.ts'

const problemOf = (text: string, header?: readonly string[]): string | undefined => {
  try {
    parse(text, { relax_column_count: true, skip_empty_lines: true, max_record_size: 100 })
  } catch (error) {
    return csvProblem(error, header)
  }
  throw new Error('was read')
}

describe('a CSV file that cannot be read', () => {
  it.each([
    ['at,in\n1,2\n\n3,"x"y\n', 'row 2, column "in" (line 4): text follows the closing quote', 'Double a quote'],
    [
      'at,in\n1,2\nx"y,3\n',
      'row 2, column "at" (line 3): a quote stands inside a cell',
      'Put the whole cell in quotes',
    ],
    ['at,in\n1,"2\n3,4\n5,6\n', 'row 1, column "in": the quote that opens this cell', 'Close it'],
    [`at,in\n1,${'2'.repeat(300)}\n`, 'row 1, column "in" (line 2): this row has more than', 'not closed'],
  ])('says of %j where it stands and what to do', (text, where, remedy) => {
    expect(problemOf(text, ['at', 'in'])).toContain(where)
    expect(problemOf(text, ['at', 'in'])).toContain(remedy)
  })

  it('counts columns where the header itself is broken', () => {
    expect(problemOf('at,"in"x\n')).toMatch(/^the header, column 2 \(line 1\): /)
  })

  it('leaves other errors to others', () => {
    expect(csvProblem(Object.assign(new Error('no'), { code: 'ENOENT' }), undefined)).toBeUndefined()
    expect(csvProblem(new Error('no'), undefined)).toBeUndefined()
  })
})
