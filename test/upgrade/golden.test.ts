import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { openTallystick, type Tallystick } from 'tallystick'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { metaLine } from '../../packages/core/src/journal/line-file.ts'
import { LONG } from '../../packages/core/src/testing/thorough.ts'
import { GOLDEN, type Golden, readGolden, unpack } from './testing/golden.ts'

let dir = ''
const opened: Tallystick[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tallystick-upgrade-'))
})
afterEach(async () => {
  for (const tallystick of opened.splice(0)) await tallystick.close()
  await rm(dir, { recursive: true, force: true })
})

const open = async (): Promise<Tallystick> => {
  const tallystick = await openTallystick({ dataDir: dir, duckdb: { maintainEveryMs: 0 } })
  opened.push(tallystick)
  await tallystick.ingest.applied()
  return tallystick
}

async function ask(tallystick: Tallystick, body: object): Promise<readonly object[]> {
  const request = new Request('http://localhost/api/v1/query?consistency=applied', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer = (await (await tallystick.fetch(request, { trusted: true })).json()) as {
    readonly rows: readonly object[]
  }
  return answer.rows
}

async function expectFigures(tallystick: Tallystick, { questions }: Golden): Promise<void> {
  for (const { query, rows } of questions) expect(await ask(tallystick, query), JSON.stringify(query)).toEqual(rows)
}

const NEW = {
  event_id: 'after-the-upgrade',
  timestamp_ms: Date.UTC(2026, 10, 20),
  model: 'gpt-4o',
  input_tokens: 1_000,
}
const LATER = { from: Date.UTC(2026, 10, 15), to: Date.UTC(2026, 10, 21), measures: ['requests', 'cost_nano_usd'] }

/** Lives after the first: the second shows what the first has sealed, in the short run of the oldest and of one of which days have expired. */
const livesOf = (name: string): readonly number[] =>
  LONG || name === 'part-1' || name === 'part-6-expired' ? [1, 2] : [1]

describe.each(GOLDEN)('the data directory of the build of %s', (name) => {
  test('opens, gives the figures it gave then, and goes on taking events', async () => {
    const golden = await readGolden(name)
    await unpack(golden, dir)
    let tallystick = await open()
    await expectFigures(tallystick, golden)
    expect((await tallystick.store.stats()).events).toBe(golden.events)
    expect(await tallystick.store.audit?.()).toMatchObject({ differences: [] })
    // The names and contents of events that were sent then are known.
    const [, , , , sent] = (await tallystick.store.scan({ fromMs: 0, toMs: Date.now(), filters: [], limit: 5 })).events
    const again = await tallystick.ingest.submit({
      items: [
        NEW,
        { ...NEW, input_tokens: 2 },
        { ...NEW, event_id: sent?.event.eventId, source_id: 'golden', agent_id: sent?.event.agentId },
      ],
      door: 'native',
    })
    expect(again).toMatchObject({ accepted: 1, conflict: 2 })
    await tallystick.close()
    for (const life of livesOf(name)) {
      tallystick = await open()
      await expectFigures(tallystick, golden)
      expect(await ask(tallystick, LATER)).toMatchObject([{ requests: 1, cost_nano_usd: 2_500_000 }])
      const budgets = await tallystick.fetch(new Request('http://localhost/api/v1/budgets'), { trusted: true })
      expect((await budgets.text()).includes('"id":"golden"')).toBe(golden.budget)
      if (life === 1) await (tallystick.store as unknown as { maintain(): Promise<void> }).maintain()
      expect(await tallystick.store.audit?.()).toMatchObject({ differences: [] })
      await tallystick.close()
    }
  }, 120_000)
})

describe('of a newer build', () => {
  beforeEach(async () => unpack(await readGolden('part-6'), dir))

  /** Sizes and times of writing of all files but those that say who has opened them. */
  async function files(): Promise<readonly string[]> {
    const names = (await readdir(dir, { recursive: true }))
      .map(String)
      .filter((name) => !/LOCK|proxy\.secret/.test(name))
    return Promise.all(
      names.sort().map(async (name) => {
        const { mtimeMs, size, isFile } = await stat(join(dir, name)).then((found) => ({
          ...found,
          isFile: found.isFile(),
        }))
        return isFile ? `${name} ${size} ${mtimeMs}` : name
      }),
    )
  }

  async function expectRefused(code: string, file: string): Promise<void> {
    const before = await files()
    const refused = { code, message: expect.stringMatching(/newer|later|format/) }
    await expect(open()).rejects.toMatchObject(refused)
    const after = await files()
    expect(after.filter((line) => line.startsWith(file))).toEqual(before.filter((line) => line.startsWith(file)))
    expect(after.filter((line) => /corrupt|quarantine\/./.test(line))).toEqual([])
  }

  test('a journal is refused and left as it is', async () => {
    const path = join(dir, 'journal/0000000002.jsonl')
    const [head = '', ...lines] = (await readFile(path, 'utf8')).split('\n')
    const { n, t: _, c: __, ...members } = JSON.parse(head) as Record<string, unknown>
    const header = metaLine(n as number, JSON.stringify({ ...members, v: 1_000 }).slice(1, -1))
    await writeFile(path, `${header.toString().trimEnd()}\n${lines.join('\n')}`)
    await expectRefused('journal_newer_format', 'journal/')
  })

  test('a store is refused and left as it is', async () => {
    const instance = await DuckDBInstance.create(join(dir, 'tallystick.duckdb'))
    const connection = await instance.connect()
    await connection.run(`INSERT INTO settings VALUES ('format', '1000')`)
    connection.closeSync()
    instance.closeSync()
    await expectRefused('store_newer_format', 'tallystick')
  })

  test('a store of a newer engine is refused and left as it is', async () => {
    const path = join(dir, 'tallystick.duckdb')
    const bytes = await readFile(path)
    bytes.writeBigUInt64LE(120n, 12)
    // The engine's checksum of its first block.
    let sum = 5381n
    for (let at = 8; at < 4_096; at += 8) sum ^= BigInt.asUintN(64, bytes.readBigUInt64LE(at) * 0xbf58476d1ce4e5b9n)
    bytes.writeBigUInt64LE(sum, 0)
    await writeFile(path, bytes)
    await expectRefused('store_newer_format', 'tallystick')
  })
})
