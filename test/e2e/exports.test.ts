import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HELICONE_REQUESTS } from '../../packages/server/src/import/exports/testing/helicone-requests.ts'
import { inBlobStorage, OBSERVATIONS } from '../../packages/server/src/import/exports/testing/observations.ts'
import { FORMS } from '../../packages/server/src/import/exports/testing/read.ts'
import { SPEND_LOGS } from '../../packages/server/src/import/exports/testing/spend-logs.ts'
import { standIn } from '../../packages/server/src/import/exports/testing/stand-in.ts'
import { folder, type Served, serve, tallystick } from './cli.ts'
import { command } from './command.ts'

const MEASURES = [
  'requests',
  'failed_requests',
  'cache_hits',
  'unpriced_requests',
  'input_tokens',
  'cache_read_tokens',
  'output_tokens',
  'cost_reported_nano_usd',
]

let server: Served
beforeAll(async () => {
  server = await serve(folder())
}, 30_000)
afterAll(() => server.stop())

async function figures(): Promise<Record<string, number>> {
  const response = await fetch(`${server.url}/api/v1/query?consistency=applied`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z', measures: MEASURES }),
  })
  return ((await response.json()) as { rows: Record<string, number>[] }).rows[0] ?? {}
}

/** What the figures are more by than they were before. */
async function added(before: Record<string, number>): Promise<Record<string, number>> {
  const after = await figures()
  return Object.fromEntries(MEASURES.map((name) => [name, Number(after[name] ?? 0) - Number(before[name] ?? 0)]))
}

async function imported(source: string, more: readonly string[], env: Record<string, string> = {}): Promise<object> {
  const args = ['import', source, '--server', server.url, '--data', folder(), '--json', ...more]
  const ran = await tallystick(args, { env })
  expect(ran.err).toBe('')
  return JSON.parse(ran.out)
}

function written(name: string, form: string, rows: readonly object[]): string {
  const path = join(folder(), name)
  writeFileSync(path, FORMS.get(form)?.(rows) ?? '')
  return path
}

describe('exports of other products, brought in by the command that is shipped', () => {
  it('LiteLLM: CSV, then JSON and the API of the same rows, which are all there already', async () => {
    const before = await figures()
    const csv = written('spend.csv', 'CSV', SPEND_LOGS)
    expect(await imported('litellm', [csv])).toMatchObject({ accepted: 7, duplicate: 0, conflict: 0, rejected: 0 })
    const json = written('spend.json', 'JSON', SPEND_LOGS)
    expect(await imported('litellm', [csv, json])).toMatchObject({ accepted: 0, duplicate: 14, conflict: 0 })
    const proxy = await standIn(({ search }) => ({
      body: { data: search.get('start_date')?.startsWith('2026-11-01') ? SPEND_LOGS : [] },
    }))
    const api = ['--url', proxy.url, '--since', '2026-11-01']
    const counted = { accepted: 0, duplicate: 7, conflict: 0 }
    expect(await imported('litellm', api, { LITELLM_API_KEY: 'sk-1' })).toMatchObject(counted)
    await proxy.close()
    expect(await added(before)).toEqual({
      requests: 7,
      failed_requests: 1,
      cache_hits: 1,
      // A model that nobody has a price for.
      unpriced_requests: 1,
      input_tokens: 1_124,
      cache_read_tokens: 790,
      output_tokens: 135,
      cost_reported_nano_usd: 13_570_678,
    })
  }, 30_000)

  it('Langfuse: the export of its page, then that to blob storage; what repeats what is inside it is left out', async () => {
    const before = await figures()
    const page = written('observations.json', 'JSON', OBSERVATIONS)
    const counted = { accepted: 6, duplicate: 0, conflict: 0, rejected: 0, copies: 1 }
    expect(await imported('langfuse', [page])).toMatchObject(counted)
    const blob = written('0001.jsonl.gz', 'JSON Lines, packed', OBSERVATIONS.map(inBlobStorage))
    expect(await imported('langfuse', [blob])).toMatchObject({ ...counted, accepted: 0, duplicate: 6 })
    expect(await added(before)).toMatchObject({
      requests: 6,
      failed_requests: 1,
      input_tokens: 2_152,
      output_tokens: 212,
      cost_reported_nano_usd: 502_635_000,
    })
  }, 30_000)

  it('Helicone: JSON Lines, then CSV', async () => {
    const before = await figures()
    const lines = written('helicone.jsonl', 'JSON Lines', HELICONE_REQUESTS)
    expect(await imported('helicone', [lines])).toMatchObject({ accepted: 5, duplicate: 0, conflict: 0, rejected: 0 })
    const csv = written('helicone.csv', 'CSV', HELICONE_REQUESTS)
    expect(await imported('helicone', [csv])).toMatchObject({ accepted: 0, duplicate: 5, conflict: 0 })
    expect(await added(before)).toMatchObject({
      requests: 5,
      failed_requests: 2,
      cache_hits: 1,
      input_tokens: 1_007,
      output_tokens: 103,
      cost_reported_nano_usd: 2_500_000,
    })
  }, 30_000)

  it('tells of rows that cannot be so and takes the others; a damaged file does not keep others out', async () => {
    const bad = written('bad.jsonl', 'JSON Lines', [
      { ...SPEND_LOGS[0], request_id: 'good' },
      { ...SPEND_LOGS[1], spend: 'much' },
    ])
    const cut = join(folder(), 'cut.json')
    writeFileSync(cut, '[{"request_id":"x","startTime":')
    const ran = await command(['import', 'litellm', cut, bad, '--server', server.url, '--data', folder(), '--json'])
    expect(ran.code).toBe(1)
    expect(JSON.parse(ran.out)).toMatchObject({
      accepted: 1,
      rejected: 2,
      rejections: [
        { where: cut, code: 'file_unreadable' },
        { where: `${bad} row 2`, code: 'invalid_type', message: 'spend is not an amount' },
      ],
    })
  }, 30_000)
})
