import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { readJournal } from '../../packages/core/src/journal/index.ts'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'

const SCRIPT = fileURLToPath(new URL('./testing/privacy-process.mjs', import.meta.url))
/** Of some segments of the journal. */
const EVENTS = thorough(1_200, 3_000)
const USER = 'jürgen "j" o’neil@example.com'

interface Said {
  readonly step?: string
  readonly begun?: true
  readonly acked?: readonly string[]
  readonly rows?: readonly { readonly user_id: string; readonly time_ms: number }[]
  readonly balanced?: boolean
  readonly actions?: readonly string[]
  readonly ids?: readonly string[]
  readonly pseudonym?: string
}

const dirs: string[] = []
const children = new Set<ChildProcess>()
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-privacy-'))
  dirs.push(dir)
  return dir
}

/** Runs one process to its end, or kills it so many ms after it has begun. */
async function run(args: readonly string[], killAfterMs?: number): Promise<{ said: Said[]; killed: boolean }> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  const said: Said[] = []
  let errors = ''
  child.stderr.on('data', (bytes) => {
    errors += bytes
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const what = JSON.parse(line) as Said
    said.push(what)
    if (what.begun && killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  })
  const signal = await new Promise((resolve) => child.once('close', (_, name) => resolve(name)))
  children.delete(child)
  if (signal === null) expect({ errors, code: child.exitCode }).toEqual({ errors: '', code: 0 })
  return { said, killed: signal === 'SIGKILL' }
}

function holding(dir: string): string[] {
  const forms = [USER, JSON.stringify(USER).slice(1, -1)]
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const raw = readFileSync(path)
      const contents = path.endsWith('.gz') ? [raw, gunzipSync(raw)] : [raw]
      return contents.some((bytes) => forms.some((form) => bytes.includes(form)))
    })
}

/** Rows by user and day, the one user called the same before and after. */
const figures = ({ rows = [] }: Said): string[] =>
  rows
    .map((row) => JSON.stringify({ ...row, user_id: row.user_id.startsWith('some') ? row.user_id : 'THE USER' }))
    .sort()

describe.each(['duckdb:', 'jsonl:'])('with %s', (store) => {
  const stops = LONG ? ['store', 'mark', 'journal', 'state', 'aside', 'done'] : ['state']
  const delays = LONG ? Array.from({ length: 30 }, (_, index) => 5 + index * 20) : []

  test('an erasure that kill -9 ends between two steps, or anywhere, is finished by the next start', async () => {
    const kills: (readonly [stop: string | undefined, delay: number | undefined])[] = [
      ...stops.map((stop) => [stop, undefined] as const),
      ...delays.map((delay) => [undefined, delay] as const),
    ]
    let killed = 0
    const filled = directory()
    const { said } = await run([filled, store, 'fill', String(EVENTS)])
    const before = said.at(-1) as Said
    expect(holding(filled).length).toBeGreaterThan(2)
    for (const [stop, delay] of kills) {
      const dir = directory()
      cpSync(filled, dir, { recursive: true })
      const first = await run([dir, store, 'erase', ...(stop === undefined ? [] : [stop])], delay)
      if (first.killed) killed++
      const began = first.said.some(({ step }) => step === 'store') || readdirSync(dir).includes('erasing.json')
      const finished = await run([dir, store, 'finish'])
      const after = finished.said.at(-1) as Said
      expect(after.balanced).toBe(true)
      expect(figures(after)).toEqual(figures(before))
      if (began) expect(holding(dir), `${stop ?? delay}`).toEqual([])
      expect(readdirSync(dir)).not.toContain('erasing.json')
    }
    expect(killed).toBeGreaterThanOrEqual(stops.length)
  }, 600_000)

  test('after a clear that kill -9 meets nothing older than its record is seen, and all that came later is', async () => {
    const dir = directory()
    const acked = new Set<string>()
    /** When it has been asked for, when its record is durable, and when the store has done it. */
    const stops = LONG || store === 'duckdb:' ? ['asked', 'durable', 'applied'] : ['durable', 'applied']
    let clears = 0
    let visible: string[] = []
    /** The journal decides: what stands behind its last clear is there, and nothing else. */
    const read = async (): Promise<void> => {
      const journaled = new Set<string>()
      visible = []
      clears = 0
      for await (const { records } of readJournal({ dir: join(dir, 'journal') }))
        for (const { type, body } of records) {
          if (type === 'clear') {
            visible = []
            clears++
          }
          if (type !== 'event') continue
          const { event_id: id } = body['e'] as { readonly event_id: string }
          visible.push(id)
          journaled.add(id)
        }
      expect([...acked].filter((id) => !journaled.has(id))).toEqual([])
    }
    const expectAgrees = ({ actions = [], balanced, ids = [] }: Said): void => {
      expect([...ids].sort()).toEqual(visible.sort())
      expect(balanced).toBe(true)
      if (clears > 0) expect(actions).toContain('events.clear by local')
    }
    const lives = [...stops, ...(LONG ? [0, 2, 5, 10, 20, 40, 80] : [])]
    for (const [life, stop] of lives.entries()) {
      const delay = typeof stop === 'number' ? stop : undefined
      const { said } = await run([dir, store, 'clear', String(stop), String(life)], delay)
      // Each begins with what the one before has left.
      if (life > 0) expectAgrees(said[0] as Said)
      for (const { acked: ids = [] } of said) for (const id of ids) acked.add(id)
      await read()
      if (!LONG && life < lives.length - 1) continue
      const { said: found } = await run([dir, store, 'finish'])
      expectAgrees(found.at(-1) as Said)
    }
    expect(clears).toBeGreaterThanOrEqual(2)
  }, 600_000)
})
