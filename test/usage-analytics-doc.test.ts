import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import * as compat from '@tallystick/core/compat'
import { RECOMMENDATION_LIMITS, wilsonLowerBound } from '@tallystick/core/insight'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const page = readFileSync(new URL('../docs/usage-analytics.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/```js\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g)].map((found) => found.slice(1, 3))

const home = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'usage-analytics-doc-'))

/** Three files of the old class: two events, a torn one, and a session that counted three. */
function oldDirectory(dir: string): void {
  for (const name of ['events', 'sessions']) mkdirSync(join(dir, name), { recursive: true })
  for (const ms of [1_795_000_000_000, 1_795_000_001_000]) {
    const event = { timestamp: new Date(ms).toISOString(), session_id: 's', tool_name: 'ask', backend_used: 'local' }
    writeFileSync(join(dir, 'events', `${ms}_ask.json`), JSON.stringify(event))
  }
  writeFileSync(join(dir, 'events', '1795000002000_ask.json'), '{"timest')
  const session = { session_id: 's', started_at: '2026-11-18T00:00:00.000Z', metrics: { total_requests: 3 } }
  writeFileSync(join(dir, 'sessions', 's.json'), JSON.stringify(session))
}

beforeAll(() => {
  oldDirectory(join(folder, 'old-analytics'))
  process.chdir(folder)
})
afterAll(() => process.chdir(home))

/** Runs an example as it stands but for its import, and gives what it prints. */
async function printed(code: string): Promise<string> {
  const lines: string[] = []
  const log = (...values: unknown[]): void => {
    lines.push(values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' '))
  }
  const imported = /^import (\{.*\}) from '@tallystick\/core\/compat'\n/.exec(code)
  const names = imported?.[1] ?? '{}'
  const body = `const ${names} = compat;\n${code.slice(imported?.[0].length ?? 0)}`
  const run = new Function('compat', 'console', `return (async () => { ${body} })()`)
  await run(compat, { log })
  return `${lines.join('\n')}\n`
}

describe('docs/usage-analytics.md', () => {
  it.each(examples)('prints what it says', async (code, output) => {
    expect(await printed(code as string)).toBe(output)
  })

  it('has both examples', () => {
    expect(examples).toHaveLength(2)
  })

  it('names every method of the class and every option', () => {
    const methods = Object.getOwnPropertyNames(compat.UsageAnalytics.prototype)
    const helpers = /^(constructor|generate|calculate|persist)/
    expect(methods.filter((name) => !helpers.test(name) && !page.includes(`\`${name}`))).toEqual([])
    const source = readFileSync(new URL('../packages/core/src/compat/options.ts', import.meta.url), 'utf8')
    const options = /interface UsageAnalyticsOptions \{([\s\S]*?)\n\}/.exec(source)?.[1] ?? ''
    const names = [...options.matchAll(/readonly (\w+)\?:/g)].map((match) => match[1] as string)
    const forTests = ['clock', 'random', 'fs']
    expect(names.length).toBeGreaterThan(8)
    expect(names.filter((name) => !forTests.includes(name) && !page.includes(`\`${name}\``))).toEqual([])
  })

  it('has the limits and scores of the rules', () => {
    expect(page).toContain(`an average of more than ${RECOMMENDATION_LIMITS.averageMs.toLocaleString('en-US')} ms`)
    expect(page).toContain(`an average confidence below ${RECOMMENDATION_LIMITS.confidence}`)
    const shown = [wilsonLowerBound(9, 10), wilsonLowerBound(90, 100)].map((bound) => (bound * 100).toFixed(1))
    expect(page.replace(/\s+/g, ' ')).toContain(`9 of 10 make ${shown[0]}, 90 of 100 make ${shown[1]}`)
  })
})
