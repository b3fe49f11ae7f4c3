import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type OpenOptions, openTallystick, type Tallystick } from './open.ts'

let dataDir: string
const open: Tallystick[] = []

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tallystick-open-'))
})
afterEach(async () => {
  for (const tallystick of open.splice(0)) await tallystick.close()
  await rm(dataDir, { recursive: true, force: true })
})

async function start(options: Partial<OpenOptions> = {}): Promise<Tallystick> {
  const tallystick = await openTallystick({ dataDir, ...options })
  open.push(tallystick)
  return tallystick
}

const AT = Date.now() - 3_600_000
const events = (count: number, prefix = 'e'): object[] =>
  Array.from({ length: count }, (_, index) => ({
    event_id: `${prefix}${index}`,
    timestamp_ms: AT + index,
    provider: 'openai',
    model: 'gpt-4o',
    input_tokens: 1_000,
    output_tokens: 100,
    duration_ms: 100 + index,
  }))

type Json = Record<string, unknown>

async function request(tallystick: Tallystick, path: string, body?: unknown): Promise<Json> {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await tallystick.fetch(new Request(`http://localhost${path}`, init))
  const answer = (await response.json()) as Json
  expect([response.status, answer]).toEqual([200, answer])
  return answer
}

async function totals(tallystick: Tallystick): Promise<Json> {
  const answer = await request(tallystick, '/api/v1/query?consistency=applied', {
    measures: ['requests', 'input_tokens', 'cost_nano_usd'],
    from: AT - 1,
    to: AT + 1_000_000,
  })
  const [row] = answer['rows'] as Json[]
  return row as Json
}

const PRICED = (count: number): Json => ({
  requests: count,
  input_tokens: count * 1_000,
  // $2.50 and $10 a million tokens.
  cost_nano_usd: count * (1_000 * 2_500 + 100 * 10_000),
  unpriced_requests: 0,
})

describe.each(['memory:', 'duckdb:'])('a data directory with the store %s', (store) => {
  it('takes events and answers with their cost, each counted once', async () => {
    const tallystick = await start({ store })
    expect(await request(tallystick, '/api/v1/events', events(50))).toMatchObject({ accepted: 50 })
    expect(await request(tallystick, '/api/v1/events', events(60))).toMatchObject({ accepted: 10, duplicate: 50 })
    expect(await totals(tallystick)).toEqual(PRICED(60))
    expect(await request(tallystick, '/api/v1/invariants')).toMatchObject({ balanced: true })
    const page = await request(tallystick, '/api/v1/events?limit=2&consistency=applied')
    expect((page['events'] as Json[]).map((event) => event['event_id'])).toEqual(['e59', 'e58'])
    expect(await request(tallystick, '/readyz')).toMatchObject({ status: 'ready' })
  })

  it('balances at every moment while it is loaded', async () => {
    const tallystick = await start({ store })
    let sending = true
    const load = Promise.all(
      Array.from({ length: 4 }, async (_, sender) => {
        for (let batch = 0; batch < 10; batch++)
          await request(tallystick, '/api/v1/events', events(50, `s${sender % 2}-${batch}-`))
      }),
    ).finally(() => {
      sending = false
    })
    let polls = 0
    while (sending) {
      expect(await request(tallystick, '/api/v1/invariants')).toMatchObject({ balanced: true })
      polls++
    }
    await load
    expect(polls).toBeGreaterThan(0)
    expect(await totals(tallystick)).toMatchObject({ requests: 1_000 })
  })

  it('shows accepted events on the live stream', async () => {
    const tallystick = await start({ store })
    const { url } = await tallystick.listen({ port: 0 })
    const response = await fetch(`${url}/api/v1/live`)
    const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const readUntil = async (part: string): Promise<void> => {
      while (!text.includes(part)) text += (await reader.read()).value ?? ''
    }
    await readUntil('event: hello')
    await request(tallystick, '/api/v1/events', events(3))
    await readUntil('event: tick')
    await readUntil('"accepted":3')
    await reader.cancel()
    expect((await request(tallystick, '/api/v1/status'))['address']).toBe(url)
  })

  it('takes nothing more once it is closed, and closes twice without harm', async () => {
    const tallystick = await start({ store })
    const { url } = await tallystick.listen()
    const stream = await fetch(`${url}/api/v1/live`)
    await Promise.all([tallystick.close(), tallystick.close()])
    await expect(stream.text()).resolves.toContain('event: hello')
    await expect(fetch(url)).rejects.toThrow()
    const refused = await tallystick.fetch(
      new Request('http://localhost/api/v1/events', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '[]',
      }),
    )
    expect(refused.status).toBe(503)
    await expect(tallystick.listen()).rejects.toMatchObject({ code: 'shutting_down' })
  })
})

