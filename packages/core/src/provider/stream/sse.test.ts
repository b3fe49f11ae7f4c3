import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SseReader } from './sse.ts'
import { pieces } from './testing/pieces.ts'

interface Told {
  readonly name: string
  readonly data: string
}

function read(text: string, split: readonly number[] = []): Told[] {
  const events: Told[] = []
  const held: number[] = []
  const reader = new SseReader({
    data: (bytes, from, to) => held.push(...bytes.subarray(from, to)),
    event: (name) => events.push({ name, data: new TextDecoder().decode(new Uint8Array(held.splice(0))) }),
  })
  for (const piece of pieces(new TextEncoder().encode(text), split)) reader.write(piece)
  reader.end()
  return events
}

/** The algorithm of the standard, over the whole text at once. */
function parsed(text: string): Told[] {
  const events: Told[] = []
  let name = ''
  let data: string[] = []
  for (const line of text
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .slice(0, -1)) {
    if (line === '') {
      if (data.length > 0) events.push({ name, data: data.join('\n') })
      name = ''
      data = []
      continue
    }
    const at = line.indexOf(':')
    const field = at < 0 ? line : line.slice(0, at)
    const value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    if (field === 'event') name = value
  }
  return events
}

const lines = fc.array(
  fc.oneof(
    fc.constantFrom(
      'data: {"a":1}',
      'data:x',
      'data',
      'data:  two',
      'event: delta',
      'event',
      ': keep-alive',
      'id: 7',
      'retry: 1',
      '',
      '',
      'datax: 1',
      ':',
      'data: ü€😀',
    ),
    fc.string({ maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, '')),
  ),
)

describe('server-sent events', () => {
  it('are told as the standard has them, whatever the line ends and the pieces', () => {
    fc.assert(
      fc.property(lines, fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(300)), (parts, end, split) => {
        const text = `${parts.join(end)}${end}${end}`
        expect(read(text, split)).toEqual(parsed(text))
      }),
      { numRuns: 1_000, seed: 1 },
    )
  })

  it('begin after a byte order mark, in one piece or in many', () => {
    expect(read('\ufeffdata: a\n\n', [1, 2, 3])).toEqual([{ name: '', data: 'a' }])
  })

  it('that are cut off are not told', () => {
    expect(read('data: a\n\ndata: b\n')).toEqual([{ name: '', data: 'a' }])
  })
})
