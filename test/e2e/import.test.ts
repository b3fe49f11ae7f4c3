import { copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AZURE, folder, ROOT, serve, tallystick } from './cli.ts'

const MAPPING = [
  '--map',
  'timestamp=TIMESTAMP,input_tokens=ContextTokens,output_tokens=GeneratedTokens',
  '--set',
  'provider=openai,model=gpt-4o',
]
const TRACE = { requests: 8_819, input_tokens: 18_059_974, output_tokens: 245_896, cost_nano_usd: 47_608_895_000 }

const importTrace = (data: string, more: readonly string[] = [], killAfterMs?: number) =>
  tallystick(
    ['import', 'csv', AZURE, ...MAPPING, '--data', data, '--json', ...more],
    killAfterMs === undefined ? {} : { killAfterMs },
  )

async function figures(data: string, more: readonly string[] = []): Promise<Record<string, unknown>> {
  const ran = await tallystick([
    'query',
    '--from',
    '2023-11-16',
    '--to',
    '2023-11-17',
    '--measures',
    'requests,input_tokens,output_tokens,cost_nano_usd,input_tokens_p50,output_tokens_p50',
    '--json',
    '--data',
    data,
    ...more,
  ])
  expect(ran).toMatchObject({ code: 0 })
  return (JSON.parse(ran.out) as { rows: Record<string, unknown>[] }).rows[0] as Record<string, unknown>
}

async function verified(data: string): Promise<void> {
  const ran = await tallystick(['verify', '--json', '--data', data])
  expect(JSON.parse(ran.out)).toMatchObject({ ok: true, differences: [], days_compared: 1 })
}

describe.skipIf(!existsSync(AZURE))('importing the Azure trace', () => {
  it('gives the exact totals, medians within 1 %, and nothing new the second time', async () => {
    const data = folder()
    const first = await importTrace(data)
    expect(JSON.parse(first.out)).toMatchObject({
      rows: 8_819,
      accepted: 8_819,
      duplicate: 0,
      conflict: 0,
      rejected: 0,
    })
    const row = await figures(data)
    expect(row).toMatchObject(TRACE)
    expect(Math.abs(Number(row['input_tokens_p50']) - 1_469)).toBeLessThanOrEqual(14)
    expect(row['output_tokens_p50']).toBe(13)

    const again = await importTrace(data)
    expect(JSON.parse(again.out)).toMatchObject({ rows: 8_819, accepted: 0, duplicate: 8_819 })
    expect(await figures(data)).toMatchObject(TRACE)
    await verified(data)
  })

  it('adds nothing for a copy under another name with the same dataset label', async () => {
    const data = folder()
    const copy = join(data, 'renamed.csv')
    await importTrace(data, ['--dataset', 'azure'])
    copyFileSync(AZURE, copy)
    const second = await tallystick(['import', 'csv', copy, ...MAPPING, '--dataset', 'azure', '--data', data, '--json'])
    expect(JSON.parse(second.out)).toMatchObject({ accepted: 0, duplicate: 8_819 })
  })

  it('ends with the same totals after being killed at ten moments, and after the store file is deleted', async () => {
    const data = folder()
    // Spread over the whole run of an import, start-up included.
    for (let kill = 0; kill < 10; kill++) await importTrace(data, [], 150 + kill * 83)
    expect(JSON.parse((await importTrace(data)).out)).toMatchObject({ rows: 8_819, conflict: 0, rejected: 0 })
    expect(await figures(data)).toMatchObject(TRACE)
    await verified(data)

    for (const name of readdirSync(data))
      if (name.startsWith('tallystick.duckdb')) rmSync(join(data, name), { recursive: true })
    expect(await figures(data)).toMatchObject(TRACE)
    await verified(data)
  })

  it('goes through the server that holds the directory, and prints where to look', async () => {
    const data = folder()
    const server = await serve(data)
    try {
      const ran = await importTrace(data)
      expect(JSON.parse(ran.out)).toMatchObject({
        accepted: 8_819,
        url: expect.stringContaining(`${server.url}/?from=2023-11-16T18:17:03.979Z`),
      })
      expect(await figures(data)).toMatchObject(TRACE)
      await verified(data)
    } finally {
      expect(await server.stop()).toBe(0)
    }
    expect(existsSync(join(data, 'server.json'))).toBe(false)
  })
})

