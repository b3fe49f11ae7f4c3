import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { folder, type Served, serve } from '../e2e/cli.ts'

const MODELS = 1_000_000
const BATCH = 5_000
const WITHIN_MS = 300_000

const data = folder()
let served: Served
beforeAll(async () => {
  const config = join(data, 'config.json')
  writeFileSync(config, JSON.stringify({ metrics: { names: 'both' } }))
  served = await serve(join(data, 'data'), ['--config', config])
})
afterAll(async () => {
  await served.stop()
  rmSync(data, { recursive: true, force: true })
})

it(
  'a million models through the door are a bounded scrape with exact sums',
  async () => {
    for (let first = 0; first < MODELS; first += BATCH) {
      const events = Array.from({ length: BATCH }, (_, index) => ({
        ...{ provider: `p${(first + index) % 1_000}`, model: `model-${first + index}` },
        ...{ input_tokens: 3, output_tokens: 1, duration_ms: 7, cost_nano_usd: 7_500_000 },
      }))
      const answer = await fetch(`${served.url}/api/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ events }),
      })
      expect(((await answer.json()) as { accepted: number }).accepted).toBe(BATCH)
    }
    const startedMs = performance.now()
    const text = await (await fetch(`${served.url}/metrics`)).text()
    const tookMs = Math.round(performance.now() - startedMs)
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    console.log(`${lines.length} series, ${text.length} bytes, ${tookMs} ms`)
    expect(lines.length).toBeLessThanOrEqual(2_000)
    const sumOf = (family: string): number =>
      lines
        .filter((line) => line.startsWith(`${family}{`))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    for (const family of ['llm_edge_requests_total', 'llm_requests_total', 'llm_edge_request_duration_ms_count'])
      expect(sumOf(family), family).toBe(MODELS)
    expect(sumOf('llm_edge_cost_usd_total')).toBeCloseTo(7_500, 6)
    expect(sumOf('llm_edge_tokens_total')).toBe(4 * MODELS)
  },
  WITHIN_MS,
)
