import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { LONG } from '../../../core/src/testing/thorough.ts'
import { type OpenOptions, openTallystick, type Tallystick } from '../open.ts'
import { ERASURE_STEPS, type ErasureStep } from './erasure.ts'

const NOON = Date.UTC(2026, 10, 20, 12)
const USER = 'jürgen "j\\" o\'neil/😀@example.com'
const OTHER = 'somebody.else@example.com'
const opened: Tallystick[] = []
const dirs: string[] = []

afterEach(async () => {
  for (const tallystick of opened.splice(0)) await tallystick.close().catch(() => undefined)
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

async function open(dir: string, options: Partial<OpenOptions> = {}): Promise<Tallystick> {
  const tallystick = await openTallystick({ dataDir: dir, ...options })
  opened.push(tallystick)
  return tallystick
}

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-erase-'))
  dirs.push(dir)
  return dir
}

const items = (count: number, from: number, user = USER) =>
  Array.from({ length: count }, (_, index) => ({
    event_id: `e${from + index}`,
    timestamp_ms: NOON - (from + index) * 1_800_000,
    model: 'gpt-4o',
    input_tokens: 10 + index,
    output_tokens: index,
    user_id: index % 3 === 0 ? user : OTHER,
    tenant_id: index % 2 === 0 ? 'acme' : 'initech',
    agent_id: `agent_${index % 4}`,
  }))

const post = (tallystick: Tallystick, path: string, body: object): Promise<Response> =>
  tallystick.fetch(
    new Request(`http://localhost${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
    { trusted: true },
  )

/** Every figure by user, day and model; the user's name taken out of it. */
async function figures(tallystick: Tallystick, name: string): Promise<unknown> {
  const answer = await post(tallystick, '/api/v1/query', {
    from: NOON - 90 * 86_400_000,
    to: NOON + 86_400_000,
    measures: ['events', 'requests', 'input_tokens', 'output_tokens', 'cost_nano_usd', 'unpriced_requests'],
    group_by: ['user_id', 'tenant_id', 'model'],
    interval: '1d',
    limit: 1000,
  })
  expect(answer.status).toBe(200)
  const { rows } = (await answer.json()) as { readonly rows: readonly { readonly user_id: string | null }[] }
  return rows.map((row) => JSON.stringify({ ...row, user_id: row.user_id === name ? 'THE USER' : row.user_id })).sort()
}

/** Files in which a form of the name stands, compressed ones inflated. */
function holding(dir: string, user: string): string[] {
  const forms = [user, JSON.stringify(user).slice(1, -1), JSON.stringify(user).slice(1, -1).replaceAll('/', '\\/')]
  const found: string[] = []
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const raw = readFileSync(path)
    const contents = path.endsWith('.gz') ? [raw, gunzipSync(raw)] : [raw]
    if (contents.some((bytes) => forms.some((form) => bytes.includes(form)))) found.push(path.slice(dir.length + 1))
  }
  return found
}

async function filled(dir: string, options: Partial<OpenOptions>): Promise<Tallystick> {
  const tallystick = await open(dir, options)
  const { ingest, state } = tallystick
  await ingest.submit({ items: items(400, 0), door: 'native' })
  await ingest.submit({ items: items(100, 400), door: 'native' })
  await state.write([
    {
      table: 'budgets',
      id: 'b1',
      row: {
        id: 'b1',
        name: `Budget of ${USER}`,
        subject: { dimension: 'user_id', value: USER },
        unit: 'tokens',
        amount: '1000',
        window: { kind: 'total' },
        mode: 'soft',
        thresholds: [],
        createdMs: NOON,
        updatedMs: NOON,
      },
    },
    { table: 'agents', id: 'agent_1', row: { id: 'agent_1', ownerId: USER, createdMs: NOON } },
    // Not an old one, which would be forgotten some seconds after the start.
    { table: 'traces', id: 't1', row: { facts: { userId: USER, name: 'chat' }, touchedMs: Date.now() } },
    { table: 'audit', id: '9', row: { id: '9', atMs: NOON, actor: `user ${USER}`, action: 'key.create' } },
  ])
  await ingest.drain()
  return tallystick
}

const STOPS = ERASURE_STEPS.filter((step) => step !== 'intent')

/** Every stop with the one that costs least to open; with the other in the short run one on either side of the store's own step. */
const stores: {
  readonly name: string
  readonly options: Partial<OpenOptions>
  readonly stops: readonly ErasureStep[]
}[] = [
  { name: 'duckdb', options: { store: 'duckdb:' }, stops: LONG ? STOPS : ['store', 'journal'] },
  { name: 'jsonl', options: { store: 'jsonl:' }, stops: STOPS },
]

describe.each(stores)('erasing a user with $name', ({ options, stops }) => {
  test('leaves no byte of the name, every figure as it was, and a rebuild does not bring it back', async () => {
    const dir = directory()
    const tallystick = await filled(dir, options)
    expect(holding(dir, USER).length).toBeGreaterThan(2)
    const before = await figures(tallystick, USER)
    const dry = await post(tallystick, '/api/v1/erasures', { user_id: USER, dry_run: true })
    expect(await dry.json()).toMatchObject({ events: 168, dry_run: true })
    const answer = await post(tallystick, '/api/v1/erasures', { user_id: USER })
    expect(answer.status).toBe(200)
    const { pseudonym, ...counts } = (await answer.json()) as { readonly pseudonym: string }
    expect(pseudonym).toMatch(/^erased-[0-9a-f]{24}$/)
    expect(counts).toMatchObject({ events: 168, records: 168, rows: 4 })
    expect(holding(dir, USER)).toEqual([])
    expect(await figures(tallystick, pseudonym)).toEqual(before)
    expect(tallystick.state.rows('budgets').get('b1')).toMatchObject({
      name: `Budget of ${pseudonym}`,
      subject: { value: pseudonym },
    })
    expect([...tallystick.state.rows('audit').values()].map(({ action, target }) => [action, target])).toEqual([
      ['key.create', undefined],
      ['user.erase', pseudonym],
      ['user.erased', pseudonym],
    ])
    expect(await tallystick.ingest.invariants()).toMatchObject({ balanced: true })
    // A late retry is still known.
    expect(await tallystick.ingest.submit({ items: items(400, 0), door: 'native' })).toMatchObject({
      accepted: 0,
      duplicate: 400,
    })
    await tallystick.close()
    expect(holding(dir, USER)).toEqual([])

    // Made again from the journal.
    for (const name of readdirSync(dir))
      if (/^(tallystick|analytics|dedup)/.test(name)) rmSync(join(dir, name), { recursive: true })
    const again = await open(dir, options)
    await again.ingest.drain()
    expect(await figures(again, pseudonym)).toEqual(before)
    expect(await again.ingest.submit({ items: items(400, 0), door: 'native' })).toMatchObject({ duplicate: 400 })
    expect(holding(dir, USER)).toEqual([])
    const verified = await post(again, '/api/v1/erasures', { user_id: USER, dry_run: true })
    expect(await verified.json()).toMatchObject({ events: 0 })
  }, 60_000)

  test('of one tenant leaves the same name in another', async () => {
    const dir = directory()
    const tallystick = await filled(dir, options)
    const answer = await post(tallystick, '/api/v1/erasures', { user_id: USER, tenant_id: 'acme' })
    const { pseudonym, events } = (await answer.json()) as { readonly pseudonym: string; readonly events: number }
    expect(events).toBe(84)
    const rows = (await figures(tallystick, pseudonym)) as readonly string[]
    const of = (user: string): string[] => rows.filter((row) => row.includes(JSON.stringify(user)))
    expect(of('THE USER').every((row) => row.includes('acme'))).toBe(true)
    expect(of(USER).length).toBeGreaterThan(0)
    expect(of(USER).every((row) => row.includes('initech'))).toBe(true)
  }, 60_000)

  test('lets events come in meanwhile; those that come under the name later are somebody new', async () => {
    const dir = directory()
    const { gate, open: go } = gateOf()
    const tallystick = await filled(dir, { ...options, onErasureStep: (step) => (step === 'mark' ? gate : undefined) })
    const erasing = post(tallystick, '/api/v1/erasures', { user_id: USER })
    const accepted = await tallystick.ingest.submit({ items: items(30, 1000), door: 'native' })
    expect(accepted.accepted).toBe(30)
    await new Promise((resolve) => setTimeout(resolve, 50))
    go()
    expect((await erasing).status).toBe(200)
    const later = await tallystick.ingest.submit({ items: items(30, 2000), door: 'native', ack: 'applied' })
    expect(later.accepted).toBe(30)
    const { events } = (await (
      await post(tallystick, '/api/v1/erasures', { user_id: USER, dry_run: true })
    ).json()) as {
      readonly events: number
    }
    expect([10, 20]).toContain(events)
    const all = await post(tallystick, '/api/v1/query', { from: 0, to: NOON + 1, measures: ['events'] })
    expect(((await all.json()) as { readonly rows: unknown }).rows).toEqual([{ events: 560 }])
  }, 60_000)

  test.each(stops)(
    'that ended before the step "%s" is finished by the next start',
    async (stop) => {
      const dir = directory()
      const tallystick = await filled(dir, {
        ...options,
        onErasureStep(step) {
          if (step === stop) throw new Error('stopped')
        },
      })
      const before = await figures(tallystick, USER)
      expect((await post(tallystick, '/api/v1/erasures', { user_id: USER })).status).toBe(500)
      await tallystick.close()
      const again = await open(dir, options)
      await expect.poll(() => readdirSync(dir).includes('erasing.json'), { timeout: 20_000 }).toBe(false)
      expect(holding(dir, USER)).toEqual([])
      const [entry] = [...again.state.rows('audit').values()].filter(({ action }) => action === 'user.erased')
      await again.ingest.drain()
      expect(await figures(again, entry?.target ?? '')).toEqual(before)
      expect(await again.ingest.invariants()).toMatchObject({ balanced: true })
    },
    60_000,
  )
})

test('what was set aside as damaged goes, and quarantine is masked', async () => {
  const dir = directory()
  const first = await filled(dir, {})
  await first.close()
  writeFileSync(join(dir, 'tallystick.duckdb.corrupt-1795262400000'), `old bytes of ${USER}`)
  const segment = join(dir, 'journal', '0000000001.jsonl')
  const bytes = readFileSync(segment)
  bytes[bytes.indexOf('"e3"') + 1] = 0x58
  writeFileSync(segment, bytes)
  const tallystick = await open(dir)
  expect((await post(tallystick, '/api/v1/erasures', { user_id: USER })).status).toBe(200)
  expect(holding(dir, USER)).toEqual([])
}, 60_000)

test('another one, or a backup, is refused meanwhile; a memory store has only itself to change', async () => {
  const { gate, open: go } = gateOf()
  const tallystick = await open(directory(), {
    store: 'memory:',
    onErasureStep: (step) => (step === 'state' ? gate : undefined),
  })
  await tallystick.ingest.submit({ items: items(30, 0), door: 'native' })
  const erasing = post(tallystick, '/api/v1/erasures', { user_id: USER })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect((await post(tallystick, '/api/v1/erasures', { user_id: OTHER })).status).toBe(503)
  go()
  expect(await (await erasing).json()).toMatchObject({ events: 10, records: 0 })
})

function gateOf(): { readonly gate: Promise<void>; readonly open: () => void } {
  let go: () => void = () => undefined
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  return { gate, open: () => go() }
}
