import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

/** The palettes as they stand in the style sheet. */
function palette(selector: string): ReadonlyMap<string, string> {
  const css = readFileSync(new URL('../../packages/dashboard/src/app.css', import.meta.url), 'utf8')
  const start = css.indexOf(`${selector} {`)
  const block = css.slice(start, css.indexOf('}', start))
  return new Map(
    [...block.matchAll(/(--[a-z0-9-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  )
}

const channels = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
const linear = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)

/** WCAG 2.2 contrast ratio. */
function contrast(one: string, other: string): number {
  const light = [one, other]
    .map((hex) => channels(hex).map(linear))
    .map(([r = 0, g = 0, b = 0]) => 0.2126 * r + 0.7152 * g + 0.0722 * b)
  return (Math.max(...light) + 0.05) / (Math.min(...light) + 0.05)
}

describe.each([
  ['light', ':root'],
  ['dark', ':root[data-theme="dark"]'],
])('the %s palette', (_, selector) => {
  const colours = palette(selector)
  const colour = (name: string): string => colours.get(name) ?? ''

  test.each(['--text', '--muted', '--faint', '--accent', '--error', '--warn', '--good'])(
    'has text of %s at 4.5 : 1 or more',
    (name) => {
      for (const ground of ['--bg', '--surface', '--raised'])
        expect(contrast(colour(name), colour(ground))).toBeGreaterThanOrEqual(4.5)
    },
  )

  test('has text on its tinted grounds at 4.5 : 1 or more', () => {
    for (const [text, ground] of [
      ['--text', '--bar'],
      ['--muted', '--bar'],
      ['--accent', '--accent-soft'],
      ['--muted', '--accent-soft'],
      ['--error', '--error-soft'],
      ['--warn', '--warn-soft'],
      ['--text', '--warn-soft'],
    ] as const) {
      expect(contrast(colour(text), colour(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
    }
  })

  test('has marks at 3 : 1 or more', () => {
    const marks = [
      ...Array.from({ length: 8 }, (_unused, index) => `--series-${index}`),
      '--series-other',
      '--mark',
      '--tokens-input',
      '--tokens-output',
      '--line-p50',
      '--line-p95',
      '--line-p99',
    ]
    for (const mark of marks) expect(contrast(colour(mark), colour('--bg')), mark).toBeGreaterThanOrEqual(3)
  })
})
