import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LONG, thorough } from '../../../core/src/testing/thorough.ts'
import { type OpenOptions, openTallystick, type Tallystick } from '../open.ts'
import { checkBackup } from './check.ts'
import { type BackupManifest, manifestText } from './manifest.ts'
import { restoreBackup } from './restore.ts'
import { finishBackup, writeBackup } from './write.ts'

let dir: string
const open: Tallystick[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tallystick-backup-'))
})
afterEach(async () => {
  for (const tallystick of open.splice(0)) await tallystick.close()
  await rm(dir, { recursive: true, force: true })
})

async function start(name: string, options: Partial<OpenOptions> = {}): Promise<Tallystick> {
  const tallystick = await openTallystick({ dataDir: join(dir, name), ...options })
  open.push(tallystick)
  return tallystick
}

/** A store that costs little to open, where the store is not what is looked at. */
const LIGHT: Partial<OpenOptions> = LONG ? {} : { store: 'jsonl:' }

async function stop(tallystick: Tallystick): Promise<void> {
  open.splice(open.indexOf(tallystick), 1)
  await tallystick.close()
}

const AT = Date.now() - 7_200_000
const event = (index: number): object => ({
  event_id: `e${index}`,
  timestamp_ms: AT + index,
  provider: index % 3 === 0 ? 'anthropic' : 'openai',
  model: index % 3 === 0 ? 'claude-sonnet-4-5' : 'gpt-4o',
  agent_id: `agent-${index % 7}`,
  input_tokens: 1_000 + index,
  output_tokens: index % 50,
  duration_ms: 100 + (index % 400),
})
const events = (from: number, to: number): object[] =>
  Array.from({ length: to - from }, (_, index) => event(from + index))

const send = (tallystick: Tallystick, items: readonly object[]) => tallystick.ingest.submit({ items, door: 'native' })

async function backUp(tallystick: Tallystick, target: string): Promise<void> {
  const response = await tallystick.fetch(new Request('http://localhost/api/v1/backup'), { trusted: true })
  expect(response.status).toBe(200)
  await writeBackup(target, response.body as ReadableStream<Uint8Array>)
  await checkBackup(`${target}.partial`)
  await finishBackup(target)
}

const restore = (backup: string, name: string, force = false) =>
  restoreBackup({ backup, dataDir: join(dir, name), force, nowMs: 1_795_262_400_000 })

const MEASURES = ['requests', 'input_tokens', 'output_tokens', 'cost_nano_usd', 'unpriced_requests', 'duration_ms_p95']

async function figures(tallystick: Tallystick): Promise<unknown> {
  const body = JSON.stringify({ from: AT - 1, to: AT + 3_600_000, measures: MEASURES, group_by: ['model', 'agent_id'] })
  const headers = { 'content-type': 'application/json' }
  const url = 'http://localhost/api/v1/query?consistency=applied'
  const answer = await tallystick.fetch(new Request(url, { method: 'POST', headers, body }))
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { rows: unknown }).rows
}

const manifestOf = async (backup: string): Promise<BackupManifest> =>
  JSON.parse(await readFile(join(backup, 'manifest.json'), 'utf8')) as BackupManifest

