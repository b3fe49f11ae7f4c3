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

/** Linear RGB as people with a full deficiency see it. Machado, Oliveira, Fernandes 2009, severity 1. */
const SEEN: ReadonlyMap<string, readonly (readonly number[])[]> = new Map([
  [
    'full colour vision',
    [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
  ],
  [
    'protanopia',
    [
      [0.152286, 1.052583, -0.204868],
      [0.114503, 0.786281, 0.099216],
      [-0.003882, -0.048116, 1.051998],
    ],
  ],
  [
    'deuteranopia',
    [
      [0.367322, 0.860646, -0.227968],
      [0.280085, 0.672501, 0.047413],
      [-0.01182, 0.04294, 0.968881],
    ],
  ],
  [
    'tritanopia',
    [
      [1.255528, -0.076749, -0.178779],
      [-0.078411, 0.930809, 0.147602],
      [0.004733, 0.691367, 0.3039],
    ],
  ],
])

const times = (matrix: readonly (readonly number[])[], vector: readonly number[]): number[] =>
  matrix.map((row) => row.reduce((sum, factor, index) => sum + factor * (vector[index] ?? 0), 0))

/** Oklab, in which equal distances look about equally far apart; 0.02 is just noticeable side by side. */
function oklab(rgb: readonly number[]): number[] {
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb.map((value) => Math.min(1, Math.max(0, value))),
  )
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones.map(Math.cbrt),
  )
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

  test.each([...SEEN])('has series that are told apart with %s', (_vision, matrix) => {
    const seen = Array.from({ length: 8 }, (_unused, index) =>
      oklab(times(matrix, channels(colour(`--series-${index}`)).map(linear))),
    )
    const distances = seen.flatMap((one, index) =>
      seen.slice(index + 1).map((other) => Math.hypot(...one.map((value, at) => value - (other[at] ?? 0)))),
    )
    expect(distances).toHaveLength(28)
    expect(Math.min(...distances)).toBeGreaterThan(0.07)
  })
})