describe('the command line', () => {
  it('names the columns there are when one is missing, with the exit code of usage', async () => {
    const data = folder()
    const file = join(data, 'trace.csv')
    writeFileSync(file, 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n')
    const ran = await tallystick(['import', 'csv', file, '--map', 'timestamp=WHEN', '--data', data])
    expect(ran.code).toBe(2)
    expect(ran.err).toContain('TIMESTAMP, ContextTokens, GeneratedTokens')
  })

  it('refuses a mistyped flag and suggests the right one', async () => {
    const ran = await tallystick(['serve', '--prot', '1'])
    expect(ran.code).toBe(2)
    expect(ran.err).toContain('--port')
  })

  it('lists rows that are refused with their number, field and reason', async () => {
    const data = folder()
    const file = join(data, 'bad.csv')
    const { writeFileSync } = await import('node:fs')
    writeFileSync(file, 't,in\n2024-01-01 00:00,5\nsoon,5\n2024-01-01 00:00,-1\n2024-01-01 00:00,1.5\n')
    const ran = await tallystick([
      'import',
      'csv',
      file,
      '--map',
      'timestamp=t,input_tokens=in',
      '--set',
      'model=m',
      '--data',
      data,
      '--json',
    ])
    expect(ran.code).toBe(1)
    expect(JSON.parse(ran.out)).toMatchObject({
      rows: 4,
      accepted: 1,
      rejections: [
        { row: 2, code: 'invalid_timestamp' },
        { row: 3, code: 'out_of_range', field: 'input_tokens' },
        { row: 4, code: 'invalid_type', field: 'input_tokens' },
      ],
    })
  })

  it('prints every setting and where it comes from', async () => {
    const ran = await tallystick(['config', '--port', '9000', '--json'], { cwd: folder() })
    const { settings } = JSON.parse(ran.out) as { settings: { key: string; value: unknown; source: string }[] }
    expect(settings).toContainEqual(expect.objectContaining({ key: 'http.port', value: 9000, source: 'flag' }))
    expect(settings).toContainEqual(expect.objectContaining({ key: 'ingest.ack', value: 'durable', source: 'default' }))
  })

  it('refuses what serve would refuse when asked for the configuration, all of it at once', async () => {
    const cwd = folder()
    const { writeFileSync } = await import('node:fs')
    writeFileSync(join(cwd, 'tallystick.config.json'), '{"nope":{},"store":"duckbd:x"}')
    writeFileSync(join(cwd, 'prices.json'), '{"prices":[{"model":"m","usd_per_million":{"inptu":1,"output":-1}}]}')
    const ran = await tallystick(['config', '--port', 'x'], { cwd })
    expect(ran.code).toBe(2)
    for (const place of ['--port: ', 'nope: ', 'store: has no known scheme but "duckbd"; nearest: "duckdb"'])
      expect(ran.err).toContain(place)
    rmSync(join(cwd, 'tallystick.config.json'))
    const priced = await tallystick(['config', '--prices', 'prices.json'], { cwd })
    expect(priced.code).toBe(1)
    expect(priced.err).toContain('prices[0].usd_per_million.inptu: ')
    expect(priced.err).toContain('prices[0].usd_per_million.output: ')
  })

  it('shows the price of a model and fails for one that has none', async () => {
    const ran = await tallystick(['prices', 'show', 'gpt-4o', '--json'])
    expect(JSON.parse(ran.out)).toMatchObject({
      found: { match: 'exact', row: { prices: { input: 2_500_000_000, output: 10_000_000_000 } } },
    })
    expect((await tallystick(['prices', 'show', 'no-such-model'])).code).toBe(1)
  })

  it('refuses to rebuild under a running server, and rebuilds without one', async () => {
    const data = folder()
    await importTrace(data)
    const server = await serve(data)
    expect((await tallystick(['rebuild', '--data', data])).err).toContain('Stop it first')
    await server.stop()
    const ran = await tallystick(['rebuild', '--data', data, '--json'])
    expect(JSON.parse(ran.out)).toMatchObject({ events: 8_819 })
    await verified(data)
  })

  it('says who holds the directory when two servers want it', async () => {
    const data = folder()
    const server = await serve(data)
    const second = await tallystick(['serve', '--port', '0', '--data', data])
    expect(second.code).toBe(1)
    expect(second.err).toContain(String(server.process.pid))
    await server.stop()
  })
})

describe('the examples of the README', () => {
  it('are the commands that these tests run', async () => {
    const { readFileSync } = await import('node:fs')
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
    expect(readme).toContain(MAPPING[1] as string)
    expect(readme).toContain('npx tallystick query --from 30d --group-by model')
  })
})
