import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readFirstMessage } from './first-message.ts'

describe('the first message', () => {
  it.each([
    ['{"token":"tsk_a_b"}', { token: 'tsk_a_b' }],
    ['{"type":"AUTH","ic_token":"e.y.J"}', { token: 'e.y.J' }],
    ['{"ic_token":"e.y.J","resume":"m.1"}', { token: 'e.y.J', resume: 'm.1' }],
    [' tsk_a_b\n', { token: 'tsk_a_b' }],
    ['{"resume":"m.1"}', { token: '', resume: 'm.1' }],
    ['{"token":"a","resume":null}', { token: 'a' }],
    ['', { token: '' }],
  ])('%j is read', (text, expected) => expect(readFirstMessage(text)).toEqual(expected))

  it.each(['{', '[]', '["a"]', '"a"', '{"token":7}', '{"token":null}', '{"token":"a","resume":7}', '{"type":"PING"}'])(
    '%j is refused',
    (text) => expect(readFirstMessage(text)).toBeUndefined(),
  )

  it('may be any text, and whatever it is does no harm', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        const first = readFirstMessage(text)
        if (first !== undefined) expect(typeof first.token).toBe('string')
      }),
      { seed: 1, numRuns: 200 },
    )
    expect(readFirstMessage('{"__proto__":{"token":"a"}}')).toEqual({ token: '' })
  })
})
