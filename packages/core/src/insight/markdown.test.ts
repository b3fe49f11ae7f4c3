import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { thorough } from '../testing/thorough.ts'
import { markdownText } from './markdown.ts'

describe('text in Markdown', () => {
  it.each([
    ['nvidia_qwen', 'nvidia_qwen'],
    ['gpt-4o (eu) 99.5%', 'gpt-4o (eu) 99.5%'],
    ['_em_', '\\_em\\_'],
    ['a|b', 'a\\|b'],
    ['line\nbreak\r\n\u2028x', 'line break x'],
    ['<img src=x>', '\\<img src=x\\>'],
    ['[a](http://x)', '\\[a\\](http\\://x)'],
    ['`code` **bold** ~~gone~~', '\\`code\\` \\*\\*bold\\*\\* \\~\\~gone\\~\\~'],
    ['back\\slash|', 'back\\\\slash\\|'],
    ['R&D &lt;b&gt;', 'R&D \\&lt;b\\&gt;'],
    ['www.example.org a@b.c', 'www\\.example.org a\\@b.c'],
    ['\u202egnp.exe', 'gnp.exe'],
    ['\ud800', '\ufffd'],
  ])('%j is written %j', (text, written) => {
    expect(markdownText(text)).toBe(written)
  })

  it('never breaks a line nor a cell', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const written = markdownText(text)
        expect(written).not.toMatch(/[\n\r\u2028\u2029\0]/)
        // A bar ends a cell unless an odd number of backslashes stands before it.
        for (const { 0: slashes } of written.matchAll(/(\\*)\|/g)) expect(slashes.length % 2).toBe(0)
      }),
      { seed: 7, numRuns: thorough(300, 1_000) },
    )
  })
})
