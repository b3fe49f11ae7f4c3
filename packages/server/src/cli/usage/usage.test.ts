import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, test, vi } from 'vitest'
import { LONG } from '../../../../core/src/testing/thorough.ts'
import { assistant, lines } from '../../import/testing/claude-lines.ts'
import { meta, record, turn } from '../../import/testing/codex-lines.ts'
import { openTallystick } from '../../open.ts'
import { type Ran, type RunOptions, run } from '../testing/run.ts'

/** Logs of two tools at 2026-11-20T10:00Z and later, in the home of somebody who has nothing else. */
let home: string
let empty: string
/** A data directory with requests of two days, one without a price. */
let data: string

const NOON = Date.parse('2026-11-20T12:00:00Z')
const DAY_MS = 86_400_000

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tallystick-home-'))
  empty = mkdtempSync(join(tmpdir(), 'tallystick-empty-'))
  mkdirSync(join(home, '.claude/projects/p'), { recursive: true })
  mkdirSync(join(home, '.codex/sessions/2026/11/20'), { recursive: true })
  writeFileSync(
    join(home, '.claude/projects/p/one.jsonl'),
    lines(
      assistant({ id: 'a', output: 1_000 }),
      assistant({ id: 'b', output: 2_000, at: 60 }),
      assistant({ id: 'c', output: 3_000, at: 7 * 3_600, session: 's2' }),
    ),
  )
  writeFileSync(
    join(home, '.codex/sessions/2026/11/20/rollout-1.jsonl'),
    lines(meta('cx'), turn('gpt-5.5'), record('r1', 100_000, 5_000, 90_000)),
  )
  data = mkdtempSync(join(tmpdir(), 'tallystick-usage-'))
  const tallystick = await openTallystick({ dataDir: data })
  const item = (id: number, model: string, more: object = {}) => ({
    event_id: `e${id}`,
    timestamp_ms: NOON + id,
    model,
    agent_id: `agent-${id % 2}`,
    session_id: `s${id % 3}`,
    input_tokens: 1_000_000,
    output_tokens: 100_000,
    duration_ms: 1_200,
    status_code: 200,
    ...more,
  })
  const items = [
    item(1, 'gpt-4o'),
    item(2, 'gpt-4o', { timestamp_ms: NOON - DAY_MS }),
    item(3, 'claude-sonnet-4-5', { cache_read_tokens: 400_000 }),
    item(4, 'a-model-of-our-own'),
    item(5, '=cmd|x', { success: false, status_code: 500, input_tokens: 0, output_tokens: 0 }),
  ]
  await tallystick.ingest.submit({ items, door: 'native' })
  await tallystick.close()
})
afterAll(() => {
  for (const folder of [home, empty, data]) rmSync(folder, { recursive: true })
})
afterEach(() => {
  vi.useRealTimers()
})

const inHome = (args: string, more: RunOptions = {}): Promise<Ran> =>
  run(args.split(' ').filter(Boolean), { env: { HOME: home }, cwd: empty, ...more })
const inData = (args: string, more: RunOptions = {}): Promise<Ran> =>
  run([...args.split(' ').filter(Boolean), '--data', data], { env: { HOME: empty }, cwd: empty, ...more })

const REPORTS = ['daily', 'weekly', 'monthly', 'session', 'models', 'agents', 'blocks']
const RANGE = '--since 2026-11-01 --until 2026-11-30 --timezone UTC'
/** Of the periods one, which is made as the others are. */
const KINDS = LONG ? REPORTS : REPORTS.filter((report) => report !== 'weekly' && report !== 'monthly')

/** Runs a command once, however many tests look at what it says: each run opens the data directory. */
const once = new Map<string, Promise<Ran>>()
function inDataOnce(args: string): Promise<Ran> {
  const ran = once.get(args) ?? inData(args)
  once.set(args, ran)
  return ran
}
const inJson = async (report: string) => JSON.parse((await inDataOnce(`${report} ${RANGE} --json`)).out)

