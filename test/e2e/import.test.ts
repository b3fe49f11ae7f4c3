import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { AZURE, folder, ROOT, type Served, serve, tallystick } from './cli.ts'
import { killedWhileWriting } from './killed.ts'

// A dozen processes one after the other, on a machine that runs other tests at the same time.
vi.setConfig({ testTimeout: 240_000 })

const MAPPING = [
  '--map',
  'timestamp=TIMESTAMP,input_tokens=ContextTokens,output_tokens=GeneratedTokens',
  '--set',
  'provider=openai,model=gpt-4o',
]
const TRACE = { requests: 8_819, input_tokens: 18_059_974, output_tokens: 245_896, cost_nano_usd: 47_608_895_000 }

const importing = (data: string): string[] => ['import', 'csv', AZURE, ...MAPPING, '--data', data, '--json']
const importTrace = (data: string, more: readonly string[] = [], killAfterMs?: number) =>
  tallystick([...importing(data), ...more], killAfterMs === undefined ? {} : { killAfterMs })

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
    if (LONG) expect(await figures(data)).toMatchObject(TRACE)
    const again = await importTrace(data)
    expect(JSON.parse(again.out)).toMatchObject({ rows: 8_819, accepted: 0, duplicate: 8_819 })
    const row = await figures(data)
    expect(row).toMatchObject(TRACE)
    expect(Math.abs(Number(row['input_tokens_p50']) - 1_469)).toBeLessThanOrEqual(14)
    expect(row['output_tokens_p50']).toBe(13)
    await verified(data)
  })

  it('ends with the same totals after being killed at many moments, and after the store file is deleted', async () => {
    const data = folder()
    // Spread over the whole run of an import, start-up included.
    for (let kill = 0; kill < thorough(1, 10); kill++) await importTrace(data, [], 150 + kill * 83)
    // And, however slow the machine is, once when the first rows are written and once when many are.
    for (const bytes of [1, 1_000_000]) await killedWhileWriting(importing(data), data, bytes)
    expect(JSON.parse((await importTrace(data)).out)).toMatchObject({ rows: 8_819, conflict: 0, rejected: 0 })
    await verified(data)
    // What is equal to the journal is asked below, of the journal alone.
    if (LONG) expect(await figures(data)).toMatchObject(TRACE)

    for (const name of readdirSync(data))
      if (name.startsWith('tallystick.duckdb')) rmSync(join(data, name), { recursive: true })
    expect(await figures(data)).toMatchObject(TRACE)
    await verified(data)
  })
})

describe('a directory that a server holds', () => {
  const data = folder()
  let server: Served
  beforeAll(async () => {
    server = await serve(data)
  })
  afterAll(() => server.stop())

  it.skipIf(!existsSync(AZURE))('is imported into through the server, which prints where to look', async () => {
    const ran = await importTrace(data, ['--dataset', 'azure'])
    expect(JSON.parse(ran.out)).toMatchObject({
      accepted: 8_819,
      url: expect.stringContaining(`${server.url}/?from=2023-11-16T18:17:03.979Z`),
    })
    expect(await figures(data)).toMatchObject(TRACE)
    await verified(data)
  })

  it.skipIf(!existsSync(AZURE))(
    'gets nothing new by a copy under another name with the same dataset label',
    async () => {
      const copy = join(folder(), 'renamed.csv')
      copyFileSync(AZURE, copy)
      const second = await tallystick([
        'import',
        'csv',
        copy,
        ...MAPPING,
        '--dataset',
        'azure',
        '--data',
        data,
        '--json',
      ])
      expect(JSON.parse(second.out)).toMatchObject({ accepted: 0, duplicate: 8_819 })
    },
  )

  it('is neither served by a second server, which says who holds it, nor rebuilt', async () => {
    const second = await tallystick(['serve', '--port', '0', '--data', data])
    expect(second.code).toBe(1)
    expect(second.err).toContain(String(server.process.pid))
    expect((await tallystick(['rebuild', '--data', data])).err).toContain('Stop it first')
  })

  it('is let go by the server when it ends', async () => {
    expect(await server.stop()).toBe(0)
    expect(existsSync(join(data, 'server.json'))).toBe(false)
  })

  it.skipIf(!existsSync(AZURE))('is rebuilt then', async () => {
    const ran = await tallystick(['rebuild', '--data', data, '--json'])
    expect(JSON.parse(ran.out)).toMatchObject({ events: 8_819 })
    await verified(data)
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
})

describe('the examples of the README', () => {
  it('are the commands that these tests run', async () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
    expect(readme).toContain(MAPPING[1] as string)
    expect(readme).toContain('npx tallystick query --from 30d --group-by model')
  })
})