describe.each(['b', 'b.tar'])('a backup called %s', (name) => {
  it('gives back the same figures, the ids of before, and room for what came after', async () => {
    const source = await start('source')
    await send(source, events(0, 400))
    const before = await figures(source)
    await writeFile(join(dir, 'source', 'proxy.secret'), 'of the keys that events are named by')
    await backUp(source, join(dir, name))
    await send(source, events(400, 500))

    const restored = await restore(join(dir, name), 'restored')
    expect(restored).toMatchObject({ records: 400, damage: 0, manifest: { accepted_events: 400, store: null } })
    const copy = await start('restored')
    expect(await readFile(join(dir, 'restored', 'proxy.secret'), 'utf8')).toBe('of the keys that events are named by')
    expect(await figures(copy)).toEqual(before)
    expect(await send(copy, events(0, 400))).toMatchObject({ accepted: 0, duplicate: 400 })
    expect(await send(copy, events(400, 500))).toMatchObject({ accepted: 100 })
    expect(await figures(copy)).toEqual(await figures(source))
    expect(await copy.ingest.invariants()).toMatchObject({ balanced: true, store: { accepted: 500 } })
  })

  it('that is cut short anywhere is refused with what is wrong', async () => {
    const source = await start('source', LIGHT)
    await send(source, events(0, 50))
    const target = join(dir, name)
    await backUp(source, target)
    const files = name === 'b' ? await readdir(target, { recursive: true }) : ['']
    let cuts = 0
    for (const file of files) {
      const path = join(target, file)
      const { size } = await stat(path)
      if ((await stat(path)).isDirectory()) continue
      const whole = await readFile(path)
      // The last two blocks of an archive are only its end.
      const last = name === 'b' ? size - 1 : size - 1025
      for (const length of [0, 1, size >> 1, last]) {
        await truncate(path, length)
        await expect(checkBackup(target)).rejects.toMatchObject({ code: 'backup_damaged' })
        await expect(restore(target, 'restored')).rejects.toMatchObject({ code: 'backup_damaged' })
        await writeFile(path, whole)
        cuts++
      }
    }
    expect(cuts).toBeGreaterThan(3)
    expect(await readdir(join(dir, 'restored'))).toEqual([])
    await checkBackup(target)
  })
})