describe('usage without a server', () => {
  it('is read from the logs of coding agents, with nothing set up', async () => {
    const { code, out, err } = await inHome(`daily ${RANGE} --breakdown`)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatchInlineSnapshot(`
      "the logs of claude-code, codex (2 files), UTC, list prices
      Day              Models                  Requests   Input  Cache read  Output  Total tokens   Cost
      2026-11-20       gpt-5.5, claude-opus-5         4  50,030      50,090  11,000       111,180  $0.58
        gpt-5.5                                       1  50,000      50,000   5,000       105,000  $0.42
        claude-opus-5                                 3      30          90   6,000         6,180  $0.15
      Total                                           4  50,030      50,090  11,000       111,180  $0.58
      "
    `)
  })

  it.each(REPORTS)('%s says what to do where there is nothing at all', async (report) => {
    const { code, out } = await run([report], { env: { HOME: empty }, cwd: empty })
    expect(code).toBe(0)
    expect(out).toContain('tallystick serve')
  })

  it('is told by the command alone, today first', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const { out } = await inHome('--timezone UTC')
    expect(out).toMatchInlineSnapshot(`
      "the logs of claude-code, codex (2 files), UTC, list prices
      Today            $0.58  4 requests, 111,180 tokens
      7 days           $0.58  4 requests, 111,180 tokens
      This month       $0.58  4 requests, 111,180 tokens
      At its end  too early to say

      Day         Models                  Requests   Input  Cache read  Output  Total tokens   Cost
      2026-11-20  gpt-5.5, claude-opus-5         4  50,030      50,090  11,000       111,180  $0.58
      More: daily, weekly, monthly, session, models, agents, blocks, tail, top; --help lists everything
      "
    `)
  })

  it('says between which amounts the month will end, once there are whole days to tell it from', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOON + 5 * DAY_MS })
    expect((await inHome('--timezone UTC')).out).toContain('At its end  about $0.58')
    const { month_end: end } = JSON.parse((await inHome('--timezone UTC --json')).out)
    expect(end).toMatchObject({ low_nano_usd: end.expected_nano_usd })
    vi.setSystemTime(NOON)
    expect(JSON.parse((await inHome('--timezone UTC --json')).out)).toMatchObject({ month_end: null })
  })

  it('is told in one line for a status line', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    const piped = JSON.stringify({ session_id: 's1', model: { display_name: 'Opus\u001b[2J' } })
    expect((await inHome('statusline --timezone UTC', { piped })).out).toMatchInlineSnapshot(`
      "Opus?[2J · session $0.08 · today $0.58 · block $0.50 (3 h 0 m left, $0.25/h)
      "
    `)
    expect((await inHome('statusline --timezone UTC', { piped: 'no JSON' })).out).toMatch(/^today \$/)
  })

  it('counts five-hour blocks, with the rate of the one under way', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOON })
    expect((await inHome('blocks --timezone UTC')).out).toMatchInlineSnapshot(`
      "the logs of claude-code, codex (2 files), UTC, list prices
      Block                          Models                  Requests   Input  Output  Total tokens   Cost
      2026-11-20 10:00 to 15:00 now  gpt-5.5, claude-opus-5         3  50,020   8,000       108,120  $0.50
      2026-11-20 17:00 to 22:00      claude-opus-5                  1      10   3,000         3,060  $0.08
      Total                                                         4  50,030  11,000       111,180  $0.58
      Under way: 3 h 0 m left, 901 tokens/min, $0.25/h; 270,300 tokens and $1.25 at this rate
      "
    `)
    const { rows } = JSON.parse((await inHome('blocks --timezone UTC --since all --json')).out)
    expect(rows.map(({ active, start_ms: start }: { active: boolean; start_ms: number }) => [active, start])).toEqual([
      [true, Date.parse('2026-11-20T10:00Z')],
      [false, Date.parse('2026-11-20T17:00Z')],
    ])
  })
})

describe('usage of a data directory', () => {
  test.each(REPORTS)('%s as a table', async (report) => {
    const { code, out } = await inData(`${report} ${RANGE}`)
    expect(code).toBe(0)
    expect(out.split('\n').slice(1).join('\n')).toMatchSnapshot()
  })

  it('fits a narrow terminal and keeps what matters', async () => {
    const { out } = await inData(`daily ${RANGE}`, { columns: 44 })
    for (const line of out.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(44)
    expect(out).toMatch(/Total .*\$\d/)
  })

  it.each(REPORTS)('%s in JSON adds up to the totals, which are those of a query', async (report) => {
    const { totals, rows, ...rest } = await inJson(report)
    expect(rest).toMatchObject({ report, time_zone: 'UTC', source: { kind: 'directory', path: data } })
    for (const name of ['requests', 'total_tokens', 'cost_nano_usd', 'unpriced_requests', 'failed_requests'])
      expect([name, rows.reduce((sum: number, row: Record<string, number>) => sum + (row[name] ?? 0), 0)]).toEqual([
        name,
        totals[name],
      ])
    const asked = JSON.parse((await inDataOnce('query --from 2026-11-01 --to 2026-12-01 --json')).out).rows[0]
    expect(totals).toMatchObject({ requests: asked.requests, cost_nano_usd: asked.cost_nano_usd, unpriced_requests: 2 })
  })

  it.each(KINDS)('%s in JSON has the same shape when there is nothing', async (report) => {
    const full = await inJson(report)
    const none = JSON.parse((await inData(`${report} --since 2020-01-01 --until 2020-01-02 --timezone UTC --json`)).out)
    expect(Object.keys(none)).toEqual(Object.keys(full))
    expect(none.rows).toEqual([])
    expect(Object.keys(none.totals)).toEqual(Object.keys(full.totals))
    expect(none.totals).toMatchObject({ requests: 0, cost_nano_usd: null })
  })

  it.each(KINDS)('%s as CSV has a row for each, and no formula', async (report) => {
    const ran = await inData(`${report} ${RANGE} --csv`)
    const { rows } = await inJson(report)
    const [head, ...cells] = ran.out.trim().split('\n')
    expect(head).toContain('cost_nano_usd')
    expect(cells).toHaveLength(rows.length)
    for (const cell of cells.flatMap((line) => line.split(','))) expect(cell).not.toMatch(/^[=+@]/)
  })

  it('can be turned round and cut to the dearest', async () => {
    const names = async (args: string): Promise<string[]> =>
      JSON.parse((await inData(`models ${RANGE} --json ${args}`)).out).rows.map((row: { model: string }) => row.model)
    const plain = await names('')
    expect((await names('--order desc')).toReversed()).toEqual(plain)
    expect(await names('--limit 1')).toEqual([null, plain.at(-1)])
  })
})

test.each([
  ['daily --since nonsense', '--since nonsense is neither'],
  ['daily --timezone Nowhere', '--timezone Nowhere'],
  ['models --limit 0', '--limit takes a whole number'],
  ['tail --lines many', '--lines takes a whole number'],
  ['top --window soon', '--window takes an age'],
])('%s is a mistake of usage', async (args, message) => {
  const { code, out, err } = await inData(args)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(message)
})
