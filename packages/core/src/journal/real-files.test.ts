import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openJournal } from './open.ts'
import { readJournal } from './read.ts'

let root: string
let dir: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'journal-real-'))
  dir = join(root, 'a', 'journal')
})
afterEach(() => rmSync(root, { recursive: true }))

describe('on the real file system', () => {
  test('a journal with rotation and sealing is read whole, by zcat and grep too', async () => {
    const journal = await openJournal({ dir, segmentBytes: 20_000, productVersion: '1.2.3' })
    const waiting: Promise<unknown>[] = []
    for (let id = 1; id <= 1000; id++) {
      waiting.push(journal.append([{ type: 'event', body: `"e":{"id":${id}}` }]).durable)
      if (id % 100 === 0) await Promise.all(waiting.splice(0))
    }
    await journal.prune()
    expect(journal.stats().bytes).toBe(
      readdirSync(dir).reduce((sum, name) => sum + (name.startsWith('0') ? statSync(join(dir, name)).size : 0), 0),
    )
    await journal.close()
    const names = readdirSync(dir)
    expect(names.filter((name) => name.endsWith('.gz')).length).toBeGreaterThan(0)
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([])
    let read = 0
    for await (const { records } of readJournal({ dir })) read += records.length
    expect(read).toBe(1000)
    const text = execFileSync('zcat', ['-f', ...names.filter((name) => name.startsWith('0')).sort()], {
      cwd: dir,
      encoding: 'utf8',
    })
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly t: string; readonly product?: string })
    expect(lines.filter(({ t }) => t === 'event')).toHaveLength(1000)
    expect(lines[0]?.product).toBe('1.2.3')
  })

  test('files and directories are readable by their owner only', async () => {
    await (await openJournal({ dir })).close()
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(statSync(join(dir, '0000000001.jsonl')).mode & 0o777).toBe(0o600)
  })

  test('a path that is a file is refused as unusable', async () => {
    writeFileSync(join(root, 'file'), '')
    await expect(openJournal({ dir: join(root, 'file') })).rejects.toMatchObject({ code: 'data_dir_unusable' })
  })
})

describe.runIf(process.platform === 'linux')('the lock', () => {
  test('refuses a second opening, also by another path to the directory, names the holder, and is gone after close', async () => {
    const journal = await openJournal({ dir })
    symlinkSync(join(root, 'a'), join(root, 'b'))
    const again = openJournal({ dir: join(root, 'b', 'journal') })
    await expect(again).rejects.toMatchObject({
      code: 'journal_locked',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    // The refused opening has taken nothing from the first one.
    await expect(openJournal({ dir })).rejects.toMatchObject({ code: 'journal_locked' })
    await journal.append([{ type: 'event', body: '"e":1' }]).durable
    await journal.close()
    await (await openJournal({ dir })).close()
  })

  test('believes the file of a living process that the socket does not show, and not that of a dead one', async () => {
    await (await openJournal({ dir })).close()
    const other = spawn('sleep', ['60'])
    const exited = new Promise((resolve) => other.once('exit', resolve))
    const stat = readFileSync(`/proc/${other.pid}/stat`, 'utf8')
    const processStart = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const lock = (holder: object): void =>
      writeFileSync(join(dir, 'LOCK'), JSON.stringify({ pid: other.pid, bootId, processStart, ...holder }))
    lock({})
    await expect(openJournal({ dir })).rejects.toMatchObject({
      message: expect.stringContaining(`process ${other.pid}`),
    })
    // The same pid in an earlier life of the machine, or of another process.
    lock({ bootId: 'another' })
    await (await openJournal({ dir })).close()
    lock({ processStart: '1' })
    await (await openJournal({ dir })).close()
    lock({})
    other.kill('SIGKILL')
    await exited
    await (await openJournal({ dir })).close()
    writeFileSync(join(dir, 'LOCK'), '{"pid":')
    await (await openJournal({ dir })).close()
  })
})