describe('a backup', () => {
  it('holds everything acknowledged before it began, whatever comes in meanwhile', { timeout: 120_000 }, async () => {
    const source = await start('source', { journal: { segmentBytes: 40_000 } })
    let sent = 0
    let acked = 0
    let going = true
    const sender = async (): Promise<void> => {
      while (going) {
        const from = sent
        sent += 20
        await send(source, events(from, from + 20))
        acked = Math.max(acked, from + 20)
        // Without a rest a slow machine gets more to copy the longer it copies.
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    const senders = [sender()]
    try {
      for (const name of ['b0', 'b1'].slice(0, thorough(1, 2))) {
        while (acked < 200 * (Number(name[1]) + 1)) await new Promise((resolve) => setTimeout(resolve, 5))
        const ackedBefore = acked
        await backUp(source, join(dir, name))
        const { accepted_events: inside, journal } = await manifestOf(join(dir, name))
        expect(inside).toBeGreaterThanOrEqual(ackedBefore)
        expect(journal.end.ordinal).toBe(inside)
        const copy = await restore(join(dir, name), `r${name}`).then(() => start(`r${name}`))
        const again = await send(copy, events(0, inside as number))
        expect(again).toMatchObject({ duplicate: inside, conflict: 0, accepted: 0 })
        await stop(copy)
      }
    } finally {
      going = false
      await Promise.all(senders)
    }
    expect(await readdir(join(dir, 'source'))).not.toContain('backup.tmp')
  })

  it('of a journal that has dropped its beginning brings a copy of the store, and loses neither totals nor ids', async () => {
    const source = await start('source', { journal: { segmentBytes: 20_000, keepMs: 0 } })
    for (let from = 0; from < 600; from += 50) await send(source, events(from, from + 50))
    await source.ingest.applied()
    const oldest = async (): Promise<number> => {
      await source.journal?.prune()
      return source.journal?.stats().oldestOrdinal ?? 0
    }
    await expect.poll(oldest, { timeout: 20_000 }).toBeGreaterThan(100)
    const before = await figures(source)
    await backUp(source, join(dir, 'b'))
    const manifest = await manifestOf(join(dir, 'b'))
    expect(manifest).toMatchObject({ accepted_events: 600, store: { applied_ordinal: 600 } })
    expect(manifest.journal.oldest_ordinal).toBeGreaterThan(100)
    expect((await restore(join(dir, 'b'), 'restored')).records).toBeLessThan(500)
    const copy = await start('restored')
    expect(await figures(copy)).toEqual(before)
    expect(await send(copy, events(0, 600))).toMatchObject({ accepted: 0, duplicate: 600, conflict: 0 })
    expect(await send(copy, events(600, 610))).toMatchObject({ accepted: 10 })
    await copy.ingest.applied()
    expect(await copy.ingest.invariants()).toMatchObject({ balanced: true, store: { accepted: 610, live: 610 } })
  }, 60_000)

  it('leaves the store its lock while it copies it', async () => {
    const source = await start('source')
    await send(source, events(0, 10))
    await source.ingest.applied()
    expect(await source.store.copyTo?.(join(dir, 'copy'))).toEqual({ appliedOrdinal: 10 })
    // What another process is told that opens the one, and then the other.
    const script = `import { DuckDBInstance } from '@duckdb/node-api'
      for (const path of process.argv.slice(1))
        console.log(await DuckDBInstance.create(path).then(() => 'opened', ({ message }) => message.split('\\n')[0]))`
    const paths = [join(dir, 'source/tallystick.duckdb'), join(dir, 'copy')]
    const args = ['--input-type=module', '-e', script, ...paths]
    const [ofSource, ofCopy, ...more] = execFileSync(process.execPath, args, { encoding: 'utf8' }).split('\n')
    expect(ofSource).toMatch(/lock/i)
    expect([ofCopy, ...more]).toEqual(['opened', ''])
  })

  it('with any byte changed is refused, and the file named', async () => {
    const source = await start('source', LIGHT)
    await send(source, events(0, 60))
    await stop(source)
    await backUp(await start('source', LIGHT), join(dir, 'b'))
    const { files } = await manifestOf(join(dir, 'b'))
    expect(files.map(({ path }) => path)).toContain('dedup/manifest.json')
    for (const { path } of [...files, { path: 'manifest.json' }]) {
      const full = join(dir, 'b', path)
      const whole = await readFile(full)
      for (const at of [0, whole.length >> 1, whole.length - 2]) {
        const changed = Buffer.from(whole)
        changed[at] = (changed[at] as number) ^ 1
        await writeFile(full, changed)
        await expect(checkBackup(join(dir, 'b'))).rejects.toThrow(path)
        await writeFile(full, whole)
      }
    }
    await checkBackup(join(dir, 'b'))
  })

  it('with a file too many or too few is refused', async () => {
    await backUp(await start('source', LIGHT), join(dir, 'b'))
    const segment = join(dir, 'b/journal/0000000001.jsonl')
    await cp(segment, join(dir, 'b/journal/0000000002.jsonl'))
    await expect(checkBackup(join(dir, 'b'))).rejects.toThrow('0000000002.jsonl: is not in the manifest')
    await rm(join(dir, 'b/journal/0000000002.jsonl'))
    await rm(segment)
    await expect(checkBackup(join(dir, 'b'))).rejects.toThrow('0000000001.jsonl: is missing')
    await expect(checkBackup(join(dir, 'nothing'))).rejects.toMatchObject({ code: 'file_unreadable' })
  })

  it('of a damaged journal is made, tells of the damage, and brings the store, which has the events', async () => {
    const source = await start('source')
    await send(source, events(0, 30))
    await source.ingest.applied()
    const before = await figures(source)
    await stop(source)
    const segment = join(dir, 'source/journal/0000000001.jsonl')
    const bytes = await readFile(segment)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
    await writeFile(segment, bytes)
    // The damage is noticed by whoever reads the line: here the ids, which are read anew.
    await rm(join(dir, 'source/dedup'), { recursive: true })
    await rm(join(dir, 'source/journal/cursors.json'))
    const damaged = await start('source')
    await backUp(damaged, join(dir, 'b'))
    expect(await restore(join(dir, 'b'), 'restored')).toMatchObject({
      damage: expect.any(Number),
      manifest: { store: {} },
    })
    expect((await checkBackup(join(dir, 'b'))).damage).toBeGreaterThan(0)
    expect(await figures(await start('restored'))).toEqual(before)
  })
})

describe('the control state in a backup', () => {
  const tenant = (index: number) =>
    ({
      table: 'tenants',
      id: `t${index}`,
      row: { id: `t${index}`, name: 'x'.repeat(3_000), createdMs: index },
    }) as const
  const count = (tallystick: Tallystick): number => tallystick.state.rows('tenants').size

  it.each(['b', 'b.tar'])('called %s comes back as it was, and goes on from there', async (name) => {
    const source = await start('source', LIGHT)
    for (let index = 0; index < 5; index++) await source.state.write([tenant(index)])
    await backUp(source, join(dir, name))
    await source.state.write([tenant(5), { table: 'tenants', id: 't0', row: undefined }])

    expect(await restore(join(dir, name), 'restored')).toMatchObject({ damage: 0, manifest: { state: { end: {} } } })
    const copy = await start('restored', LIGHT)
    expect([...copy.state.rows('tenants').keys()]).toEqual(['t0', 't1', 't2', 't3', 't4'])
    await copy.state.write([tenant(6)])
    await stop(copy)
    expect(count(await start('restored', LIGHT))).toBe(6)
    expect((await stat(join(dir, 'restored/state'))).mode & 0o777).toBe(0o700)
    for (const file of await readdir(join(dir, 'restored/state')))
      expect((await stat(join(dir, 'restored/state', file))).mode & 0o777, file).toBe(0o600)
  })

  it('that was damaged already is told, and restored as far as it is sound', async () => {
    const source = await start('source', LIGHT)
    for (let index = 0; index < 5; index++) await source.state.write([tenant(index)])
    await stop(source)
    const log = join(dir, 'source/state/0000000001.jsonl')
    const bytes = await readFile(log)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
    await writeFile(log, bytes)
    const damaged = await start('source', LIGHT)
    expect(count(damaged)).toBe(4)
    await backUp(damaged, join(dir, 'b'))
    expect((await restore(join(dir, 'b'), 'restored')).damage).toBe(1)
    expect(count(await start('restored', LIGHT))).toBe(4)
    const verify = async (): Promise<unknown> =>
      (await damaged.fetch(new Request('http://localhost/api/v1/invariants?audit=1'), { trusted: true })).json()
    expect(await verify()).toMatchObject({
      ok: false,
      differences: ['1 lines of the log of the control state are damaged or missing.'],
      // The backup itself is written down.
      state: { rows: 5, log_records: 5, damaged_lines: 1, snapshots: 1, damaged_snapshots: 0 },
    })
  })

  it('of an earlier version, which had none, is begun anew', async () => {
    const source = await start('source', LIGHT)
    await send(source, events(0, 10))
    await backUp(source, join(dir, 'b'))
    const manifest = await manifestOf(join(dir, 'b'))
    const { state, manifest_sha256, ...rest } = manifest
    expect(state).toBeDefined()
    expect(manifest_sha256).toBeDefined()
    const files = rest.files.filter(({ path }) => !path.startsWith('state/'))
    await writeFile(join(dir, 'b/manifest.json'), manifestText({ ...rest, version: 1, files }))
    await rm(join(dir, 'b/state'), { recursive: true })
    expect(await restore(join(dir, 'b'), 'restored')).toMatchObject({ records: 10, damage: 0 })
    expect(count(await start('restored', LIGHT))).toBe(0)
  })
})

describe('GET /api/v1/backup', () => {
  it('is read by one at a time, and lets go when the reader goes away', async () => {
    const source = await start('source', LIGHT)
    await send(source, events(0, 10))
    const call = (method = 'GET') => source.fetch(new Request('http://localhost/api/v1/backup', { method }))
    expect((await call('HEAD')).status).toBe(200)
    const first = await call()
    const held = join(dir, 'source/backup.tmp')
    expect((await stat(held)).isDirectory()).toBe(true)
    expect(await call().then((answer) => answer.json())).toMatchObject({ code: 'overloaded' })
    await first.body?.cancel()
    await expect(stat(held)).rejects.toThrow('ENOENT')
    const second = await call()
    expect((await second.arrayBuffer()).byteLength).toBe(Number(second.headers.get('content-length')))
    await expect(stat(held)).rejects.toThrow('ENOENT')
  })

  it('clears away what an earlier process held when it was killed', async () => {
    const source = await start('source', LIGHT)
    await send(source, events(0, 10))
    await mkdir(join(dir, 'source/backup.tmp/journal'), { recursive: true })
    await writeFile(join(dir, 'source/backup.tmp/journal/0000000009.jsonl'), 'left behind')
    await backUp(source, join(dir, 'b'))
    expect((await manifestOf(join(dir, 'b'))).files.map(({ path }) => path)).toEqual([
      'journal/0000000001.jsonl',
      'state/0000000001.jsonl',
      'state/snapshot-0000000000000000.jsonl',
    ])
  })

  it('tells of a memory store that it keeps nothing', async () => {
    const source = await start('source', { store: 'memory:' })
    const answer = await source.fetch(new Request('http://localhost/api/v1/backup'))
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'not_found' }])
  })
})