describe('a data directory', () => {
  it('keeps what was acknowledged over a restart', async () => {
    const first = await start()
    await request(first, '/api/v1/events', events(40))
    await first.close()
    const second = await start()
    expect(await request(second, '/api/v1/events', events(45))).toMatchObject({ accepted: 5, duplicate: 40 })
    expect(await totals(second)).toEqual(PRICED(45))
    expect(await request(second, '/api/v1/invariants')).toMatchObject({ balanced: true })
  })

  it('keeps what people have told it over a restart, and says so when it verifies itself', async () => {
    const row = { id: 'acme', name: 'Acme', createdMs: AT }
    const first = await start()
    await first.state.write([{ table: 'tenants', id: 'acme', row }])
    await request(first, '/analytics/clear', {})
    await first.close()
    await expect(first.state.write([])).rejects.toMatchObject({ code: 'shutting_down' })
    const second = await start()
    expect([...second.state.rows('tenants').values()]).toEqual([row])
    expect(await request(second, '/api/v1/audit')).toMatchObject({ entries: [{ id: '1', action: 'events.clear' }] })
    expect(await request(second, '/api/v1/status')).toMatchObject({ state: { state: 'ok', damaged_lines: 0 } })
    expect(await request(second, '/api/v1/invariants?audit=1')).toMatchObject({
      ok: true,
      state: { rows: 2, log_records: 2, damaged_lines: 0, snapshots: 1, damaged_snapshots: 0 },
    })
  })

  it('does not start without its keys: what the log of the control state goes on from must be there', async () => {
    const first = await start()
    await first.state.write([{ table: 'tenants', id: 'acme', row: { id: 'acme', name: 'Acme', createdMs: AT } }])
    await first.close()
    const log = join(dataDir, 'state/0000000001.jsonl')
    await rename(log, `${log}.away`)
    await rename(
      join(dataDir, 'state/snapshot-0000000000000000.jsonl'),
      join(dataDir, 'state/snapshot-0000000000000001.jsonl'),
    )
    await expect(start()).rejects.toMatchObject({ code: 'state_corrupt' })
    await rename(`${log}.away`, log)
    const again = await start()
    expect(again.state.rows('tenants').size).toBe(1)
  })

  it('makes the store anew from the journal when its file is gone or damaged', async () => {
    const first = await start()
    await request(first, '/api/v1/events', events(30))
    await first.close()
    const file = join(dataDir, 'tallystick.duckdb')
    await rm(file)
    await rm(`${file}.wal`, { force: true })
    const second = await start()
    expect(await totals(second)).toEqual(PRICED(30))
    await second.close()
    await rm(`${file}.wal`, { force: true })
    await writeFile(file, 'this is no database'.repeat(1_000))
    const third = await start()
    expect(await totals(third)).toEqual(PRICED(30))
    expect(await request(third, '/api/v1/events', events(31))).toMatchObject({ accepted: 1, duplicate: 30 })
  })

  it('whose journal is gone is refused rather than numbered anew, and opens again once it is back', async () => {
    const first = await start()
    await request(first, '/api/v1/events', events(30))
    await totals(first)
    await first.close()
    await rename(join(dataDir, 'journal'), join(dataDir, 'elsewhere'))
    await expect(openTallystick({ dataDir })).rejects.toMatchObject({ code: 'store_corrupt' })
    await rm(join(dataDir, 'journal'), { recursive: true })
    await rename(join(dataDir, 'elsewhere'), join(dataDir, 'journal'))
    expect(await totals(await start())).toEqual(PRICED(30))
  })

  it('is held by one at a time, and given back also when opening fails', async () => {
    const first = await start()
    await expect(openTallystick({ dataDir })).rejects.toMatchObject({ code: 'journal_locked' })
    await first.close()
    await expect(openTallystick({ dataDir, store: 'oracle:' })).rejects.toMatchObject({ code: 'invalid_config' })
    await expect(openTallystick({ dataDir, prices: [{ name: 'p', content: 7 }] })).rejects.toMatchObject({
      code: 'invalid_prices',
    })
    await start()
  })

  it('is not touched by a memory store', async () => {
    const tallystick = await start({ store: 'memory:' })
    await request(tallystick, '/api/v1/events', events(3))
    expect(tallystick.journal).toBeUndefined()
    expect(await readdir(dataDir)).toEqual([])
  })

  it('that cannot be made is said to be unusable', async () => {
    const file = join(dataDir, 'file')
    await writeFile(file, '')
    await expect(openTallystick({ dataDir: join(file, 'data') })).rejects.toMatchObject({ code: 'data_dir_unusable' })
    await mkdir(join(dataDir, 'taken'))
    await writeFile(join(dataDir, 'taken/journal'), '')
    await expect(openTallystick({ dataDir: join(dataDir, 'taken') })).rejects.toMatchObject({
      code: 'data_dir_unusable',
    })
  })

  it('may be served on several addresses at once', async () => {
    const tallystick = await start()
    const servers = [await tallystick.listen(), await tallystick.listen({ host: '::1' }).catch(() => undefined)]
    for (const server of servers)
      if (server !== undefined) expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })
  it('starts with a journal whose last line is damaged, and loses no new event over it', async () => {
    const first = await start()
    await request(first, '/api/v1/events', events(30))
    await totals(first)
    await first.close()
    const segment = join(dataDir, 'journal', '0000000001.jsonl')
    const bytes = await readFile(segment)
    bytes[bytes.length - 40] = (bytes[bytes.length - 40] as number) ^ 1
    await writeFile(segment, bytes)
    const second = await start()
    expect(await request(second, '/api/v1/events', events(5, 'new'))).toMatchObject({ accepted: 5 })
    expect(await totals(second)).toEqual(PRICED(35))
  })
})

