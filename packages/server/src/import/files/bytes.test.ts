import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ONE_FRAME, TWO_FRAMES } from '../testing/packed-rollout.ts'
import { head, plain, repeated } from '../testing/zstd-frame.ts'
import { type ByteSource, UnpackedZstd } from './bytes.ts'

const MIB = 1024 * 1024

/** Gives at most so many bytes at a time. */
function sourceOf(bytes: Uint8Array, most = Number.POSITIVE_INFINITY): ByteSource {
  let from = 0
  return {
    read(buffer, at) {
      const part = bytes.subarray(from, from + Math.min(most, buffer.length - at))
      buffer.set(part, at)
      from += part.length
      return part.length
    },
  }
}

function unpacked(source: UnpackedZstd, step = 64 * 1024): string {
  const buffer = Buffer.alloc(step)
  const pieces: string[] = []
  for (;;) {
    const count = source.read(buffer, 0)
    if (count === 0) return pieces.join('')
    pieces.push(buffer.toString('latin1', 0, count))
  }
}

/** What is there to be passed over. */
const SKIPPED = Buffer.concat([Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from('hello')])

describe('a zstd file', () => {
  it('is unpacked the same, however its bytes come', () => {
    const packed = Buffer.concat([ONE_FRAME, SKIPPED, TWO_FRAMES, head(17), plain('a'), repeated(1), plain('b', true)])
    const whole = unpacked(new UnpackedZstd(sourceOf(packed)))
    expect(whole.length).toBeGreaterThan(150_000)
    expect(whole.endsWith('xb')).toBe(true)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 200_000 }), (most, step) => {
        expect(unpacked(new UnpackedZstd(sourceOf(packed, most)), step) === whole).toBe(true)
      }),
      { numRuns: 40, seed: 3 },
    )
  })

  it('may end in what is passed over, and not within it', () => {
    expect(unpacked(new UnpackedZstd(sourceOf(SKIPPED)))).toBe('')
    const cut = SKIPPED.subarray(0, SKIPPED.length - 1)
    expect(() => unpacked(new UnpackedZstd(sourceOf(cut)))).toThrow('unexpected EOF')
  })

  it('of a few bytes that unpack to a gigabyte is never held but for a block', () => {
    const packed = Buffer.concat([head(17), plain('{"x":"'), repeated(1024 * MIB), plain('"}\n', true)])
    expect(packed.length).toBeLessThan(33 * 1024)
    const source = new UnpackedZstd(sourceOf(packed))
    const buffer = Buffer.alloc(256 * 1024)
    let bytes = 0
    let most = 0
    for (let count = source.read(buffer, 0); count > 0; count = source.read(buffer, 0)) {
      bytes += count
      most = Math.max(most, source.waitingBytes)
    }
    expect(bytes).toBe(1024 * MIB + 9)
    expect(most).toBeLessThan(MIB)
  })

  it('that would need two gigabytes to be unpacked is refused before they are taken', () => {
    const before = process.memoryUsage().arrayBuffers
    const source = new UnpackedZstd(sourceOf(Buffer.concat([head(30), plain('{}\n', true)])))
    expect(() => source.read(Buffer.alloc(10), 0)).toThrow('they need 1073741824 bytes to be unpacked')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB)
    const single = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    expect(() => new UnpackedZstd(sourceOf(single)).read(Buffer.alloc(10), 0)).toThrow('1073741824 bytes')
  })

  it('with a block that is larger than blocks are is broken', () => {
    const oversized = Buffer.concat([
      head(27),
      Buffer.from([0x02 | (1 << 3) | 0, 0xff, 0xff]),
      Buffer.from('xxxxxxxxxxxx'),
    ])
    expect(() => new UnpackedZstd(sourceOf(oversized)).read(Buffer.alloc(10), 0)).toThrow('none has more than 131072')
  })

  it('of any bytes gives some or throws an error, and ends', () => {
    const bytes = fc.uint8Array({ maxLength: 60 })
    const beginnings = fc.constantFrom(Buffer.alloc(0), head(17), SKIPPED.subarray(0, 8), ONE_FRAME.subarray(0, 200))
    fc.assert(
      fc.property(beginnings, bytes, (beginning, rest) => {
        try {
          unpacked(new UnpackedZstd(sourceOf(Buffer.concat([beginning, rest]))))
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
      { numRuns: 500, seed: 4 },
    )
  })
})
