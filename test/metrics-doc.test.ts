import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { EventStore } from '@tallystick/core'
import * as metrics from '@tallystick/core/metrics'
import { beforeEach, describe, expect, it } from 'vitest'
import { OPERATION_FAMILIES } from '../packages/server/src/metrics/families.ts'

const page = readFileSync(new URL('../docs/metrics.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/```js\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g)].map((found) => found.slice(1, 3))

/** Runs an example as it stands but for its imports, and gives what it prints. */
async function printed(code: string): Promise<string> {
  const lines: string[] = []
  const log = (value: unknown): void => {
    lines.push(String(value))
  }
  const scope = { ...metrics, EventStore, createServer, console: { log } }
  const body = code.replace(/^import [\s\S]*? from '[^']+'\n/gm, '')
  const run = new Function(...Object.keys(scope), `return (async () => { ${body} })()`)
  await run(...Object.values(scope))
  return lines.join('\n')
}

beforeEach(() => metrics.setDefaultMetrics(new metrics.MetricRegistry()))

describe('docs/metrics.md', () => {
  it.each(examples)('prints what it says', async (code, output) => {
    expect(await printed(code as string)).toBe(output)
  })

  it('has both examples', () => {
    expect(examples).toHaveLength(2)
  })

  it.each([
    ['seed', metrics.SEED_FAMILIES],
    ['conventional', metrics.CONVENTIONAL_FAMILIES],
    ['gateway', metrics.ROUTIIUM_FAMILIES],
    ['operation', OPERATION_FAMILIES],
  ] as const)('has the %s families with types and labels, and no other', (name, families) => {
    const table = new RegExp(`<!-- table: ${name} -->([\\s\\S]*?)<!-- end -->`).exec(page)?.[1] ?? ''
    const rows = [...table.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \|/gm)].map((row) => row.slice(1, 4))
    const labelsOf = (labels: readonly string[]): string => labels.map((label) => `\`${label}\``).join(' ') || '-'
    const expected = Object.values<metrics.MetricFamily>(families).map((row) => [
      row.name,
      row.type,
      labelsOf(row.labels),
    ])
    expect(rows).toEqual(expected)
  })

  it('names every function that records, and the bounds of durations', () => {
    const recording = Object.keys(metrics).filter((name) => /^(record|inc|dec|track|calculate)/.test(name))
    expect(recording.length).toBeGreaterThan(10)
    expect(recording.filter((name) => !page.includes(`\`${name}(`))).toEqual([])
    const [, ms = '', seconds = ''] = /bounds at ([\d, ]+) ms, ([\d., ]+\s+[\d, ]+ and \d+) s\./.exec(page) ?? []
    const numbers = (text: string, by: number): number[] => text.split(/,\s+| and /).map((part) => Number(part) * by)
    expect([...numbers(ms, 1), ...numbers(seconds, 1_000)]).toEqual(metrics.DURATION_BUCKETS_MS)
  })
})
