import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { STYLE } from './style.ts'

/** Declared in a block that begins with this selector. */
function palette(css: string, selector: string): ReadonlyMap<string, string> {
  const start = css.indexOf(`${selector} {`)
  const block = css.slice(start, css.indexOf('\n}', start))
  return new Map(
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1] as string, match[2] as string]),
  )
}

it('has the two palettes of the dashboard, colour by colour', () => {
  const app = readFileSync(new URL('../../../../dashboard/src/app.css', import.meta.url), 'utf8')
  const [light, dark] = STYLE.split('@media (prefers-color-scheme:dark)').map(
    (css) =>
      new Map(
        [...(css.split('}')[0] ?? '').matchAll(/--([\w-]+):(#[0-9a-f]{6})/g)].map((match) => [
          match[1] as string,
          match[2] as string,
        ]),
      ),
  )
  for (const [own, theirs] of [
    [light, palette(app, ':root')],
    [dark, palette(app, ':root[data-theme="dark"]')],
  ] as const) {
    expect(own?.size).toBeGreaterThan(20)
    for (const [name, colour] of own ?? []) expect([name, colour]).toEqual([name, theirs.get(name)])
  }
})