it('a server whose control state has lost a line answers nobody without a key, since that line may have been one', async () => {
  const first = await start()
  const answer = await request(first, '/api/v1/status')
  expect(answer['state']).toMatchObject({ damaged_lines: 0 })
  for (const id of ['a', 'b', 'c'])
    await first.state.write([{ table: 'tenants', id, row: { id, name: id, createdMs: 1 } }])
  await first.close()
  const folder = join(dataDir, 'state')
  const [log = ''] = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))
  const text = await readFile(join(folder, log), 'utf8')
  await writeFile(join(folder, log), text.replace('"id":"b"', '"id":"x"'))
  const second = await start()
  const response = await second.fetch(new Request('http://localhost/api/v1/status'))
  expect(response.status).toBe(401)
  expect(((await response.json()) as { detail: string }).detail).toContain('tallystick keys create')
  expect((await second.fetch(new Request('http://localhost/healthz'))).status).toBe(200)

  // As the command does that opens the directory itself.
  const body = JSON.stringify({ name: 'ada', scopes: ['admin'] })
  const headers = { 'content-type': 'application/json' }
  const making = new Request('http://localhost/api/v1/keys', { method: 'POST', headers, body })
  const { key } = (await (await second.fetch(making, { trusted: true })).json()) as { key: string }
  const withKey = new Request('http://localhost/api/v1/status', { headers: { authorization: `Bearer ${key}` } })
  expect((await second.fetch(withKey)).status).toBe(200)
})
