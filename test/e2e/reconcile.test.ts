import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  ANTHROPIC_COSTS,
  ANTHROPIC_USAGE,
  OPENAI_COSTS,
  OPENAI_USAGE,
} from '../../packages/server/src/import/bills/testing/reports.ts'
import { standIn } from '../../packages/server/src/import/exports/testing/stand-in.ts'
import { folder, serve, tallystick } from './cli.ts'

const RANGE = ['--from', '2026-11-01', '--to', '2026-11-03']
const NOTHING = {
  missing_nano_usd: 0,
  price_drift_nano_usd: 0,
  unpriced_nano_usd: 0,
  rounding_nano_usd: 0,
  unknown_nano_usd: 0,
}

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const ran = await tallystick([...args, '--json'], { env })
  expect(ran).toMatchObject({ code: 0, err: '' })
  return JSON.parse(ran.out)
}

interface Shown {
  readonly providers: readonly { readonly rows: readonly Record<string, unknown>[]; readonly totals: object }[]
}

describe('reconciliation, with the command that is shipped', () => {
  it('of files, in a data directory, again and again', async () => {
    const data = folder()
    // 900 of their 1,000 fresh tokens, all that was cached, all output: at $2.50, $1.25 and $10 a million.
    const events = join(folder(), 'events.csv')
    writeFileSync(events, 'at,model,input,cached,output\n2026-11-01T09:00:00Z,gpt-4o,1700,800,375\n')
    const map = 'timestamp=at,model=model,input_tokens=input,cache_read_tokens=cached,output_tokens=output'
    await run(['import', 'csv', events, '--map', map, '--set', 'provider=openai', '--data', data])
    const [costs, usage] = [join(folder(), 'costs.json'), join(folder(), 'usage.json')]
    writeFileSync(costs, JSON.stringify(OPENAI_COSTS))
    writeFileSync(usage, JSON.stringify(OPENAI_USAGE))
    for (let time = 0; time < 2; time++)
      expect(await run(['reconcile', 'import', 'openai', costs, usage, '--data', data])).toEqual({
        provider: 'openai',
        parts: [
          { part: 'cost', days: 1, rows: 2 },
          { part: 'usage', days: 1, rows: 2 },
        ],
      })
    const { providers } = (await run(['reconcile', ...RANGE, '--data', data])) as unknown as Shown
    expect(providers[0]?.rows).toMatchObject([
      {
        model: 'gpt-4o-2024-08-06',
        ours: {
          requests: 1,
          fresh_input_tokens: 900,
          cache_read_tokens: 800,
          output_tokens: 375,
          cost_nano_usd: 7_000_000,
        },
        theirs: {
          requests: 12,
          fresh_input_tokens: 1_000,
          cache_read_tokens: 800,
          output_tokens: 375,
          cost_nano_usd: 7_250_000,
        },
        difference_nano_usd: 250_000,
        explained: { ...NOTHING, missing_nano_usd: 250_000 },
      },
      { model: 'text-embedding-3-small', theirs: { requests: 1, cost_nano_usd: 0 }, explained: NOTHING },
      { model: null, difference_nano_usd: -30_000_000, explained: { ...NOTHING, unknown_nano_usd: -30_000_000 } },
    ])
    const table = await tallystick(['reconcile', ...RANGE, '--data', data])
    expect(table.out).toContain('$0.00725')
    expect(table.out).toContain('$0.00025')
  })

  it('of an admin API, through a server, with the key in the environment', async () => {
    const api = await standIn(({ path }) => ({
      body: path.endsWith('cost_report') ? ANTHROPIC_COSTS : ANTHROPIC_USAGE,
    }))
    const server = await serve(folder())
    try {
      const args = ['reconcile', 'import', 'anthropic', ...RANGE, '--base-url', api.url, '--server', server.url]
      expect(await run(args, { ANTHROPIC_ADMIN_KEY: 'sk-ant-admin' })).toMatchObject({
        parts: [{ rows: 2 }, { rows: 1 }],
      })
      const { providers } = (await run(['reconcile', ...RANGE, '--server', server.url])) as unknown as Shown
      expect(providers[0]?.rows[0]).toMatchObject({
        model: 'claude-opus-5',
        theirs: { requests: null, cache_write_tokens: 1_500, cost_nano_usd: 1_487_891_200 },
        explained: { ...NOTHING, missing_nano_usd: 1_487_891_200 },
      })
      const without = await tallystick(args)
      expect(without).toMatchObject({ code: 2 })
      expect(without.err).toContain('ANTHROPIC_ADMIN_KEY')
    } finally {
      await server.stop()
      await api.close()
    }
  })
})
