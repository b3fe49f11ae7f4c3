import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTallystick } from 'tallystick'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { run } from '../../packages/server/src/cli/testing/run.ts'
import { folder, ROOT, type Served, serve, start, tallystick } from '../e2e/cli.ts'

const EVENTS = thorough(12_000, 25_000)
const NOW_MS = Date.UTC(2026, 10, 20)

let dir: string
let dataDir: string
let served: Served | undefined
beforeEach(() => {
  dir = folder()
  dataDir = join(dir, 'data')
  mkdirSync(dataDir)
})
afterEach(async () => {
  await served?.stop()
  served = undefined
  rmSync(dir, { recursive: true })
})

/** A data directory with so many events in the embedded store. */
async function fill(count: number): Promise<void> {
  const opened = await openTallystick({ dataDir, store: `duckdb:${join(dataDir, 'tallystick.duckdb')}` })
  for (let at = 0; at < count; at += 1000) {
    const items = Array.from({ length: Math.min(1000, count - at) }, (_, index) => event(at + index))
    await opened.ingest.submit({ items, door: 'native' })
  }
  await opened.ingest.applied()
  await opened.close()
}

const event = (n: number) => ({
  event_id: `e${n}`,
  timestamp_ms: NOW_MS + n * 100,
  provider: 'openai',
  model: 'gpt-4o',
  agent_id: `agent-${n % 7}`,
  input_tokens: n % 1000,
  output_tokens: 1,
})

const MIGRATE = ['--to', 'jsonl:', '--json']
const migrate = () => tallystick(['migrate', '--data', dataDir, ...MIGRATE])

/** Begins a move and kills it so long after the new store has begun to grow; false when it had ended by then. */
async function killed(waitMs: number): Promise<boolean> {
  const child = start(['migrate', '--data', dataDir, ...MIGRATE])
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const file = join(dataDir, 'analytics.jsonl')
  const size = (): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0
  const before = size()
  const begun = async (): Promise<void> => {
    while (child.exitCode === null && size() <= before) await sleep(5)
    await sleep(waitMs)
  }
  await Promise.race([begun(), ended])
  child.kill('SIGKILL')
  return (await ended) === null
}

const ask = async (path: string, body?: unknown): Promise<Record<string, unknown>> => {
  const answer = await fetch(`${served?.url}${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  })
  return (await answer.json()) as Record<string, unknown>
}

test('killed at any moment and begun again, a move ends with every event once, and a server goes on from there; of half a move none does', async () => {
  await fill(EVENTS)
  expect(await killed(0)).toBe(true)
  await expect(serve(dataDir, ['--store', 'jsonl:'])).rejects.toThrow('was broken off')
  // With a line half written, between two batches, and later on, when both are compared.
  for (const waitMs of LONG ? [0, 0, 30, 100, 250] : [150]) await killed(waitMs)
  const { code, out } = await migrate()
  expect(code).toBe(0)
  const ended = JSON.parse(out) as { readonly moved: number }
  expect(ended).toMatchObject({ ok: true, events: EVENTS, differences: [] })
  expect(ended.moved).toBeLessThan(EVENTS)

  served = await serve(dataDir, ['--store', 'jsonl:'])
  const answer = await ask('/api/v1/events', [event(EVENTS - 1), event(EVENTS)])
  expect(answer).toMatchObject({ accepted: 1, duplicate: 1 })
  const verified = await tallystick(['verify', '--server', served.url, '--json'])
  expect(JSON.parse(verified.out)).toMatchObject({ ok: true, store: { events: EVENTS + 1 } })
  expect(await ask('/api/v1/invariants')).toMatchObject({ balanced: true })

  // What a server holds is not moved.
  const refused = await migrate()
  expect(refused.code).toBe(1)
  expect(refused.err).toContain('journal_locked')
  expect(refused.err).toContain(`process ${served.process.pid}`)
}, 180_000)

test('the commands of docs/migrate.md work as they stand, say what they do and what to set', async () => {
  await fill(50)
  const page = readFileSync(join(ROOT, 'docs/migrate.md'), 'utf8')
  const [dryRun = '', move = '', serving = ''] = [...page.matchAll(/^tallystick (.*)$/gm)].map(([, line]) => line)
  const typed = (command: string) => tallystick(command.split(' '), { cwd: dir })
  expect(await typed(dryRun)).toMatchObject({ code: 0, out: '50 events would be moved.\n' })
  expect(await typed(move)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^50 events moved in .* 1 days compared\.\n$/),
    err: expect.stringContaining('TALLYSTICK_STORE=jsonl:'),
  })
  expect(await typed(move)).toMatchObject({ code: 0, out: expect.stringContaining('(50 were there already)') })
  served = await serve(dataDir, serving.split(' ').slice(1))
  expect(await ask('/api/v1/status')).toMatchObject({ store: { backend_type: 'jsonl', events: 50 } })
}, 60_000)

test('says what it does not understand', async () => {
  await fill(1)
  const told = (...more: string[]) => run(['migrate', '--data', dataDir, ...more])
  expect(await told('--to', 'duckdb:')).toMatchObject({ code: 2, err: expect.stringContaining('are the same') })
  expect(await told('--to', 'memory:')).toMatchObject({ code: 2, err: expect.stringContaining('keeps nothing') })
  expect(await told('--to', 'duckbd:x')).toMatchObject({ code: 2, err: expect.stringContaining('nearest') })
  expect(await told('--to', 'jsonl:', '--from', 'duckdb:nowhere')).toMatchObject({
    code: 2,
    err: expect.stringContaining('There is no store at'),
  })
  expect(await run(['migrate', '--data', join(dir, 'nowhere'), '--to', 'jsonl:'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('data_dir_unusable'),
  })
}, 60_000)
