import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pathSpellings } from './path-spellings.ts'

describe('the spellings of a path', () => {
  it.each([
    ['/v1/chat/completions', ['/v1/chat/completions']],
    ['/v1/chat/%63ompletions', ['/v1/chat/completions']],
    ['//v1///chat/completions//', ['/v1/chat/completions']],
    ['/%76%31/chat%5fx', ['/v1/chat_x']],
    ['/v1/chat%2Fcompletions', ['/v1/chat%2Fcompletions', '/v1/chat/completions']],
    ['/model/arn%3aaws%2fx/converse', ['/model/arn%3Aaws%2Fx/converse', '/model/arn:aws/x/converse']],
    ['/v1/%2563hat', ['/v1/%2563hat', '/v1/%63hat']],
    ['/v1/%', ['/v1/%']],
    ['/v1/%zz%E4', ['/v1/%zz%E4']],
    ['/', ['/']],
    ['//', ['/']],
    ['', ['']],
  ])('%s', (path, spellings) => expect(pathSpellings(path)).toEqual(spellings))

  it('of a path that is escaped and slashed in any way include the plain one', () => {
    const spelt = fc.constantFrom('/v1/chat/completions', '/v1/messages', '/openai/v1/responses').chain((path) =>
      fc
        .array(fc.constantFrom('as it is', 'escaped', 'small', 'doubled'), {
          minLength: path.length,
          maxLength: path.length,
        })
        .map((ways) => ({
          path,
          written: [...path].map((character, at) => written(character, ways[at] as string)).join(''),
        })),
    )
    fc.assert(
      fc.property(spelt, fc.nat(3), ({ path, written: text }, slashes) => {
        expect(pathSpellings(`${text}${'/'.repeat(slashes)}`)).toContain(path)
      }),
      { seed: 20_261_122, numRuns: 500 },
    )
  })
})

function written(character: string, way: string): string {
  const escaped = `%${character.charCodeAt(0).toString(16)}`
  if (way === 'escaped') return escaped.toUpperCase()
  if (way === 'small') return escaped
  return way === 'doubled' && character === '/' ? '//' : character
}
