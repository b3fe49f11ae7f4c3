import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../packages/server/src/cli/testing/run.ts'
import { FIGURE_NAMES } from '../packages/server/src/cli/usage/figures.ts'

const text = readFileSync(join(import.meta.dirname, '../docs/cli.md'), 'utf8')
const reports = [...text.matchAll(/^\| `(\w+)` \| /gm)]
  .map((match) => match[1] as string)
  .filter((name) => !['report', 'source', 'rows', 'totals'].includes(name))

describe('docs/cli.md', () => {
  it('names the reports that there are, each with every member of its JSON', async () => {
    expect(reports).toEqual(['daily', 'weekly', 'monthly', 'session', 'models', 'agents', 'blocks'])
    for (const report of reports) {
      const args = [report, '--logs', '--since', '2020-01-01', '--until', '2020-01-02', '--json']
      const answer = JSON.parse((await run(args, { env: { HOME: tmpdir() } })).out)
      for (const member of [...Object.keys(answer), ...Object.keys(answer.totals)])
        expect(text).toContain(`\`${member}\``)
    }
    for (const name of FIGURE_NAMES) expect(text).toContain(`\`${name}\``)
  })

  it('has command lines that are understood', async () => {
    const lines = [...text.matchAll(/^tallystick(.*)$/gm)].map((match) =>
      (match[1] as string).replace(/#.*/, '').trim(),
    )
    expect(lines.length).toBeGreaterThan(2)
    for (const line of lines) {
      const args = line.split(' ').filter((word) => word !== '')
      const { code } = await run([...args, '--help'])
      expect({ line, code }).toEqual({ line, code: 0 })
    }
  })
})
