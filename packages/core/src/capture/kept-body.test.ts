import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pieces } from '../provider/stream/testing/pieces.ts'
import { Attempts } from './attempts.ts'
import { KeptBody } from './kept-body.ts'

const END = 32 * 1024
const kept = (bytes: Uint8Array, cuts: readonly number[] = []): KeptBody => {
  const body = new KeptBody()
  for (const piece of pieces(bytes, cuts)) body.write(piece)
  return body
}
const joined = (body: KeptBody): Buffer => Buffer.concat([...body.pieces()])

describe('what is kept of a body', () => {
  it('is all of a small one, and both ends of a large one, wherever it is cut, and never much more', () => {
    const sizes = fc.oneof(fc.nat(2_000), fc.constantFrom(END, END + 1, 2 * END - 1, 2 * END, 2 * END + 1, 5 * END))
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(6 * END), { maxLength: 20 }), fc.nat(250), (size, cuts, salt) => {
        const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 31 + salt) % 251)
        const body = kept(bytes, cuts)
        expect(body.length).toBe(size)
        const ends = size <= 2 * END ? bytes : Buffer.concat([bytes.subarray(0, END), bytes.subarray(-END)])
        expect(joined(body).equals(ends)).toBe(true)
      }),
      { seed: 20_261_122, numRuns: 200 },
    )
    const long = new KeptBody()
    for (let count = 0; count < 1_000; count++) long.write(new Uint8Array(16 * 1024))
    expect(long.length).toBe(16_384_000)
    expect(long.held).toBeLessThanOrEqual(2 * END + 16 * 1024)
  })

  it('knows a request again that was cut otherwise, and no other', () => {
    const attempts = new Attempts({ now: () => 1, monotonic: () => 1 })
    const words = Buffer.alloc(200_000, 'words ')
    const { operationId } = attempts.failed('up', kept(words, [7, 70_000]), {})
    const other = Buffer.from(words)
    other[199_999] = 0
    expect(attempts.again('up', kept(other), undefined)).toBeUndefined()
    expect(attempts.again('up', kept(words.subarray(1)), undefined)).toBeUndefined()
    expect(attempts.again('elsewhere', kept(words), undefined)).toBeUndefined()
    expect(attempts.again(() => 'up', kept(words, [1, 2, 3, 150_000]), undefined)).toEqual({ operationId, attempt: 2 })
  })

  it('is not looked at while nothing of its length has failed, nor is its address made', () => {
    const attempts = new Attempts({ now: () => 1, monotonic: () => 1 })
    attempts.failed('up', kept(new Uint8Array(10)), {})
    const unread = {
      length: 11,
      pieces: () => {
        throw new Error('looked at')
      },
    }
    const unmade = (): string => {
      throw new Error('made')
    }
    expect(attempts.again(unmade, unread, undefined)).toBeUndefined()
    expect(attempts.again(unmade, { ...unread, length: 10 }, 1)).toBeUndefined()
    expect(() => attempts.again(unmade, { ...unread, length: 10 }, undefined)).toThrow('made')
  })
})
