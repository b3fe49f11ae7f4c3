import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toCsv } from './csv.ts'

test('fields are quoted where they must be', () => {
  expect(
    toCsv(
      ['a', 'b'],
      [
        ['x,y', 'say "hi"'],
        ['two\nlines', null],
      ],
    ),
  ).toBe('a,b\r\n"x,y","say ""hi"""\r\n"two\nlines",\r\n')
})

test('what a spreadsheet would run is text', () => {
  expect(toCsv(['m'], [['=HYPERLINK("http://x")'], ['+1'], ['-1'], ['@a'], ['\t=1']])).toBe(
    'm\r\n"\'=HYPERLINK(""http://x"")"\r\n\'+1\r\n\'-1\r\n\'@a\r\n\'\t=1\r\n',
  )
})

test('numbers stay numbers, exact ones exact', () => {
  expect(toCsv(['n'], [[-5], [9_007_199_254_740_993n], [true]])).toBe('n\r\n-5\r\n9007199254740993\r\ntrue\r\n')
})

test('every text comes back out of its quotes', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const field = toCsv([], [[text]]).slice(2, -2)
      const bare = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field
      expect(bare === text || bare === `'${text}`).toBe(true)
    }),
    { seed: 1, numRuns: 300 },
  )
})
