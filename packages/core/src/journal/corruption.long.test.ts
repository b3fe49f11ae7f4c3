import { expect, test } from 'vitest'
import { sealLine } from './line.ts'
import { LineScanner } from './line-scanner.ts'

const SEGMENT_BYTES = 64 * 1024

/** A segment's worth of lines of the usual size, and where each begins. */
function segment(): { content: Buffer; starts: number[] } {
  const content = Buffer.alloc(SEGMENT_BYTES)
  const starts: number[] = []
  let end = 0
  for (let ordinal = 1; end < SEGMENT_BYTES - 700; ordinal++) {
    starts.push(end)
    const text = `{"t":"event","n":${ordinal},"e":{"event_id":"${ordinal}","pad":"${'x'.repeat((ordinal * 131) % 500)}"}`
    end = sealLine(content, end, end + content.write(text, end))
  }
  return { content: content.subarray(0, end), starts }
}

test('every flipped bit of a 64 KiB segment is noticed and costs at most the record it is in', () => {
  const { content, starts } = segment()
  let owner = 0
  for (let at = 0; at < content.length; at++) {
    while (owner + 1 < starts.length && at >= (starts[owner + 1] as number)) owner++
    for (let bit = 0; bit < 8; bit++) {
      content[at] = (content[at] as number) ^ (1 << bit)
      let sound = 0
      let wrong = 0
      let damaged = 0
      const scanner = new LineScanner(0, {
        line(_buffer, _start, _end, offset, ordinal) {
          sound++
          if (starts[ordinal - 1] !== offset) wrong++
        },
        damage: () => damaged++,
      })
      scanner.push(content, 0)
      scanner.end(true)
      content[at] = (content[at] as number) ^ (1 << bit)
      // A damaged line feed costs nothing but at the very end, where it makes the line unfinished.
      const lineFeed = content[at] === 0x0a && at < content.length - 1
      if (wrong !== 0 || sound !== starts.length - (lineFeed ? 0 : 1) || damaged !== (lineFeed ? 0 : 1)) {
        expect({ at, bit, owner, wrong, sound, damaged }).toBeUndefined()
      }
    }
  }
}, 600_000)
