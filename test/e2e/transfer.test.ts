import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { folder, type Ran, ROOT, type Served, serve, tallystick } from './cli.ts'
import { command } from './command.ts'

// Many processes one after the other, on a machine that runs other tests at the same time.
vi.setConfig({ testTimeout: 120_000 })

/** The commands of both documents, run in a folder whose `data` a server holds, as a reader would run them. */
const commandsOf = (page: string): string[] =>
  [...readFileSync(join(ROOT, 'docs', page), 'utf8').matchAll(/^tallystick (.*?)(?:\s+#.*)?$/gm)].map(
    (line) => line[1] as string,
  )

const FILES = 40
let dir: string
let served: Served

beforeAll(async () => {
  dir = folder()
  mkdirSync(join(dir, 'backups'))
  served = await serve(join(dir, 'data'))
  const events = Array.from({ length: FILES }, (_, index) => ({
    event_id: `e${index}`,
    timestamp_ms: Date.UTC(2026, 10, 2) + index,
    provider: index < 10 ? 'anthropic' : 'openai',
    model: index < 10 ? 'claude-sonnet-4-5' : 'gpt-4o',
    agent_id: 'bot',
    input_tokens: 100,
    output_tokens: 10,
  }))
  const answer = await fetch(`${served.url}/api/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  })
  expect(await answer.json()).toMatchObject({ accepted: FILES })
})
afterAll(async () => {
  await served.stop()
  rmSync(dir, { recursive: true })
})

/** `/backups` is a folder of ours, the address is the server's, and the data directory of a restore another. */
const wordsOf = (line: string): string[] =>
  line
    .replaceAll('/backups/', 'backups/')
    .replaceAll('http://127.0.0.1:8088', served.url)
    .replace('--data ./data', '--data ./restored')
    .split(' ')
const run = (line: string): Promise<Ran> => tallystick(wordsOf(line), { cwd: dir })
/** What is refused, where another line shows the built program. It finds the server by its address: this process is elsewhere. */
const runHere = (line: string): Promise<Ran> => command([...wordsOf(line), '--server', served.url], { cwd: dir })

describe('docs/backup.md', () => {
  it('shows commands that work as they stand, one after the other', async () => {
    const commands = commandsOf('backup.md')
    expect(commands.map((command) => command.split(' ')[0])).toEqual(['backup', 'backup', 'backup', 'restore', 'serve'])
    const [toDirectory, toArchive, fromServer, restore] = commands as [string, string, string, string]
    expect(await run(toDirectory)).toMatchObject({ code: 0, out: expect.stringContaining(`${FILES} events accepted`) })
    expect(await run(toArchive)).toMatchObject({ code: 0 })
    // The same name again.
    expect(await run(fromServer)).toMatchObject({ code: 2, err: expect.stringContaining('exists already') })
    rmSync(join(dir, 'backups/monday.tar'))
    expect(await run(fromServer)).toMatchObject({ code: 0 })
    expect(await run(restore)).toMatchObject({ code: 0, out: expect.stringContaining(`${FILES} events accepted`) })
    expect(await run(restore)).toMatchObject({ code: 1, err: expect.stringContaining('--force') })
    expect(await run('restore backups/monday --data data --force')).toMatchObject({
      code: 1,
      err: expect.stringContaining('journal_locked'),
    })
    const copy = await serve(join(dir, 'restored'))
    try {
      const status = await command(['verify', '--server', copy.url, '--json'])
      expect(JSON.parse(status.out)).toMatchObject({ ok: true, days_compared: 1, store: { events: FILES } })
    } finally {
      await copy.stop()
    }
  })
})

describe('docs/export.md', () => {
  it('shows commands that work as they stand', async () => {
    const commands = commandsOf('export.md')
    expect(commands).toHaveLength(4)
    for (const line of commands) {
      const openai = line.includes('openai') ? FILES - 10 : FILES
      expect(await run(line)).toMatchObject({
        code: 0,
        err: expect.stringContaining(`${openai} events in`),
      })
    }
    expect(readFileSync(join(dir, 'november.csv'), 'utf8').trim().split('\n')).toHaveLength(FILES + 1)
    const lines = readFileSync(join(dir, 'all.ndjson'), 'utf8').trim().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { event_id: string }).event_id)[39]).toBe('e39')
    expect(readFileSync(join(dir, 'spend.parquet')).subarray(0, 4).toString()).toBe('PAR1')
  })

  it.each([
    ['export all.ndjson', 'exists already'],
    ['export -', '--format'],
    ['export - --format parquet', 'needs a file'],
    ['export x.csv --columns cost', 'cost_nano_usd'],
    ['export x.parquet --columns cost', 'cost_nano_usd'],
    ['export x.csv --filter modl=x', 'model'],
    ['export x.csv --from yesterday', 'yesterday'],
  ])('%s is refused as a mistake of the command line', async (line, hint) => {
    const { code, err } = await runHere(line)
    expect([code, err]).toEqual([2, expect.stringContaining(hint)])
  })
})

describe('docs/focus.md', () => {
  it('shows commands that work as they stand', async () => {
    const commands = commandsOf('focus.md')
    expect(commands).toHaveLength(2)
    const [toFile, toOutput] = commands as [string, string]
    // Input and output of two models.
    expect(await run(toFile)).toMatchObject({ code: 0, err: expect.stringContaining('4 rows in') })
    expect(readFileSync(join(dir, 'november-focus.csv'), 'utf8')).toMatch(/^BilledCost,BillingAccountId,/)
    expect(await run(toOutput)).toMatchObject({ code: 0, out: expect.stringMatching(/^BilledCost,/) })
    for (const [line, problem] of [
      ['export a.csv --tags agent_id', '--tags is for --format focus'],
      ['export - --format focus --columns provider', 'which columns'],
      ['export - --format focus --account acount', 'no dimension'],
    ] as const)
      expect(await runHere(line)).toMatchObject({ code: 2, err: expect.stringContaining(problem) })
  })
})
