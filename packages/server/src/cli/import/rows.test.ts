import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { itemOf, parseAssignments, RowIds, type RowMapping } from './rows.ts'

const idsOf = (header: string, rows: readonly string[], label?: string): string[] => {
  const ids = new RowIds(label, header)
  return rows.map((row) => ids.next(row))
}
const row = fc.string({ maxLength: 60 })

describe('ids of imported rows', () => {
  it('are the same when a file is imported again, and its old rows keep theirs when it has grown', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), fc.array(row, { maxLength: 40 }), (old, added) => {
        expect(idsOf('a,b', [...old, ...added]).slice(0, old.length)).toEqual(idsOf('a,b', old))
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('stay stable past the first 64 KB too', () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => `${index},${'x'.repeat(30)}`)
    expect(idsOf('h', [...rows, 'more']).slice(0, rows.length)).toEqual(idsOf('h', rows))
  })

  it('differ between equal rows of one file and between files that begin differently', () => {
    const same = idsOf('h', ['1,2', '1,2', '1,2'])
    expect(new Set(same).size).toBe(3)
    expect(idsOf('h', ['first', '1,2'])[1]).not.toBe(idsOf('h', ['other', '1,2'])[1])
  })

  it('depend on the label alone when there is one', () => {
    expect(idsOf('h', ['first', '1,2'], 'march')[1]).toBe(idsOf('other header', ['other', '1,2'], 'march')[1])
    expect(idsOf('h', ['1,2'], 'march')).not.toEqual(idsOf('h', ['1,2'], 'april'))
  })
})

describe('rows as events', () => {
  const mapping = (columns: Record<string, string>, constants: Record<string, string> = {}): RowMapping => ({
    columns: new Map(Object.entries(columns)),
    constants: new Map(Object.entries(constants)),
    timeZone: 'UTC',
  })

  it('gives each field the type of the field table and leaves empty cells out', () => {
    const cells = new Map([
      ['t', '2024-01-01 00:00'],
      ['in', '12'],
      ['out', ' 7.0 '],
      ['s', 'true'],
      ['u', ''],
      ['team', 'search'],
    ])
    const item = itemOf(
      cells,
      mapping(
        { timestamp: 't', input_tokens: 'in', output_tokens: 'out', stream: 's', user_id: 'u', 'tags.team': 'team' },
        { model: 'gpt-4o' },
      ),
      'id',
    )
    expect(item).toEqual({
      event_id: 'id',
      model: 'gpt-4o',
      timestamp_ms: 1_704_067_200_000,
      input_tokens: 12,
      output_tokens: 7,
      stream: true,
      tags: { team: 'search' },
    })
  })

  it('leaves what does not fit as text, for the door to refuse by name', () => {
    const item = itemOf(new Map([['in', '1.5']]), mapping({ input_tokens: 'in' }), 'id')
    expect(item['input_tokens']).toBe('1.5')
  })

  it('refuses fields that no event has, all at once', () => {
    expect(() => parseAssignments('--map', 'tokens=a,colour=b,model=c')).toThrow(/tokens[\s\S]*colour/)
    expect(parseAssignments('--set', 'model=a=b')).toEqual(new Map([['model', 'a=b']]))
  })
})