describe('restoring', () => {
  it('into a directory that is not empty is refused, or moves what is there aside', async () => {
    const source = await start('source')
    await send(source, events(0, 20))
    await backUp(source, join(dir, 'b'))
    await expect(restore(join(dir, 'b'), 'source', true)).rejects.toMatchObject({ code: 'journal_locked' })
    await send(source, events(20, 30))
    await stop(source)
    await expect(restore(join(dir, 'b'), 'source')).rejects.toMatchObject({ code: 'data_dir_unusable' })
    const { movedTo } = await restore(join(dir, 'b'), 'source', true)
    expect(movedTo).toBe(join(dir, 'source/before-restore-1795262400000'))
    const copy = await start('source')
    expect(await send(copy, events(0, 30))).toMatchObject({ duplicate: 20, accepted: 10 })
    await stop(copy)
    const old = await openTallystick({ dataDir: movedTo as string })
    open.push(old)
    expect(await send(old, events(0, 30))).toMatchObject({ duplicate: 30, accepted: 0 })
  })

  it('that was killed is no empty data directory, and can be run again', async () => {
    const source = await start('source')
    await send(source, events(0, 20))
    await backUp(source, join(dir, 'b'))
    // As it is left after the first of two renames.
    await restore(join(dir, 'b'), 'restored')
    await mkdir(join(dir, 'restored/restore.tmp'))
    await rename(join(dir, 'restored/journal'), join(dir, 'restored/restore.tmp/journal'))
    await expect(start('restored')).rejects.toMatchObject({
      code: 'data_dir_unusable',
      message: expect.stringContaining('A restore'),
    })
    expect(await restore(join(dir, 'b'), 'restored', true)).toMatchObject({ records: 20 })
    expect(await send(await start('restored'), events(0, 20))).toMatchObject({ duplicate: 20 })
  })

  it('from a backup whose names lead elsewhere is refused', async () => {
    const source = await start('source', LIGHT)
    await backUp(source, join(dir, 'b'))
    const path = join(dir, 'b/manifest.json')
    const text = await readFile(path, 'utf8')
    for (const name of ['../x', '/etc/x', 'journal/../../x', 'journal/a/b', '.hidden', 'journal\\\\x']) {
      await writeFile(path, text.replace('journal/0000000001.jsonl', name))
      await expect(restore(join(dir, 'b'), 'restored')).rejects.toMatchObject({ code: 'backup_damaged' })
    }
  })
})
