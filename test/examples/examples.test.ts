import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const folder = fileURLToPath(new URL('../../examples/', import.meta.url))
const page = readFileSync(`${folder}README.md`, 'utf8')

/** Program -> what the page says it prints. */
const sections = [...page.matchAll(/^## `node examples\/(.+)`\n[\s\S]*?^```\n([\s\S]*?)^```$/gm)].map(
  (match) => [match[1] as string, match[2] as string] as const,
)

describe('examples', () => {
  it('each have a section and a row of the page', () => {
    // what is beside a `run.mjs` is started by it
    const programs = readdirSync(folder, { recursive: true }).filter((name) =>
      /^(?:[\w-]+|.+\/run)\.mjs$/.test(`${name}`),
    )
    expect(sections.map(([name]) => name).sort()).toEqual(programs.sort())
    expect([...page.matchAll(/^\| \[(.+?)\]/gm)].map((match) => match[1]).sort()).toEqual(programs)
  })

  it.each(sections)(
    '%s prints what its page says',
    (name, output) => {
      const printed = execFileSync(process.execPath, [`${folder}${name}`], { encoding: 'utf8', timeout: 60_000 })
      expect(printed).toBe(output)
    },
    60_000,
  )
})
