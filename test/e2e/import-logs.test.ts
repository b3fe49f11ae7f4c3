import { appendFileSync, copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { assistant, lines, user } from '../../packages/server/src/import/testing/claude-lines.ts'
import { folder, type Served, serve, tallystick } from './cli.ts'
import { command } from './command.ts'
import { killedWhileWriting } from './killed.ts'

// A dozen processes, each of which opens a store, on a machine that runs other tests at the same time.
vi.setConfig({ testTimeout: 120_000 })

interface Summary {
  readonly accepted: number
  readonly duplicate: number
  readonly conflict: number
  readonly rejected: number
  readonly copies: number
  readonly files_unchanged: number
  readonly url: string | null
}

const FILES = thorough(3, 4)
const EACH = thorough(100, 300)

function sessionLogs(): string {
  const logs = folder()
  for (let file = 0; file < FILES; file++) {
    const told = Array.from({ length: EACH }, (_, at) => {
      const id = `m${file}-${at}`
      return lines(user('question'), assistant({ id, output: 10, stop: null, at }), assistant({ id, output: 25, at }))
    })
    mkdirSync(join(logs, 'project'), { recursive: true })
    writeFileSync(join(logs, 'project', `s${file}.jsonl`), told.join(''))
  }
  return logs
}

async function imported(logs: string, args: readonly string[]): Promise<Summary> {
  const ran = await tallystick(['import', 'claude-code', logs, '--json', ...args])
  expect(ran).toMatchObject({ code: 0 })
  return JSON.parse(ran.out) as Summary
}

async function totals(data: string): Promise<Record<string, unknown>> {
  const ran = await tallystick([
    ...['query', '--from', '2026-11-20', '--to', '2026-11-21', '--measures', 'requests,output_tokens,input_tokens'],
    ...['--json', '--data', data],
  ])
  return (JSON.parse(ran.out) as { rows: Record<string, unknown>[] }).rows[0] as Record<string, unknown>
}

const ALL = { requests: FILES * EACH, output_tokens: FILES * EACH * 25, input_tokens: FILES * EACH * 60 }

describe('importing session logs through a server', () => {
  const data = folder()
  const logs = sessionLogs()
  let server: Served
  beforeAll(async () => {
    server = await serve(data)
  })
  afterAll(() => server.stop())

  it('counts each message once, reads nothing a second time, and finds everything there when it does', async () => {
    const first = await imported(logs, ['--data', data])
    expect(first).toMatchObject({ accepted: FILES * EACH, duplicate: 0, conflict: 0, rejected: 0 })
    expect(first.url).toContain(`${server.url}/?from=2026-11-20T10:00:00.000Z&to=`)
    expect(await imported(logs, ['--data', data])).toMatchObject({ accepted: 0, duplicate: 0, files_unchanged: FILES })
    const again = await imported(logs, ['--data', data, '--again'])
    expect(again).toMatchObject({ accepted: 0, duplicate: FILES * EACH, conflict: 0, files_unchanged: 0 })
    expect(await totals(data)).toMatchObject(ALL)
  })

  it('adds what a file has grown by, and nothing for a copy of a session under another name', async () => {
    appendFileSync(join(logs, 'project', 's0.jsonl'), lines(assistant({ id: 'grown', output: 7, at: 900 })))
    copyFileSync(join(logs, 'project', 's1.jsonl'), join(logs, 'project', 'copied.jsonl'))
    expect(await imported(logs, ['--data', data])).toMatchObject({ accepted: 1, conflict: 0, copies: EACH })
  })

  it('imports although it cannot remember what it read, and says so', async () => {
    const place = folder()
    writeFileSync(join(place, 'import'), 'a file where the folder should be')
    const ran = await tallystick(['import', 'claude-code', logs, '--data', place, '--server', server.url, '--json'])
    expect(ran.code).toBe(0)
    expect(ran.err).toContain('The next import will read everything again: ')
    // Without what earlier runs remember the copies are told from each other within the run.
    const told = { accepted: 0, duplicate: FILES * EACH + 1, conflict: 0, copies: EACH }
    expect(JSON.parse(ran.out)).toMatchObject(told)
    if (LONG) expect(await imported(logs, ['--data', folder(), '--server', server.url])).toMatchObject(told)
  })

  it('says what it would send with its cost, and sends nothing', async () => {
    const other = folder()
    const ran = await command(['import', 'claude-code', logs, '--data', other, '--dry-run', '--json'])
    const one = 10 * 5_000 + 20 * 6_250 + 30 * 500
    expect(JSON.parse(ran.out)).toMatchObject({
      dry_run: true,
      events: FILES * EACH + 1,
      cost_nano_usd: FILES * EACH * (one + 25 * 25_000) + one + 7 * 25_000,
      unpriced: 0,
      by_model: { 'claude-opus-5': { events: FILES * EACH + 1 } },
    })
    expect(() => statSync(join(other, 'journal'))).toThrow()
  })

  it('lists what could not be read, takes the rest, and fails', async () => {
    const broken = folder()
    writeFileSync(join(broken, 's.jsonl'), lines('{"usage":', assistant({ id: 'after' })))
    const ran = await tallystick(['import', 'claude-code', broken, '--data', data])
    expect(ran.code).toBe(1)
    expect(ran.out).toContain('1 new')
    expect(ran.err).toContain('s.jsonl, byte 0: The line is not a JSON object. (invalid_json)')
  })
})

describe('importing session logs into a directory that nobody serves', () => {
  const data = folder()
  const logs = sessionLogs()

  it('ends with the same totals however often it was killed, and opens nothing when nothing is new', async () => {
    const importing = ['import', 'claude-code', logs, '--data', data]
    for (const killAfterMs of LONG ? [300, 600, 900] : [300]) await tallystick(importing, { killAfterMs })
    await killedWhileWriting(importing, data, 1)
    expect(await imported(logs, ['--data', data])).toMatchObject({ conflict: 0, rejected: 0 })
    const journal = statSync(join(data, 'journal', '0000000001.jsonl')).mtimeMs
    expect(await imported(logs, ['--data', data])).toMatchObject({ accepted: 0, duplicate: 0, files_unchanged: FILES })
    expect(statSync(join(data, 'journal', '0000000001.jsonl')).mtimeMs).toBe(journal)
    expect(await totals(data)).toMatchObject(ALL)
  })

  it('sends everything again to a directory that was emptied, whatever is remembered of it', async () => {
    for (const name of ['journal', 'dedup', 'state', 'tallystick.duckdb']) rmSync(join(data, name), { recursive: true })
    expect(await imported(logs, ['--data', data])).toMatchObject({ accepted: FILES * EACH, files_unchanged: 0 })
    expect(await totals(data)).toMatchObject(ALL)
  })

  it('says where it looked when there is nothing', async () => {
    const home = folder()
    const ran = await command(['import', 'codex'], { env: { HOME: home, CODEX_HOME: '' } })
    expect(ran.code).toBe(1)
    expect(ran.err).toContain(join(home, '.codex', 'sessions'))
  })
})
