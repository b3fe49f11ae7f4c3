import { execFile } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folder, ROOT, type Served, serve } from '../e2e/cli.ts'

const page = readFileSync(join(ROOT, 'docs/receivers.md'), 'utf8')
const sends = [...page.matchAll(/```bash\n(curl [\s\S]*?)```/g)].map(([, text = '']) => text)

describe('docs/receivers.md', () => {
  const data = folder()
  let served: Served
  beforeAll(async () => {
    served = await serve(data)
  })
  afterAll(async () => {
    await served.stop()
    rmSync(data, { recursive: true })
  })

  it('shows what is sent, and that is taken', async () => {
    expect(sends.length).toBe(3)
    for (const text of sends) {
      const { stdout } = await promisify(execFile)('bash', [
        '-ec',
        text.replaceAll('http://127.0.0.1:8088', served.url),
      ])
      expect(stdout).toMatch(/"accepted":1|"successes":\[(?:\{"id":"e\d","status":201\},?){3}\],"errors":\[\]/)
    }
    const answer = await fetch(`${served.url}/api/v1/events?consistency=applied`)
    const { events } = (await answer.json()) as { events: readonly Record<string, unknown>[] }
    expect(JSON.stringify(events)).not.toContain('never kept')
    const byInput = new Map(events.map((event) => [`${event['input_tokens']} ${event['source_id'] ?? ''}`, event]))
    expect(byInput.size).toBe(4)
    expect(byInput.get('1200 ')).toMatchObject({
      event_id: 'chatcmpl-9f2c',
      cache_read_tokens: 1024,
      cost_nano_usd: 2_520_000,
      cost_basis: 'client',
      duration_ms: 900,
      backend: 'fast',
      tags: { team: 'search' },
    })
    expect(byInput.get('12 ')).toMatchObject({
      event_id: 'g1',
      user_id: 'ada',
      session_id: 's1',
      duration_ms: 900,
      tags: { team: 'search', trace: 'checkout' },
    })
    expect(byInput.get('1200 /gateways/eu-1')).toMatchObject({
      timestamp_ms: Date.parse('2026-11-21T08:00:00Z'),
      tags: { subject: 'customer-7' },
    })
    expect(byInput.get('5 /gateways/eu-1')).toMatchObject({ output_tokens: 2 })
  }, 60_000)
})
