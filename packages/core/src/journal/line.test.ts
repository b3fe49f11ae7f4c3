import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkLine, sealLine } from './line.ts'
import { type DamagedBytes, LineScanner } from './line-scanner.ts'

/** A line as the writer frames it, line feed included. */
function lineOf(ordinal: number, body: string, type = 'event'): Buffer {
  const text = `{"t":"${type}","n":${ordinal},${body}`
  const line = Buffer.alloc(Buffer.byteLength(text) + 17)
  sealLine(line, 0, line.write(text))
  return line
}

const body = fc
  .dictionary(
    fc.string({ unit: 'grapheme' }).map((name) => `_${name}`),
    fc.jsonValue(),
    { minKeys: 1 },
  )
  .map((value) => JSON.stringify(value).slice(1, -1))
const ordinal = fc.nat({ max: Number.MAX_SAFE_INTEGER })

describe('a line', () => {
  test('is JSON that ends in the checksum of what stands before', () => {
    expect(lineOf(123, '"e":1').toString()).toBe('{"t":"event","n":123,"e":1,"c":"6d6d0ece"}\n')
  })

  test('of any body is sound and gives its ordinal back', () => {
    const property = fc.property(ordinal, body, (number, members) => {
      const line = lineOf(number, members)
      expect(checkLine(line, 0, line.length - 1)).toBe(number)
      expect(JSON.parse(line.toString())).toMatchObject({ t: 'event', n: number })
    })
    fc.assert(property, { seed: 1, numRuns: 300 })
  })

  test('with any byte changed, left out or put in is not sound', () => {
    const property = fc.property(
      ordinal,
      body,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (number, members, place, change) => {
        const line = lineOf(number, members)
        const at = place % (line.length - 1)
        const changed = Buffer.from(line)
        changed[at] = (changed[at] as number) ^ change
        const shorter = Buffer.concat([line.subarray(0, at), line.subarray(at + 1)])
        const longer = Buffer.concat([line.subarray(0, at), Buffer.from([change]), line.subarray(at)])
        expect(checkLine(changed, 0, changed.length - 1)).toBe(-1)
        expect(checkLine(shorter, 0, shorter.length - 1)).toBe(-1)
        expect(checkLine(longer, 0, longer.length - 1)).toBe(-1)
      },
    )
    fc.assert(property, { seed: 1, numRuns: 300 })
  })

  test.each(['', '{}', '{"t":"', 'x'.repeat(50), '{"t":"event","n":1,"c":"00000000"}'])(
    'is never found in %j',
    (text) => {
      const bytes = Buffer.from(text)
      expect(checkLine(bytes, 0, bytes.length)).toBe(-1)
    },
  )
})

interface Found {
  readonly ordinals: number[]
  readonly offsets: number[]
  readonly damage: DamagedBytes[]
}

function scan(content: Buffer, cuts: readonly number[]): Found {
  const found: Found = { ordinals: [], offsets: [], damage: [] }
  const scanner = new LineScanner(0, {
    line(_buffer, _start, _end, offset, number) {
      found.ordinals.push(number)
      found.offsets.push(offset)
    },
    damage: (damaged) => found.damage.push(damaged),
  })
  const edges = [0, ...[...cuts].map((cut) => cut % (content.length + 1)).sort((a, b) => a - b), content.length]
  for (let index = 1; index < edges.length; index++) {
    const [from, to] = [edges[index - 1] as number, edges[index] as number]
    if (to > from) scanner.push(content.subarray(from, to), from)
  }
  scanner.end(true)
  return found
}

describe('scanning', () => {
  test('finds the same however the bytes come in, and tells every byte that is no line', () => {
    const piece = fc.oneof({ weight: 4, arbitrary: body }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) })
    const property = fc.property(
      fc.array(piece, { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 6 }),
      (pieces, cuts) => {
        const parts = pieces.map((part, index) =>
          typeof part === 'string' ? lineOf(index + 1, part) : Buffer.from(part),
        )
        const content = Buffer.concat(parts)
        const whole = scan(content, [])
        expect(scan(content, cuts)).toEqual(whole)
        const told = whole.damage.reduce((sum, { length }) => sum + length, 0)
        const lines = whole.ordinals.reduce((sum, number) => sum + (parts[number - 1] as Buffer).length, 0)
        expect(told + lines).toBe(content.length)
      },
    )
    fc.assert(property, { seed: 1, numRuns: 400 })
  })

  test('tells lines apart that ran together because a line feed was damaged', () => {
    const lines = [lineOf(1, '"e":1'), lineOf(2, '"e":{"t":"x"}'), lineOf(3, '"e":3')]
    const content = Buffer.concat(lines)
    content[(lines[0] as Buffer).length - 1] = 0x4a
    content[(lines[0] as Buffer).length + (lines[1] as Buffer).length - 1] = 0x1a
    expect(scan(content, []).ordinals).toEqual([1, 2, 3])
  })

  test('is not misled by a line that stands whole inside another one', () => {
    const inner = lineOf(7, '"e":1').toString().trim()
    const outer = lineOf(1, `"e":[{"a":"b"},${inner},{"c":"d"}]`)
    expect(scan(outer, []).ordinals).toEqual([1])
    outer[outer.length - 5] = 0x5a
    expect(scan(outer, []).ordinals).toEqual([])
  })
})
